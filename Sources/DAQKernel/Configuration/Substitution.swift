// Part of daqd
// SPDX-License-Identifier: MIT

/// Puts the environment into a scalar: `${NAME}`, `${NAME:-default}` where it is unset or empty, `$$` for a dollar.
///
/// Any other dollar stays as it is. What was put in is not looked at again.
enum Substitution {
    /// The text with the environment put in, and whether anything was.
    struct Result {
        var text: String
        var isSubstituted: Bool
    }

    /// - Throws: One sentence when a variable is not set, or the form is wrong.
    static func apply(_ source: String, _ environment: Environment) throws(Problem) -> Result {
        guard source.utf8.contains(UInt8(ascii: "$")) else { return Result(text: source, isSubstituted: false) }
        var text = ""
        var isSubstituted = false
        var rest = Substring(source)
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                rest.removeFirst()
                text += "$"
            } else if rest.first == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Problem(sentence: "${ has no closing }; write $${ for the text itself")
                }
                text += try value(rest[rest.index(after: rest.startIndex)..<end], environment)
                isSubstituted = true
                rest = rest[rest.index(after: end)...]
            } else {
                text += "$"
            }
        }
        return Result(text: text + rest, isSubstituted: isSubstituted)
    }

    /// Why a scalar cannot be completed.
    struct Problem: Error {
        var sentence: String
    }

    private static func value(_ inside: Substring, _ environment: Environment) throws(Problem) -> String {
        let name = inside.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let rest = inside.dropFirst(name.count)
        guard let first = name.first, !first.isNumber, rest.isEmpty || rest.hasPrefix(":-") else {
            throw Problem(
                sentence: "${\(ConfigurationNode.shown(String(inside)))} is not understood; "
                    + "write ${NAME} or ${NAME:-default}, or $${ for the text itself")
        }
        let value = environment[String(name)]
        if rest.hasPrefix(":-") {
            guard let value, !value.isEmpty else { return String(rest.dropFirst(2)) }
            return value
        }
        guard let value else {
            throw Problem(
                sentence: "the environment variable \(name) is not set; set it or write ${\(name):-default}")
        }
        return value
    }
}
