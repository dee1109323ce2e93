// Part of daqd
// SPDX-License-Identifier: MIT

/// The decoded value of one setting.
public enum SettingValue: Hashable, Sendable {
    /// A text, also a choice, a path and the name of a device or post-operation.
    case string(String)
    /// A whole number.
    case integer(Int)
    /// A number in the unit that the setting declares.
    case number(Double)
    /// A yes or no.
    case bool(Bool)
    /// A length of time.
    case duration(Duration)
    /// A value that is never printed.
    case secret(Secret)
    /// Several values in the order of the file.
    case list([SettingValue])
    /// Nested settings, or a dictionary with keys of the site's own.
    case map(Settings)
}

extension SettingValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A yes or no.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A list.
    public init(arrayLiteral elements: SettingValue...) { self = .list(elements) }
}

extension SettingValue {
    /// What the value is, for an error message.
    var kindText: String {
        switch self {
        case .string: "text"
        case .integer: "a whole number"
        case .number: "a number"
        case .bool: "true or false"
        case .duration: "a duration"
        case .secret: "a secret"
        case .list: "a list"
        case .map: "a mapping"
        }
    }
}
