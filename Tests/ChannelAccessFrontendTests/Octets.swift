// Part of daqd
// SPDX-License-Identifier: MIT

/// Bytes from hexadecimal digits; white space is for the reader.
func octets(_ text: String) -> [UInt8] {
    let digits = Array(text.filter { !$0.isWhitespace })
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0..<$0 + 2]), radix: 16) ?? 0 }
}

extension Double {
    /// As the wire has it: big-endian IEEE 754.
    var octets: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: bitPattern >> (56 - 8 * $0)) } }
}
