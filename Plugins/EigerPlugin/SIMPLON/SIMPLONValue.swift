// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What a GET of a key brings: the value and whatever the detector itself states about it.
struct SIMPLONValue: Equatable, Sendable {
    /// As it came; `null`, an empty text or an empty list where the detector does not know it.
    var value: JSON
    /// What the detector calls the type: `float`, `uint`, `string[]`; empty where it states none.
    var typeName: String
    /// The parameter's type that follows.
    var type: ValueType
    var unit: String
    var limits: ClosedRange<Double>?
    var choices: [String]
    var access: Access
    /// `critical` and `invalid` become alarms.
    var state: String

    /// Reads the object that a key's GET brings.
    /// - Throws: ``WireError`` for anything that is not an object with a value.
    init(_ reply: JSON, task: SIMPLONKey.Task) throws(WireError) {
        guard reply.members != nil else { throw WireError("it is \(reply.kind), not an object with a value") }
        guard let value = reply["value"] else { throw WireError("it is an object without a value") }
        if value.members != nil { throw WireError("its value is an object") }
        self.value = value
        typeName = reply["value_type"]?.string ?? ""
        choices = Self.choices(reply["allowed_values"])
        let known = Self.type(typeName, value)
        type = known == .string(capacity: 0) && !choices.isEmpty ? .enumeration : known
        unit = Self.text(reply["unit"])
        limits = Self.limits(reply["min"]?.double, reply["max"]?.double, known)
        state = Self.text(reply["state"])
        access =
            switch reply["access_mode"]?.string {
            case "r": .read
            case "w": .write
            default: task == .status ? .read : .readWrite
            }
    }

    private static func text(_ json: JSON?) -> String { String((json?.string ?? "").prefix(200)) }

    /// A list, or the bare text that some units have in its place; of numbers and texts alike the text.
    private static func choices(_ json: JSON?) -> [String] {
        let items = json?.array ?? json.map { [$0] } ?? []
        var seen: [String] = []
        for item in items.prefix(1000) {
            let text: String? =
                switch item {
                case .string(let text): text
                case .integer, .unsigned, .number: item.text
                default: nil
                }
            if let text, !text.isEmpty, text.utf8.count <= 200, !seen.contains(text) { seen.append(text) }
        }
        return seen
    }

    private static func type(_ name: String, _ value: JSON) -> ValueType {
        // A list is what it holds: real units call a list of numbers `string[]`.
        if let first = value.array?.first {
            return first.double == nil ? .strings(capacity: 0) : .array(.float64, capacity: [0])
        }
        switch name {
        case "bool": return .bool
        case "float": return .number(.float64)
        case "int": return .number(.int64)
        case "uint": return .number(.uint64)
        case "string[]", "list": return .strings(capacity: 0)
        case "float[]", "int[]", "uint[]": return .array(.float64, capacity: [0])
        case "string", "State", "datetime", "date":
            return value.array == nil ? .string(capacity: 0) : .strings(capacity: 0)
        default: break
        }
        switch value {
        case .bool: return .bool
        case .integer, .unsigned: return .number(.int64)
        case .number: return .number(.float64)
        case .array: return .strings(capacity: 0)
        default: return .string(capacity: 0)
        }
    }

    /// Limits that mean something: those of a truth value and the ends of a float or a word do not.
    private static func limits(_ least: Double?, _ greatest: Double?, _ type: ValueType) -> ClosedRange<Double>? {
        guard case .number(let element) = type else { return nil }
        let unlimited = element == .float64 ? 3.4e38 : 2_147_483_647.0
        let low = least.flatMap { abs($0) < unlimited ? $0 : nil }
        let high = greatest.flatMap { abs($0) < unlimited ? $0 : nil }
        if low == nil && high == nil { return nil }
        let range = (low ?? -Double.greatestFiniteMagnitude, high ?? Double.greatestFiniteMagnitude)
        return range.0 <= range.1 ? range.0...range.1 : nil
    }

    /// Whether the detector has a value at all.
    var isKnown: Bool {
        switch value {
        case .null: false
        case .string(let text): !text.isEmpty || type == .string(capacity: 0)
        case .array(let items): !items.isEmpty || !Self.isScalar(type)
        default: true
        }
    }

    private static func isScalar(_ type: ValueType) -> Bool {
        switch type {
        case .bool, .number, .string, .enumeration: true
        default: false
        }
    }

    /// The value as its parameter takes it.
    /// - Throws: ``WireError`` when value and stated type disagree.
    func dataValue() throws(WireError) -> DataValue {
        // Firmware of the first generation writes truth values as numbers here and there.
        if type == .bool, let number = value.integer, number == 0 || number == 1 { return .bool(number == 1) }
        do throws(DeviceError) {
            return try type.convert(DataValue(value))
        } catch {
            throw WireError("its value is \(value.kind), but its type is \(typeName.isEmpty ? type.name : typeName)")
        }
    }
}
