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

    /// The next of the bound values, while a parameter pack expands.
    func decode(_ values: [DataValue], _ place: inout Int) throws(DeviceError) -> Value {
        let value = values[place]
        guard let typed = Value(value) else { throw mismatch(spec, value) }
        place += 1
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
    func bind(to bound: BoundArguments) throws(DeviceError) -> [DataValue] {
        if named.isEmpty, !bound.hasKeywordOnly, positional.count == bound.specs.count {
            var values: [DataValue] = []
            values.reserveCapacity(positional.count)
            for index in positional.indices { values.append(try bound.check(positional[index], at: index)) }
            return values
        }
        return try bindByName(to: bound)
    }

    private func bindByName(to bound: BoundArguments) throws(DeviceError) -> [DataValue] {
        let specs = bound.specs
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
        var checked: [DataValue] = []
        checked.reserveCapacity(specs.count)
        for index in specs.indices {
            guard let value = values[index] ?? specs[index].defaultValue else {
                throw DeviceError(.badArguments, "“\(specs[index].name)” is missing")
            }
            checked.append(try bound.check(value, at: index))
        }
        return checked
    }
}

/// A command's arguments with what their values are checked by, made once and not at every call.
struct BoundArguments: Sendable {
    let specs: [ArgumentSpec]
    let hasKeywordOnly: Bool
    private let rules: [Rule]

    /// By reference: a call must not copy all that is known of an argument.
    private final class Rule: Sendable {
        private let name: String
        private let isOptional: Bool
        private let metadata: ParameterMetadata
        /// What a number of 64 bits may be: most arguments are such.
        private let doubles: ClosedRange<Double>?

        init(_ spec: ArgumentSpec) {
            name = spec.name
            isOptional = spec.isOptional
            var metadata = ParameterMetadata(spec.description, type: spec.type)
            metadata.unit = spec.unit
            metadata.limits = spec.limits
            metadata.choices = spec.choices
            self.metadata = metadata
            let isDouble = spec.type == .number(.float64) && spec.choices.isEmpty
            doubles = isDouble ? spec.limits ?? -.infinity ... .infinity : nil
        }

        func check(_ value: DataValue) throws(DeviceError) -> DataValue {
            if let doubles {
                switch value {
                case .float(let number) where doubles.contains(number): return value
                case .integer(let whole) where doubles.contains(Double(whole)): return .float(Double(whole))
                default: break
                }
            }
            if isOptional, value == .null { return value }
            do throws(DeviceError) {
                return try metadata.check(value, outOfRange: .refuse)
            } catch {
                throw DeviceError(error.code, "refused \(name) \(value.shortText): \(error.message)")
            }
        }
    }

    init(_ specs: [ArgumentSpec]) {
        self.specs = specs
        hasKeywordOnly = specs.contains { $0.isKeywordOnly }
        rules = specs.map(Rule.init)
    }

    func check(_ value: DataValue, at index: Int) throws(DeviceError) -> DataValue { try rules[index].check(value) }
}
