// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// What SIMPLON's `value_type` may say.
enum KeyType: String, Sendable {
    case bool, float, int, uint, string
    case strings = "string[]"
    case floats = "float[]"
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
    /// Keys of a real unit that answer but are missing in its `keys` list.
    var isListed = true

    /// What a GET answers.
    func envelope(_ value: JSON) -> JSON {
        var members: [(String, JSON)] = [("access_mode", .string(access.rawValue))]
        if let choices { members.append(("allowed_values", .array(choices.map(JSON.string)))) }
        if let maximum { members.append(("max", limit(maximum))) }
        if let minimum { members.append(("min", limit(minimum))) }
        if !unit.isEmpty { members.append(("unit", .string(unit))) }
        members.append(("value", value))
        members.append(("value_type", .string(type.rawValue)))
        return .object(members)
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
        _ name: String, _ initial: String, of choices: [String]? = nil, _ access: KeyAccess = .readWrite
    ) -> Key {
        Key(name: name, type: .string, access: access, unit: "", choices: choices, initial: .string(initial))
    }

    /// A list of numbers of fixed length.
    static func floats(_ name: String, _ initial: [Double], _ unit: String = "") -> Key {
        Key(
            name: name, type: .floats, access: .readWrite, unit: unit,
            initial: .array(initial.map(JSON.number)))
    }
}
