// Part of daqd
// SPDX-License-Identifier: MIT

/// The bytes of a configuration file, checked to be text before the YAML parser sees them.
struct SourceText {
    let file: String
    /// Without a byte order mark.
    let bytes: [UInt8]

    /// Takes bytes that are UTF-8 without characters that YAML forbids.
    init(_ bytes: [UInt8], file: String, limits: ConfigurationLimits) throws(ConfigurationError) {
        guard bytes.count <= limits.fileSize else {
            throw ConfigurationError(
                "the file is larger than \(limits.fileSize) bytes; split it into drop-ins", at: SourcePlace(file))
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        self.file = file
        self.bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        if let problem = firstProblem() { throw problem }
    }

    private func firstProblem() -> ConfigurationError? {
        var place = SourcePlace(file, line: 1, column: 1)
        var iterator = bytes.makeIterator()
        var decoder = UTF8()
        var afterReturn = false
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return nil
            case .error: return ConfigurationError("the file is not UTF-8 text; save it as UTF-8", at: place)
            case .scalarValue(let scalar):
                guard Self.isAllowed(scalar) else {
                    let name = scalar.value == 0 ? "a NUL byte" : "the character U+\(Self.hexadecimal(scalar))"
                    return ConfigurationError("\(name) is not allowed in a configuration file; remove it", at: place)
                }
                Self.advance(&place, past: scalar, afterReturn: &afterReturn)
            }
        }
    }

    private static func advance(_ place: inout SourcePlace, past scalar: Unicode.Scalar, afterReturn: inout Bool) {
        let isSecondHalf = scalar == "\n" && afterReturn
        afterReturn = scalar == "\r"
        if isSecondHalf { return }
        if scalar == "\n" || scalar == "\r" {
            place.line += 1
            place.column = 1
        } else {
            place.column += 1
        }
    }

    /// The characters of YAML 1.1, section 5.1, which libyaml accepts.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF:
            scalar.value != 0xFEFF
        default: false
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Whether the line, beginning at one, is indented with a tab.
    func isTabIndented(line: Int) -> Bool {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count else { return false }
        let indentation = lines[line - 1].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return indentation.contains(UInt8(ascii: "\t"))
    }
}
