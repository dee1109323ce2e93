// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// Arguments that are numbers, truth values and short plain texts, as most are; read where they lie.
///
/// What it reads it reads as ``PYONv2Decoder`` does; whatever it does not know, or is malformed, is left to that.
@safe
struct FlatArguments {
    private static let most = 16
    private static let longestText = 64

    private let line: UnsafeRawBufferPointer
    private var offset: Int

    @unsafe
    private init(line: UnsafeRawBufferPointer, offset: Int) {
        unsafe self.line = line
        self.offset = offset
    }

    /// The values of a tuple from an offset on, with no keywords behind it, up to the line's end; nil for anything else.
    @unsafe
    static func read(_ line: UnsafeRawBufferPointer, from offset: Int) -> [DataValue]? {
        var reader = unsafe FlatArguments(line: line, offset: offset)
        guard reader.takes(#"{"__jsonclass__":["tuple",[["#) else { return nil }
        var values: [DataValue] = []
        values.reserveCapacity(4)
        repeat {
            guard values.count < most, let value = reader.value() else { return nil }
            values.append(value)
        } while reader.takes(",")
        return reader.takes(#"]]]},"kwargs":{}}"#) && reader.offset == line.count ? values : nil
    }

    private mutating func takes(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard let base = unsafe line.baseAddress, unsafe line.count - offset >= count else { return false }
        guard unsafe memcmp(base + offset, word.utf8Start, count) == 0 else { return false }
        offset += count
        return true
    }

    private func byte(_ place: Int) -> UInt8 { unsafe place < line.count ? line[place] : 0 }

    private mutating func value() -> DataValue? {
        switch byte(offset) {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number()
        case UInt8(ascii: "\""): text()
        case UInt8(ascii: "t"): takes("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): takes("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): takes("null") ? .null : nil
        default: nil
        }
    }

    private mutating func number() -> DataValue? {
        let start = offset
        let isNegative = byte(offset) == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        let first = offset
        var whole: Int64 = 0
        while Self.isDigit(byte(offset)), offset - first < 18 {
            whole = whole * 10 + Int64(byte(offset) &- UInt8(ascii: "0"))
            offset += 1
        }
        guard offset > first, byte(first) != UInt8(ascii: "0") || offset == first + 1 else { return nil }
        switch byte(offset) {
        case UInt8(ascii: ","), UInt8(ascii: "]"): return .integer(isNegative ? -whole : whole)
        case UInt8(ascii: "."): return fraction(from: start)
        default: return nil
        }
    }

    private mutating func fraction(from start: Int) -> DataValue? {
        offset += 1
        let first = offset
        while Self.isDigit(byte(offset)) { offset += 1 }
        guard offset > first, byte(offset) == UInt8(ascii: ",") || byte(offset) == UInt8(ascii: "]") else { return nil }
        let digits = unsafe UnsafeRawBufferPointer(rebasing: line[start..<offset])
        return unsafe Double(String(decoding: digits, as: UTF8.self)).map { .float($0) }
    }

    private mutating func text() -> DataValue? {
        let start = offset + 1
        var end = start
        while end - start < Self.longestText, Self.isPlain(byte(end)) { end += 1 }
        guard byte(end) == UInt8(ascii: "\"") else { return nil }
        offset = end + 1
        let characters = unsafe UnsafeRawBufferPointer(rebasing: line[start..<end])
        return unsafe .string(String(decoding: characters, as: UTF8.self))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Whether a character of a text stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (32...126).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
