// Part of daqd
// SPDX-License-Identifier: MIT

/// The decoded settings of one component, checked against what its factory declared.
///
/// `let port: Int = try settings["port"]` reads one; an `Optional` reads a setting that may be absent. What the file
/// may get wrong was reported before a factory sees this, so an error here means that factory and declaration differ.
public struct Settings: Sendable {
    struct Entry: Sendable {
        var value: SettingValue
        var place: SourcePlace?
        var isDefault: Bool
    }

    /// Where in the configuration these settings belong: `devices.eiger1`.
    public let path: String
    /// Where the component stands in its file; absent for settings made in code.
    public let place: SourcePlace?
    /// The names that have a value, in the order of the file, defaults last.
    public private(set) var names: [String] = []
    private var entries: [String: Entry] = [:]

    init(path: String, place: SourcePlace?) {
        self.path = path
        self.place = place
    }

    /// Settings made in code, for tests and for components that no file describes; names in the order given.
    public init(_ values: KeyValuePairs<String, SettingValue>) {
        self.init(path: "", place: nil)
        for (name, value) in values { set(name, Entry(value: value, place: nil, isDefault: false)) }
    }

    mutating func set(_ name: String, _ entry: Entry) {
        if entries.updateValue(entry, forKey: name) == nil { names.append(name) }
    }

    /// The value of a setting as the wanted type.
    ///
    /// - Throws: When the setting has no value, or one of another type.
    public subscript<Value: SettingConvertible>(_ name: String) -> Value {
        get throws(ConfigurationError) {
            guard let value = value(name) else {
                if let absent = Value.absentSetting { return absent }
                throw error("is missing", at: name)
            }
            guard let wanted = Value(setting: value) else {
                throw error("is \(value.kindText) where \(Value.settingDescription) is needed", at: name)
            }
            return wanted
        }
    }

    /// The value of a setting as it was decoded; `nil` when it has none.
    public func value(_ name: String) -> SettingValue? { entries[name]?.value }

    /// Whether the file gave this setting, so that it is not the default.
    public func isGiven(_ name: String) -> Bool { entries[name].map { !$0.isDefault } ?? false }

    /// Where the setting was given; for a default, where the component stands.
    public func place(_ name: String) -> SourcePlace? { entries[name]?.place ?? place }

    /// An error about one setting, for a factory that finds more wrong than the declaration can say.
    ///
    /// - Parameter problem: What is wrong, to follow the setting's name: `is already used by rest`.
    public func error(_ problem: String, at name: String) -> ConfigurationError {
        ConfigurationError("\(path.isEmpty ? name : "\(path).\(name)") \(problem)", at: place(name))
    }
}

extension Settings: Hashable {
    /// Equal when the same names have the same values, wherever and in whatever order they were written.
    public static func == (left: Settings, right: Settings) -> Bool {
        left.entries.mapValues(\.value) == right.entries.mapValues(\.value)
    }

    /// Feeds names and values, not places.
    public func hash(into hasher: inout Hasher) { hasher.combine(entries.mapValues(\.value)) }
}

extension Settings: CustomStringConvertible {
    /// The settings in one line; secrets do not show.
    public var description: String {
        "{" + names.map { name in "\(name): \(value(name).map { $0.description } ?? "")" }.joined(separator: ", ") + "}"
    }
}

extension SettingValue: CustomStringConvertible {
    /// The value as it would stand in a file; a secret shows as `(secret)`.
    public var description: String {
        switch self {
        case .string(let text): text
        case .integer(let integer): "\(integer)"
        case .number(let number): NumberText.short(number)
        case .bool(let bool): "\(bool)"
        case .duration(let duration): DurationText.format(duration)
        case .secret(let secret): secret.description
        case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .map(let settings): settings.description
        }
    }
}
