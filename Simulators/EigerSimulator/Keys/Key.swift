// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// What SIMPLON's `value_type` may say.
enum KeyType: String, Sendable {
    case bool, float, int, uint, string
    case strings = "string[]"
    case floats = "float[]"
    case uints = "uint[]"
    case date = "datetime"
    case state = "State"
}

/// Who may change a key.
enum KeyAccess: String, Sendable {
    case read = "r"
    case readWrite = "rw"
}

/// One key of one subsystem: its type, unit, limits, choices and initial value, as the detector states them.
struct Key: Sendable {
    var name: String
    var type: KeyType
    var access: KeyAccess
    var unit: String
    var minimum: Double?
    var maximum: Double?
    /// `nil` when the key has none; an empty list means "anything" to a client.
    var choices: [String]?
    var initial: JSON
    /// The choices in the order of the first generation, where they differ.
    var earlyChoices: [String]?
    /// Keys of a real unit that answer but are missing in its `keys` list.
    var isListed = true
    /// In which trees of the API the key exists.
    var versions: Set<APIVersion> = [.v16, .v18]

    /// What a GET answers.
    func envelope(_ value: JSON, _ version: APIVersion = .v18, _ quirks: Set<Quirk> = []) -> JSON {
        var members: [(String, JSON)] = [("access_mode", .string(access.rawValue))]
        if let choices = (version == .v16 ? earlyChoices : nil) ?? choices {
            let isOdd = quirks.contains(.stringChoices) && choices.count == 1
            members.append(("allowed_values", isOdd ? .string(choices[0]) : .array(choices.map(JSON.string))))
        }
        let (low, high) = shownLimits(quirks)
        if let high { members.append(("max", high)) }
        if let low { members.append(("min", low)) }
        if !unit.isEmpty { members.append(("unit", .string(unit))) }
        members.append(("value", value))
        members.append(("value_type", .string(type.rawValue)))
        return .object(members)
    }

    /// The limits as the envelope shows them; real units of the first generation make up some.
    private func shownLimits(_ quirks: Set<Quirk>) -> (low: JSON?, high: JSON?) {
        let limits = (minimum.map(limit), maximum.map(limit))
        guard quirks.contains(.dummyLimits) else { return limits }
        switch type {
        case .bool: return (.integer(-(1 << 31)), .integer(1 << 31))
        case .float: return (limits.0 ?? .number(-3.4028234663852886e38), limits.1 ?? .number(3.4028234663852886e38))
        case .int, .uint:
            let dummy = (JSON.integer(type == .uint ? 0 : -(1 << 31)), JSON.integer(1 << 31))
            return (limits.0 ?? dummy.0, maximum.map(JSON.number) ?? dummy.1)
        case .string, .strings, .floats, .uints, .date, .state: return limits
        }
    }

    private func limit(_ value: Double) -> JSON {
        type == .float || type == .floats ? .number(value) : .integer(Int64(value))
    }
}

extension Key {
    /// A switch.
    static func flag(_ name: String, _ initial: Bool, _ access: KeyAccess = .readWrite) -> Key {
        Key(name: name, type: .bool, access: access, unit: "", initial: .bool(initial))
    }

    /// A number with fraction.
    static func float(
        _ name: String, _ initial: Double, _ unit: String = "", in limits: ClosedRange<Double>? = nil,
        _ access: KeyAccess = .readWrite, isListed: Bool = true
    ) -> Key {
        Key(
            name: name, type: .float, access: access, unit: unit, minimum: limits?.lowerBound,
            maximum: limits?.upperBound, initial: .number(initial), isListed: isListed)
    }

    /// A whole number, zero or more.
    static func count(
        _ name: String, _ initial: Int64, in limits: ClosedRange<Double>? = nil, _ access: KeyAccess = .readWrite
    ) -> Key {
        Key(
            name: name, type: .uint, access: access, unit: "", minimum: limits?.lowerBound,
            maximum: limits?.upperBound, initial: .integer(initial))
    }

    /// A text, free or one of some.
    static func text(
        _ name: String, _ initial: String, of choices: [String]? = nil, _ access: KeyAccess = .readWrite,
        early: [String]? = nil
    ) -> Key {
        Key(
            name: name, type: .string, access: access, unit: "", choices: choices, initial: .string(initial),
            earlyChoices: early)
    }

    /// The same key in one tree of the API alone.
    func only(_ version: APIVersion) -> Key {
        var key = self
        key.versions = [version]
        return key
    }

    /// A list of numbers of fixed length.
    static func floats(_ name: String, _ initial: [Double], _ unit: String = "") -> Key {
        Key(
            name: name, type: .floats, access: .readWrite, unit: unit,
            initial: .array(initial.map(JSON.number)))
    }
}
