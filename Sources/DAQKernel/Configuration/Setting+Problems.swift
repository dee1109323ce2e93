// Part of daqd
// SPDX-License-Identifier: MIT

extension Setting {
    /// What is wrong with declarations: names that are no snake_case or stand twice, defaults outside their limits.
    static func problems(in settings: [Setting]) -> [String] {
        var seen: Set<String> = []
        var problems: [String] = []
        for setting in settings {
            if !isSnakeCase(setting.name) { problems.append("the setting name \(setting.name) is not snake_case") }
            if !seen.insert(setting.name).inserted { problems.append("the setting \(setting.name) is declared twice") }
            if let value = setting.defaultValue, !setting.kind.accepts(value) {
                problems.append("the default of \(setting.name) is \(value), not \(setting.kind.expected)")
            }
            problems += setting.kind.nestedProblems.map { "in \(setting.name): \($0)" }
        }
        return problems
    }

    private static func isSnakeCase(_ name: String) -> Bool {
        guard let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }
}

extension SettingKind {
    fileprivate var nestedProblems: [String] {
        switch form {
        case .map(let settings): Setting.problems(in: settings)
        case .list(let element), .dictionary(let element, _): element.nestedProblems
        case .choice(let choices) where choices.isEmpty: ["there is no choice"]
        default: []
        }
    }

    /// Whether a value made in code fits this kind; references are not followed.
    fileprivate func accepts(_ value: SettingValue) -> Bool {
        switch (form, value) {
        case (.string, .string), (.path, .string), (.device, .string), (.postOperation, .string): true
        case (.integer(let bounds, _), .integer(let integer)): bounds.contains(integer)
        case (.number(let bounds, _), .number(let number)): number.isFinite && bounds.contains(number)
        case (.bool, .bool): true
        case (.choice(let choices), .string(let text)): choices.contains(text)
        case (.duration(let bounds), .duration(let duration)): bounds.contains(duration)
        case (.list(let element), .list(let values)): values.allSatisfy(element.accepts)
        case (.dictionary(let element, _), .map(let settings)):
            settings.names.allSatisfy { settings.value($0).map(element.accepts) ?? false }
        default: false
        }
    }
}
