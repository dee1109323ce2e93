// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// A place in a text, and what both decoders do there.
struct PYONScanner {
    let bytes: [UInt8]
    let limits: PYONLimits
    var offset = 0
    private var values = 0

    init(_ bytes: [UInt8], _ limits: PYONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The byte here; nil at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func peek() throws(WireError) -> UInt8 {
        guard offset < bytes.count else { throw WireError("the text ends too early", at: offset) }
        return bytes[offset]
    }

    mutating func skipSpace() {
        while offset < bytes.count, case let byte = bytes[offset], byte == 32 || (9...13).contains(byte) { offset += 1 }
    }

    /// Moves past a word if it is here.
    mutating func takes(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count - offset >= count else { return false }
        let isHere = unsafe bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return false }
            return unsafe memcmp(base + offset, word.utf8Start, count) == 0
        }
        if isHere { offset += count }
        return isHere
    }

    /// Counts a value that begins here, at that depth.
    mutating func begin(depth: Int) throws(WireError) {
        guard depth < limits.depth else { throw WireError("nested deeper than \(limits.depth)", at: offset) }
        values += 1
        guard values <= limits.values else { throw WireError("more than \(limits.values) values", at: offset) }
    }

    /// Moves past a character if it is here, after white space.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(WireError) {
        guard take(character) else { throw WireError("expected \(character)", at: offset) }
    }

    /// Moves past digits; how many there were.
    mutating func digits() -> Int {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        return offset - start
    }

    /// A number of so many hexadecimal digits.
    mutating func hex(_ count: Int) throws(WireError) -> UInt32 {
        guard bytes.count - offset >= count else { throw WireError("the text ends too early", at: bytes.count) }
        var value: UInt32 = 0
        for index in offset..<offset + count {
            guard let digit = Self.hexDigit(bytes[index]) else { throw WireError("malformed escape", at: index) }
            value = value << 4 | UInt32(digit)
        }
        offset += count
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The text of `\uXXXX`, whose first four digits come next: a pair of halves is one character, a lone half becomes U+FFFD.
    mutating func unicode(into text: inout [UInt8]) throws(WireError) {
        let first = try hex(4)
        if let scalar = Unicode.Scalar(first) { return append(scalar, to: &text) }
        let place = offset
        if first < 0xDC00, bytes.count - offset >= 6, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        {
            offset += 2
            let second = try hex(4)
            if (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return append(scalar, to: &text)
            }
            offset = place
        }
        append("\u{FFFD}", to: &text)
    }

    func append(_ scalar: Unicode.Scalar, to text: inout [UInt8]) {
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    /// The text of bytes that must be UTF-8.
    func string(_ text: [UInt8], at start: Int) throws(WireError) -> String {
        guard let string = String(validating: text, as: UTF8.self) else {
            throw WireError("text is not UTF-8", at: start)
        }
        return string
    }

    /// The whole number from `start` to here: at most 18 digits, a minus sign before them allowed.
    func smallInteger(from start: Int) -> Int64 {
        var value: Int64 = 0
        for index in start..<offset where bytes[index] != UInt8(ascii: "-") {
            value = value * 10 + Int64(bytes[index] &- UInt8(ascii: "0"))
        }
        return bytes[start] == UInt8(ascii: "-") ? -value : value
    }

    /// A whole number of any size from its digits.
    static func integer(_ text: String) -> DataValue {
        if let value = Int64(text) { return .integer(value) }
        if let value = UInt64(text) { return .unsigned(value) }
        return .bigInteger(text.hasPrefix("+") ? String(text.dropFirst()) : text)
    }
}
