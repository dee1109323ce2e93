// Part of daqd
// SPDX-License-Identifier: MIT

/// Writes a TIFF as the detector does: little-endian, pixels right after the header, the directory behind them.
///
/// Source: a recorded image of an EIGER 500K; the tags of the private directory are those of SIMPLON 1.8.
struct TIFFImage {
    /// What one pixel is.
    enum Sample: UInt16 {
        case unsigned = 1
        case float = 3
    }

    /// One entry of a directory, its values as bytes.
    struct Entry {
        let tag: UInt16
        let type: UInt16
        let count: UInt32
        let bytes: [UInt8]

        static func short(_ tag: UInt16, _ values: [UInt16]) -> Entry {
            Entry(tag: tag, type: 3, count: UInt32(values.count), bytes: values.flatMap { TIFFImage.bytes($0) })
        }
        static func long(_ tag: UInt16, _ value: UInt32) -> Entry {
            Entry(tag: tag, type: 4, count: 1, bytes: TIFFImage.bytes(value))
        }
        static func double(_ tag: UInt16, _ values: [Double]) -> Entry {
            Entry(
                tag: tag, type: 12, count: UInt32(values.count),
                bytes: values.flatMap { TIFFImage.bytes($0.bitPattern) })
        }
        static func text(_ tag: UInt16, _ text: String) -> Entry {
            let bytes = Array(text.utf8) + [0]
            return Entry(tag: tag, type: 2, count: UInt32(bytes.count), bytes: bytes)
        }
    }

    /// The tag that points to the private directory.
    static let privateTag: UInt16 = 51192

    let columns: Int
    let rows: Int
    let bitsPerPixel: Int
    var sample = Sample.unsigned
    /// Entries of the private directory, by tag; empty leaves it out.
    var details: [Entry] = []

    /// The whole file for these pixels, row by row from the top.
    func encode(_ pixels: [UInt8]) -> [UInt8] {
        var file = Array("II".utf8) + Self.bytes(UInt16(42)) + Self.bytes(UInt32(8 + pixels.count))
        file.reserveCapacity(pixels.count + 1024)
        file += pixels
        var entries: [Entry] = [
            .short(256, [UInt16(columns)]), .short(257, [UInt16(rows)]), .short(258, [UInt16(bitsPerPixel)]),
            .short(259, [1]), .long(273, 8), .long(278, UInt32(rows)), .long(279, UInt32(pixels.count)),
            .short(339, [sample.rawValue]),
        ]
        if !details.isEmpty {
            let size = Self.directorySize(entries.count + 1)
            entries.append(.long(Self.privateTag, UInt32(file.count + size)))
        }
        Self.append(entries, to: &file)
        if !details.isEmpty { Self.append(details, to: &file) }
        return file
    }

    private static func directorySize(_ entries: Int) -> Int { 2 + entries * 12 + 4 }

    /// A directory, then the values that do not fit into its entries.
    private static func append(_ entries: [Entry], to file: inout [UInt8]) {
        var behind: [UInt8] = []
        let values = file.count + directorySize(entries.count)
        file += bytes(UInt16(entries.count))
        for entry in entries {
            file += bytes(entry.tag) + bytes(entry.type) + bytes(entry.count)
            if entry.bytes.count <= 4 {
                file += entry.bytes + [UInt8](repeating: 0, count: 4 - entry.bytes.count)
            } else {
                file += bytes(UInt32(values + behind.count))
                behind += entry.bytes
                if behind.count % 2 != 0 { behind.append(0) }
            }
        }
        file += bytes(UInt32(0)) + behind
    }

    fileprivate static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
