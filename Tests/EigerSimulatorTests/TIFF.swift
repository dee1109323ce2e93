// Part of daqd
// SPDX-License-Identifier: MIT

/// A TIFF taken apart, as a client of the monitor does.
struct TIFF {
    /// What was found wrong.
    struct Problem: Error { let text: String }

    let columns: Int
    let rows: Int
    let bitsPerPixel: Int
    let pixels: [UInt8]
    /// Tag, type, count and where the values stand.
    let details: [Int: (type: Int, count: Int, at: Int)]
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard bytes.count > 8, bytes[..<4] == [0x49, 0x49, 42, 0] else { throw Problem(text: "no TIFF") }
        let entries = try Self.directory(bytes, at: Self.number(bytes, 4, 4))
        func value(_ tag: Int) throws -> Int {
            guard let entry = entries[tag] else { throw Problem(text: "no tag \(tag)") }
            return Self.number(bytes, entry.at, entry.type == 3 ? 2 : 4)
        }
        columns = try value(256)
        rows = try value(257)
        bitsPerPixel = try value(258)
        let (start, size) = (try value(273), try value(279))
        guard try value(259) == 1, start + size <= bytes.count else { throw Problem(text: "compressed or cut") }
        pixels = Array(bytes[start..<start + size])
        details = entries[51192] == nil ? [:] : try Self.directory(bytes, at: value(51192))
    }

    /// A whole number of the private directory.
    func integer(_ tag: Int) -> Int? { details[tag].map { Self.number(bytes, $0.at, $0.type == 3 ? 2 : 4) } }

    /// Numbers with fraction of the private directory.
    func doubles(_ tag: Int) -> [Double] {
        guard let entry = details[tag], entry.type == 12 else { return [] }
        return (0..<entry.count).map { place in
            let bits = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[entry.at + place * 8 + $1]) << UInt64($1 * 8) }
            return Double(bitPattern: bits)
        }
    }

    /// A text of the private directory.
    func text(_ tag: Int) -> String? {
        details[tag].map { String(decoding: bytes[$0.at..<$0.at + $0.count - 1], as: UTF8.self) }
    }

    private static func directory(
        _ bytes: [UInt8], at start: Int
    ) throws -> [Int: (type: Int, count: Int, at: Int)] {
        let count = number(bytes, start, 2)
        guard start + 2 + count * 12 <= bytes.count else { throw Problem(text: "a directory beyond the end") }
        var entries: [Int: (type: Int, count: Int, at: Int)] = [:]
        for index in 0..<count {
            let at = start + 2 + index * 12
            let (type, values) = (number(bytes, at + 2, 2), number(bytes, at + 4, 4))
            let size = values * [1: 1, 2: 1, 3: 2, 4: 4, 12: 8][type, default: 1]
            entries[number(bytes, at, 2)] = (type, values, size <= 4 ? at + 8 : number(bytes, at + 8, 4))
        }
        return entries
    }

    private static func number(_ bytes: [UInt8], _ at: Int, _ size: Int) -> Int {
        (0..<size).reduce(0) { $0 | Int(bytes[at + $1]) << ($1 * 8) }
    }
}
