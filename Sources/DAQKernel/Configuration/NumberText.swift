// Part of daqd
// SPDX-License-Identifier: MIT

/// Numbers as YAML 1.2 writes them.
enum NumberText {
    /// Reads a whole number: decimal, `0x` or `0o`; `nil` when it is none or does not fit 64 bits.
    static func parseInteger(_ text: String) -> Int? {
        if text.hasPrefix("0x") { return hasSignAfterPrefix(text) ? nil : Int(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return hasSignAfterPrefix(text) ? nil : Int(text.dropFirst(2), radix: 8) }
        return Int(text)
    }

    private static func hasSignAfterPrefix(_ text: String) -> Bool {
        text.dropFirst(2).first == "-" || text.dropFirst(2).first == "+"
    }

    /// Reads a finite decimal number; `nil` for anything else, so also for `inf`, `nan` and hexadecimal.
    static func parse(_ text: String) -> Double? {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard allowed, let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// A number without a needless fraction: `5`, not `5.0`.
    static func short(_ number: Double) -> String {
        guard number == number.rounded(), abs(number) < 1e15 else { return "\(number)" }
        return "\(Int64(number))"
    }
}
