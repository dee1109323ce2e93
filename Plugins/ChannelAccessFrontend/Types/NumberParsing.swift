// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// Texts as numbers, the way an IOC reads what `caput` sends: white space in front and anything behind the number is ignored.
enum NumberParsing {
    /// A floating-point number: decimal, with exponent, hexadecimal, `nan`, `inf`; the empty text is 0.
    /// - Returns: `nil` when the text does not begin with a number, or the number does not fit 64 bits.
    static func double(_ text: some Sequence<UInt8>) -> Double? {
        let trimmed = Array(text.drop(while: isSpace).prefix { $0 != 0 })
        if trimmed.isEmpty { return 0 }
        guard let first = trimmed.first, "+-.0123456789iInN".utf8.contains(first) else { return nil }
        var end = 0
        errno = 0
        let value = unsafe (trimmed + [0]).withUnsafeBufferPointer { bytes -> Double in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters -> Double in
                guard let base = characters.baseAddress else { return 0 }
                var stop: UnsafeMutablePointer<CChar>?
                let value = unsafe strtod(base, &stop)
                end = unsafe stop.map { unsafe UnsafePointer($0) - base } ?? 0
                return value
            }
        }
        guard end > 0, !(errno == ERANGE && value.isInfinite) else { return nil }
        return value
    }

    /// A whole number of a width: decimal or, after `0x`, hexadecimal; the empty text is 0.
    ///
    /// Digits behind a point are ignored: `12.7` is 12.
    /// - Returns: `nil` when the text does not begin with a number, or the number does not fit.
    static func integer<Number: FixedWidthInteger>(_ text: some Sequence<UInt8>, as _: Number.Type) -> Number? {
        var rest = Array(text.drop(while: isSpace).prefix { $0 != 0 })[...]
        if rest.isEmpty { return 0 }
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        var radix: UInt8 = 10
        let second = rest.dropFirst().first
        if rest.first == UInt8(ascii: "0"), second == UInt8(ascii: "x") || second == UInt8(ascii: "X"),
            let third = rest.dropFirst(2).first, digit(third) != nil
        {
            radix = 16
            rest = rest.dropFirst(2)
        }
        let digits = rest.prefix { digit($0).map { $0 < radix } ?? false }
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            let (product, overflow) = value.multipliedReportingOverflow(by: Int64(radix))
            let (sum, carry) = product.subtractingReportingOverflow(Int64(digit(byte) ?? 0))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        if isNegative { return Number(exactly: value) }
        return value == .min ? nil : Number(exactly: -value)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
