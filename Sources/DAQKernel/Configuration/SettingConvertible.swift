// Part of daqd
// SPDX-License-Identifier: MIT

/// A type that a setting's value can be read as: `let port: Int = try settings["port"]`.
///
/// An enumeration with a `String` raw value conforms by declaring it; other types say how in one initialiser.
public protocol SettingConvertible: Sendable {
    /// Reads a value; `nil` when it does not fit this type.
    init?(setting value: SettingValue)
    /// What this type takes, for the error message: `a whole number`.
    static var settingDescription: String { get }
    /// What is read where a setting was not given and has no default; `nil` means that this is an error.
    static var absentSetting: Self? { get }
}

extension SettingConvertible {
    /// Most types have no value to stand for one that was not given.
    public static var absentSetting: Self? { nil }
}

extension String: SettingConvertible {
    /// Reads a text.
    public init?(setting value: SettingValue) {
        guard case .string(let text) = value else { return nil }
        self = text
    }
    /// What this type takes.
    public static var settingDescription: String { "a text" }
}

extension Bool: SettingConvertible {
    /// Reads true or false.
    public init?(setting value: SettingValue) {
        guard case .bool(let bool) = value else { return nil }
        self = bool
    }
    /// What this type takes.
    public static var settingDescription: String { "true or false" }
}

extension SettingConvertible where Self: FixedWidthInteger {
    /// Reads a whole number that fits the type.
    public init?(setting value: SettingValue) {
        guard case .integer(let integer) = value else { return nil }
        self.init(exactly: integer)
    }
    /// What this type takes.
    public static var settingDescription: String {
        bitWidth == Int.bitWidth ? "a whole number" : "a whole number from \(Self.min) to \(Self.max)"
    }
}

extension Int: SettingConvertible {}
extension Int8: SettingConvertible {}
extension Int16: SettingConvertible {}
extension Int32: SettingConvertible {}
extension Int64: SettingConvertible {}
extension UInt: SettingConvertible {}
extension UInt8: SettingConvertible {}
extension UInt16: SettingConvertible {}
extension UInt32: SettingConvertible {}
extension UInt64: SettingConvertible {}

extension Double: SettingConvertible {
    /// Reads a number, also one without a fraction.
    public init?(setting value: SettingValue) {
        switch value {
        case .number(let number): self = number
        case .integer(let integer): self = Double(integer)
        default: return nil
        }
    }
    /// What this type takes.
    public static var settingDescription: String { "a number" }
}

extension Float: SettingConvertible {
    /// Reads a number, also one without a fraction.
    public init?(setting value: SettingValue) {
        guard let number = Double(setting: value) else { return nil }
        self.init(number)
    }
    /// What this type takes.
    public static var settingDescription: String { "a number" }
}

extension Duration: SettingConvertible {
    /// Reads a length of time.
    public init?(setting value: SettingValue) {
        guard case .duration(let duration) = value else { return nil }
        self = duration
    }
    /// What this type takes.
    public static var settingDescription: String { "a duration" }
}

extension Secret: SettingConvertible {
    /// Reads a secret.
    public init?(setting value: SettingValue) {
        guard case .secret(let secret) = value else { return nil }
        self = secret
    }
    /// What this type takes.
    public static var settingDescription: String { "a secret" }
}

extension Settings: SettingConvertible {
    /// Reads nested settings.
    public init?(setting value: SettingValue) {
        guard case .map(let settings) = value else { return nil }
        self = settings
    }
    /// What this type takes.
    public static var settingDescription: String { "a mapping" }
}

extension SettingValue: SettingConvertible {
    /// Takes the value as it is.
    public init?(setting value: SettingValue) { self = value }
    /// What this type takes.
    public static var settingDescription: String { "any value" }
}

extension SettingConvertible where Self: RawRepresentable, RawValue == String {
    /// Reads one of the choices.
    public init?(setting value: SettingValue) {
        guard case .string(let text) = value else { return nil }
        self.init(rawValue: text)
    }
    /// What this type takes.
    public static var settingDescription: String { "one of the choices" }
}

extension Optional: SettingConvertible where Wrapped: SettingConvertible {
    /// Reads the wrapped type.
    public init?(setting value: SettingValue) {
        guard let wrapped = Wrapped(setting: value) else { return nil }
        self = .some(wrapped)
    }
    /// What this type takes.
    public static var settingDescription: String { Wrapped.settingDescription }
    /// `nil`: an optional is how a setting without a default is read.
    public static var absentSetting: Self? { .some(.none) }
}

extension Array: SettingConvertible where Element: SettingConvertible {
    /// Reads a list whose every element fits.
    public init?(setting value: SettingValue) {
        guard case .list(let values) = value else { return nil }
        var elements: [Element] = []
        for value in values {
            guard let element = Element(setting: value) else { return nil }
            elements.append(element)
        }
        self = elements
    }
    /// What this type takes.
    public static var settingDescription: String { "a list, each \(Element.settingDescription)" }
}

extension Dictionary: SettingConvertible where Key == String, Value: SettingConvertible {
    /// Reads a mapping whose every value fits.
    public init?(setting value: SettingValue) {
        guard case .map(let settings) = value else { return nil }
        self = [:]
        for name in settings.names {
            guard let element = settings.value(name).flatMap({ Value(setting: $0) }) else { return nil }
            self[name] = element
        }
    }
    /// What this type takes.
    public static var settingDescription: String { "a mapping, each \(Value.settingDescription)" }
}
