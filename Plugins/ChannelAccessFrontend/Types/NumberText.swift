// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// Numbers as texts, the way an IOC writes them for clients that ask for DBR_STRING.
///
/// Up to 10⁷ the decimals come from a multiplication and not from `printf`, which differs in exact ties; beyond, the precision is cut to three
/// decimals, and beyond 10¹⁶ (10⁸ for 32 bits), or with more than eight decimals, the exponent is written.
enum NumberText {
    /// What a field of a record without a precision uses.
    static let defaultPrecision = 6

    /// A 64-bit number.
    static func text(_ value: Double, precision: Int) -> String {
        if let text = plain(value, precision) { return text }
        guard precision <= 8, !(abs(value) > 1e16) else {
            let digits = min(max(precision, 0), 17)
            return exponential(value, width: digits + 7, digits: digits)
        }
        return fixed(value, digits: min(precision, 3))
    }

    /// A 32-bit number.
    static func text(_ value: Float, precision: Int) -> String {
        let wide = Double(value)
        if let text = plain(value, precision) { return text }
        guard precision <= 8, !(abs(wide) >= 1e8) else {
            let digits = min(max(precision, 0), 12)
            return exponential(wide, width: digits + 6, digits: digits)
        }
        return fixed(wide, digits: min(precision, 3))
    }

    /// Decimals by multiplication, within the range where 32 bits hold every step.
    private static func plain<Number: BinaryFloatingPoint>(_ value: Number, _ precision: Int) -> String? {
        guard (0...8).contains(precision), abs(value) <= 10_000_000 else { return nil }
        let magnitude = abs(value)
        var whole = Int64(magnitude)
        let scale = scales[precision]
        let tenfold = Int64((magnitude - Number(whole)) * Number(scale) * 10)
        var fraction = (tenfold + 5) / 10
        if fraction >= scale {
            whole += 1
            fraction -= scale
        }
        let sign = value < 0 ? "-" : ""
        guard precision > 0 else { return "\(sign)\(whole)" }
        let digits = String(fraction)
        return "\(sign)\(whole)." + String(repeating: "0", count: precision - digits.utf8.count) + digits
    }

    private static let scales: [Int64] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]

    private static func fixed(_ value: Double, digits: Int) -> String {
        formatted("%.*f", [Int32(max(digits, 0)), value])
    }

    private static func exponential(_ value: Double, width: Int, digits: Int) -> String {
        formatted("%*.*e", [Int32(width), Int32(digits), value])
    }

    private static func formatted(_ format: String, _ arguments: [any CVarArg]) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = unsafe withVaList(arguments) { list in
            unsafe vsnprintf(&buffer, buffer.count, format, list)
        }
        return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
