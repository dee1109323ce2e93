// Part of daqd
// SPDX-License-Identifier: MIT

extension PYONText {
    /// Writes a text in quotes, in ASCII only: what sipyco's blocking client reads byte by byte.
    mutating func append(quoted text: String) {
        append("\"" as StaticString)
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            bytes.append(contentsOf: text.utf8)
        } else {
            for scalar in text.unicodeScalars { append(escaped: scalar) }
        }
        append("\"" as StaticString)
    }

    private mutating func append(escaped scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": append(#"\""# as StaticString)
        case "\\": append(#"\\"# as StaticString)
        case "\n": append(#"\n"# as StaticString)
        case "\r": append(#"\r"# as StaticString)
        case "\t": append(#"\t"# as StaticString)
        case "\u{8}": append(#"\b"# as StaticString)
        case "\u{C}": append(#"\f"# as StaticString)
        case " "..."~": bytes.append(UInt8(scalar.value))
        case _ where scalar.value < 0x10000: append(hex: scalar.value, digits: 4, "\\u")
        // Python reads two halves of a pair as two characters, so v1 gets the long form.
        case _ where version == .v1: append(hex: scalar.value, digits: 8, "\\U")
        default:
            append(hex: 0xD800 + (scalar.value - 0x10000) >> 10, digits: 4, "\\u")
            append(hex: 0xDC00 + (scalar.value - 0x10000) & 0x3FF, digits: 4, "\\u")
        }
    }

    private mutating func append(hex value: UInt32, digits: Int, _ prefix: StaticString) {
        append(prefix)
        for place in (0..<digits).reversed() {
            let digit = UInt8(value >> (4 * UInt32(place)) & 15)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// Writes bytes: base64 in v2, a literal of Python in v1.
    mutating func append(raw: [UInt8]) {
        if version == .v2 {
            append(#"{"__jsonclass__":["bytes",[""# as StaticString)
            Base64.append(raw, to: &bytes)
            return append(#""]]}"# as StaticString)
        }
        let quote =
            raw.contains(UInt8(ascii: "'")) && !raw.contains(UInt8(ascii: "\""))
            ? UInt8(ascii: "\"") : UInt8(ascii: "'")
        bytes += [UInt8(ascii: "b"), quote]
        for byte in raw {
            switch byte {
            case quote, UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 10: append(#"\n"# as StaticString)
            case 13: append(#"\r"# as StaticString)
            case 9: append(#"\t"# as StaticString)
            case 0x20..<0x7F: bytes.append(byte)
            default: append(hex: UInt32(byte), digits: 2, "\\x")
            }
        }
        bytes.append(quote)
    }
}
