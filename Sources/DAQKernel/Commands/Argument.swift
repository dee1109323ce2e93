// Part of daqd
// SPDX-License-Identifier: MIT

/// What a frontend knows of an argument.
public struct ArgumentSpec: Sendable, Equatable {
    /// The name, for calls by keyword.
    public var name: String
    /// One sentence.
    public var description: String
    /// The declared type.
    public var type: ValueType
    /// Labels of an enumeration.
    public var choices: [String]
    /// Unit symbol.
    public var unit: String
    /// What is accepted, in the unit.
    public var limits: ClosedRange<Double>?
    /// The value where the caller gives none; `nil` when the argument is required.
    public var defaultValue: DataValue?
    /// Whether nothing at all may be given.
    public var isOptional: Bool
    /// Whether it can be given by name only.
    public var isKeywordOnly: Bool
}

/// One argument of a command, with its Swift type.
public struct Argument<Value: ParameterValue>: Sendable {
    /// What a frontend knows of it.
    public var spec: ArgumentSpec

    /// An argument from its specification.
    public init(_ spec: ArgumentSpec) { self.spec = spec }

    /// An argument; without a default it must be given, unless its type is optional.
    public init(
        _ name: String, _ description: String = "", unit: String = "", limits: ClosedRange<Double>? = nil,
        default defaultValue: Value? = nil, keywordOnly: Bool = false
    ) {
        let isOptional = Value.self is any OptionalValue.Type
        spec = ArgumentSpec(
            name: name, description: description, type: Value.valueType, choices: Value.choices, unit: unit,
            limits: limits, defaultValue: defaultValue?.dataValue ?? (isOptional ? .null : nil),
            isOptional: isOptional, isKeywordOnly: keywordOnly)
    }

    func decode(_ value: DataValue) throws(DeviceError) -> Value {
        guard let typed = Value(value) else {
            throw DeviceError(.wrongType, "\(spec.name) expects \(spec.type.name), not \(value.kind)")
        }
        return typed
    }
}

private protocol OptionalValue {}
extension Optional: OptionalValue {}

/// What a caller gives: values by position, then by name.
public struct Arguments: Sendable, Equatable {
    /// Values by position.
    public var positional: [DataValue]
    /// Values by name.
    public var named: [(String, DataValue)]

    /// Values by position and by name.
    public init(_ positional: [DataValue] = [], named: [(String, DataValue)] = []) {
        self.positional = positional
        self.named = named
    }

    /// Equal in values, positions and the order of names.
    public static func == (left: Arguments, right: Arguments) -> Bool {
        left.positional == right.positional
            && left.named.elementsEqual(right.named) { $0.0 == $1.0 && $0.1 == $1.1 }
    }

    /// The values in the declared order, converted and checked.
    /// - Throws: ``DeviceError`` naming the argument, what it accepts and what it got.
    func bind(to specs: [ArgumentSpec]) throws(DeviceError) -> [DataValue] {
        let places = specs.indices.filter { !specs[$0].isKeywordOnly }
        guard positional.count <= places.count else {
            throw DeviceError(.badArguments, "takes \(places.count) arguments by position; \(positional.count) given")
        }
        var values = [DataValue?](repeating: nil, count: specs.count)
        for (index, value) in zip(places, positional) { values[index] = value }
        for (name, value) in named {
            guard let index = specs.firstIndex(where: { $0.name == name }) else {
                let known = specs.map(\.name).joined(separator: ", ")
                throw DeviceError(.badArguments, "has no argument “\(name)”\(known.isEmpty ? "" : "; it has \(known)")")
            }
            guard values[index] == nil else { throw DeviceError(.badArguments, "“\(name)” is given twice") }
            values[index] = value
        }
        var bound: [DataValue] = []
        for (spec, value) in zip(specs, values) {
            guard let value = value ?? spec.defaultValue else {
                throw DeviceError(.badArguments, "“\(spec.name)” is missing")
            }
            bound.append(try spec.check(value))
        }
        return bound
    }
}

extension ArgumentSpec {
    func check(_ value: DataValue) throws(DeviceError) -> DataValue {
        if isOptional, value == .null { return value }
        var metadata = ParameterMetadata(description, type: type)
        metadata.unit = unit
        metadata.limits = limits
        metadata.choices = choices
        do throws(DeviceError) {
            return try metadata.check(value, outOfRange: .refuse)
        } catch {
            throw DeviceError(error.code, "refused \(name) \(value.shortText): \(error.message)")
        }
    }
}
