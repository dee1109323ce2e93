// Part of daqd
// SPDX-License-Identifier: MIT

/// Bytes that can be read in any order: a file, or an array in a test.
protocol ByteSource {
    /// How many bytes there are.
    var size: UInt64 { get }

    /// Reads exactly `count` bytes from `offset`; the caller has checked both against `size`.
    func read(at offset: UInt64, count: Int, part: String) throws(ELFError) -> [UInt8]
}

extension ByteSource {
    /// Reads `count` bytes of `part` after checking them against the end of the file and `limit`.
    func checkedRead(
        at offset: UInt64, count: UInt64, limit: UInt64, part: String
    ) throws(ELFError) -> [UInt8] {
        guard count <= limit else { throw .tooLarge(part: part, size: count, limit: limit) }
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= size else {
            throw .truncated(part: part, end: overflow ? UInt64.max : end, fileSize: size)
        }
        return count == 0 ? [] : try read(at: offset, count: Int(count), part: part)
    }
}

/// Bytes in memory.
struct ArraySource: ByteSource {
    /// The whole content.
    let bytes: [UInt8]

    var size: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, count: Int, part: String) throws(ELFError) -> [UInt8] {
        Array(bytes[Int(offset)..<Int(offset) + count])
    }
}

extension Span<UInt8> {
    /// The little-endian integer at `offset`, or nil where the bytes end before it does.
    func littleEndian<Integer: FixedWidthInteger & UnsignedInteger>(_: Integer.Type, at offset: Int) -> Integer? {
        let width = MemoryLayout<Integer>.size
        guard offset >= 0, count >= width, offset <= count - width else { return nil }
        var value: Integer = 0
        for index in (0..<width).reversed() { value = value << 8 | Integer(truncatingIfNeeded: self[offset + index]) }
        return value
    }

    /// Whether the bytes at `offset` begin with `prefix`.
    func hasPrefix(_ prefix: [UInt8], at offset: Int) -> Bool {
        guard offset >= 0, count >= prefix.count, offset <= count - prefix.count else { return false }
        for index in prefix.indices where self[offset + index] != prefix[index] { return false }
        return true
    }

    /// The bytes from `offset` up to a NUL, as text; nil without a NUL within `limit` bytes, or when they are not UTF-8.
    func string(at offset: Int, limit: Int) -> String? {
        guard offset >= 0, offset < count else { return nil }
        var end = offset
        while end < count, end - offset <= limit, self[end] != 0 { end += 1 }
        guard end < count, self[end] == 0 else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(end - offset)
        for index in offset..<end { text.append(self[index]) }
        return String(validating: text, as: UTF8.self)
    }
}
