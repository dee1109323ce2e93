// Part of daqd
// SPDX-License-Identifier: MIT

extension SettingKind {
    /// Reads a scalar as this kind, within its limits; `nil` when it is something else.
    ///
    /// Numbers, truth values and durations must be plain or come from the environment; a text may be written anyhow.
    func parse(_ scalar: ConfigurationNode.Scalar) -> SettingValue? {
        let text = scalar.text
        switch form {
        case .string, .path, .device, .postOperation: return .string(text)
        case .choice(let choices): return choices.contains(text) ? .string(text) : nil
        case .duration(let bounds):
            guard let duration = DurationText.parse(text), bounds.contains(duration) else { return nil }
            return .duration(duration)
        case .number(let bounds, let unit):
            guard let number = Self.number(scalar, unit: unit), bounds.contains(number) else { return nil }
            return .number(number)
        case .integer(let bounds, _):
            guard Self.isBare(scalar), let integer = NumberText.parseInteger(text), bounds.contains(integer) else {
                return nil
            }
            return .integer(integer)
        case .bool: return Self.isBare(scalar) ? Self.bool(text).map { .bool($0) } : nil
        case .secret, .list, .map, .dictionary: return nil
        }
    }

    private static func isBare(_ scalar: ConfigurationNode.Scalar) -> Bool {
        scalar.style == .plain || scalar.isSubstituted
    }

    private static func bool(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }

    private static let prefixes: [String: Double] = [
        "": 1, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9,
    ]

    /// `0.5`, or with the declared unit `0.5 eV`, or with a prefix to it `0.5 keV`.
    private static func number(_ scalar: ConfigurationNode.Scalar, unit: String?) -> Double? {
        if let number = NumberText.parse(scalar.text) { return isBare(scalar) ? number : nil }
        guard let unit, !unit.isEmpty, scalar.text.hasSuffix(unit) else { return nil }
        let rest = scalar.text.dropLast(unit.count)
        let digits = rest.prefix { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
        let prefix = rest.dropFirst(digits.count).drop { $0 == " " }
        guard let number = NumberText.parse(String(digits)), let scale = prefixes[String(prefix)] else { return nil }
        // Dividing by an exact power of ten is exact where multiplying by its inverse is not: 5 ms is 0.005 s.
        return scale < 1 ? number / (1 / scale).rounded() : number * scale
    }
}
