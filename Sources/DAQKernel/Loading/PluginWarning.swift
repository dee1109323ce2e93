// Part of daqd
// SPDX-License-Identifier: MIT

/// Something odd about a plugin that is used all the same.
public struct PluginWarning: Sendable, Equatable {
    /// The number in the manual, such as `W502`.
    public var code: String
    /// One sentence.
    public var text: String
}

/// Bytes as text.
enum Hexadecimal {
    /// Two lower-case digits for each byte.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
