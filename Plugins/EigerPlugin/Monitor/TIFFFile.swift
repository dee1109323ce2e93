// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Reads the tables of a little-endian TIFF file; nothing in them is believed before it was checked.
///
/// Source: TIFF 6.0, section 2.
struct TIFFFile {
    /// The values of an entry, as far as a detector uses them.
    enum Values: Equatable {
        case whole([UInt32])
        case real([Double])
        case text(String)
    }

    let bytes: [UInt8]

    /// More than any detector's directory has.
    private static let entryLimit = 256
    private static let valueLimit = 4096

    /// - Throws: ``WireError`` when the header is not that of such a file.
    init(_ bytes: [UInt8]) throws(WireError) {
        self.bytes = bytes
        guard bytes.count >= 8 else { throw WireError("a TIFF file of \(bytes.count) bytes") }
        guard bytes[0] == 0x49, bytes[1] == 0x49 else {
            throw WireError("the file does not begin as a little-endian TIFF", at: 0)
        }
        guard try word(at: 2) == 42 else { throw WireError("the TIFF's number is not 42", at: 2) }
    }

    /// The entries of a directory by their tags; those of types that no detector uses are left out.
    func directory(at offset: Int) throws(WireError) -> [UInt16: Values] {
        let count = Int(try word(at: offset))
        guard (1...Self.entryLimit).contains(count) else {
            throw WireError("a directory of \(count) entries", at: offset)
        }
        var entries: [UInt16: Values] = [:]
        var last = -1
        for index in 0..<count {
            let place = offset + 2 + 12 * index
            let tag = try word(at: place)
            guard Int(tag) > last else { throw WireError("the directory's tags are not in ascending order", at: place) }
            last = Int(tag)
            entries[tag] = try values(at: place)
        }
        return entries
    }

    /// The offset of the first directory.
    func firstDirectory() throws(WireError) -> Int { Int(try long(at: 4)) }

    private func values(at place: Int) throws(WireError) -> Values? {
        let type = try word(at: place + 2)
        let count = Int(try long(at: place + 4))
        guard let size = [1: 1, 2: 1, 3: 2, 4: 4, 12: 8][Int(type)] else { return nil }
        guard (1...Self.valueLimit).contains(count) else {
            throw WireError("an entry of \(count) values", at: place + 4)
        }
        let start = count * size <= 4 ? place + 8 : Int(try long(at: place + 8))
        guard start + count * size <= bytes.count else {
            throw WireError("an entry's values lie beyond the end of the file", at: place + 8)
        }
        switch type {
        case 2: return .text(String(decoding: bytes[start..<start + count].prefix { $0 != 0 }, as: UTF8.self))
        case 12: return .real(try reals(start, count))
        default: return .whole(try wholes(start, count, size))
        }
    }

    private func reals(_ start: Int, _ count: Int) throws(WireError) -> [Double] {
        var numbers: [Double] = []
        for index in 0..<count {
            let low = UInt64(try long(at: start + 8 * index))
            numbers.append(Double(bitPattern: UInt64(try long(at: start + 8 * index + 4)) << 32 | low))
        }
        return numbers
    }

    private func wholes(_ start: Int, _ count: Int, _ size: Int) throws(WireError) -> [UInt32] {
        var numbers: [UInt32] = []
        for index in 0..<count {
            switch size {
            case 1: numbers.append(UInt32(bytes[start + index]))
            case 2: numbers.append(UInt32(try word(at: start + 2 * index)))
            default: numbers.append(try long(at: start + 4 * index))
            }
        }
        return numbers
    }

    private func word(at offset: Int) throws(WireError) -> UInt16 {
        guard offset >= 0, offset <= bytes.count - 2 else { throw WireError("the TIFF file is cut short", at: offset) }
        return UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }

    private func long(at offset: Int) throws(WireError) -> UInt32 {
        UInt32(try word(at: offset)) | UInt32(try word(at: offset + 2)) << 16
    }
}

extension TIFFFile.Values {
    /// The only whole number.
    var whole: UInt32? {
        guard case .whole(let numbers) = self, numbers.count == 1 else { return nil }
        return numbers[0]
    }

    /// Whole numbers, as many as there are.
    var wholes: [UInt32] {
        guard case .whole(let numbers) = self else { return [] }
        return numbers
    }

    var reals: [Double] {
        guard case .real(let numbers) = self else { return [] }
        return numbers
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }
}
