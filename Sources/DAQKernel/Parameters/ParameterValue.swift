// Part of daqd
// SPDX-License-Identifier: MIT

/// A Swift type that a parameter, an argument or a result can have.
public protocol ParameterValue: Sendable {
    /// The declared type.
    static var valueType: ValueType { get }
    /// Labels, for enumerations; else empty.
    static var choices: [String] { get }
    /// What a parameter holds before its first value.
    static var placeholder: Self { get }
    /// The typed value of an erased one; `nil` when it does not fit.
    init?(_ value: DataValue)
    /// The erased value.
    var dataValue: DataValue { get }
    /// The number that limits and dead bands look at; `nil` where there is none.
    var number: Double? { get }
}

extension ParameterValue {
    /// No labels.
    public static var choices: [String] { [] }
    /// No number.
    public var number: Double? { nil }
}

/// An enumeration whose labels are its raw values.
public protocol Choice: ParameterValue, RawRepresentable, CaseIterable where RawValue == String {}

extension Choice {
    /// An enumeration.
    public static var valueType: ValueType { .enumeration }
    /// The labels in the order of the cases.
    public static var choices: [String] { allCases.map(\.rawValue) }
    /// The label.
    public var dataValue: DataValue { .string(rawValue) }

    /// The case of a label or of its index.
    public init?(_ value: DataValue) {
        switch value {
        case .string(let label): self.init(rawValue: label)
        case .integer(let index):
            guard index >= 0, index < Self.allCases.count else { return nil }
            self = Self.allCases[Self.allCases.index(Self.allCases.startIndex, offsetBy: Int(index))]
        default: return nil
        }
    }

    /// The case that a device's reply names, white space around it ignored.
    /// - Throws: ``DeviceError/Code/unknownChoice`` naming the reply and the labels.
    public init(parsing text: String) throws(DeviceError) {
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        guard let value = Self(rawValue: String(trimmed)) else {
            let labels = Self.choices.joined(separator: ", ")
            throw DeviceError(.unknownChoice, "“\(String(trimmed))” is none of \(labels)")
        }
        self = value
    }
}

extension Choice where Self.AllCases.Element == Self {
    /// The first case.
    public static var placeholder: Self { allCases[allCases.startIndex] }
}

extension Bool: ParameterValue {
    /// A truth value.
    public static var valueType: ValueType { .bool }
    /// False.
    public static var placeholder: Bool { false }
    /// The erased value.
    public var dataValue: DataValue { .bool(self) }
    /// 0 or 1.
    public var number: Double? { self ? 1 : 0 }
    /// From a truth value, or 0 and 1.
    public init?(_ value: DataValue) {
        guard let converted = try? ValueType.bool.convert(value), case .bool(let truth) = converted else { return nil }
        self = truth
    }
}

extension Double: ParameterValue {
    /// IEEE 754, 64 bits.
    public static var valueType: ValueType { .number(.float64) }
    /// Zero.
    public static var placeholder: Double { 0 }
    /// The erased value.
    public var dataValue: DataValue { .float(self) }
    /// Itself.
    public var number: Double? { self }
    /// From any number.
    public init?(_ value: DataValue) {
        guard let double = value.double else { return nil }
        self = double
    }
}

extension Float: ParameterValue {
    /// IEEE 754, 32 bits.
    public static var valueType: ValueType { .number(.float32) }
    /// Zero.
    public static var placeholder: Float { 0 }
    /// The erased value.
    public var dataValue: DataValue { .float(Double(self)) }
    /// Itself.
    public var number: Double? { Double(self) }
    /// From any number.
    public init?(_ value: DataValue) {
        guard let double = value.double else { return nil }
        self = Float(double)
    }
}

/// Whole numbers share everything but their width.
public protocol IntegerParameterValue: ParameterValue, FixedWidthInteger, ArrayElement {}

extension IntegerParameterValue {
    /// A whole number of this width.
    public static var valueType: ValueType { .number(elementType) }
    /// Zero.
    public static var placeholder: Self { 0 }
    /// The erased value.
    public var dataValue: DataValue { DataValue(self) }
    /// Itself, rounded beyond 53 bits.
    public var number: Double? { Double(self) }
    /// From a whole number that fits.
    public init?(_ value: DataValue) {
        switch value {
        case .unsigned(let big): self.init(exactly: big)
        default:
            guard let whole = value.integer else { return nil }
            self.init(exactly: whole)
        }
    }
}

extension Int: IntegerParameterValue {}
extension Int8: IntegerParameterValue {}
extension Int16: IntegerParameterValue {}
extension Int32: IntegerParameterValue {}
extension Int64: IntegerParameterValue {}
extension UInt8: IntegerParameterValue {}
extension UInt16: IntegerParameterValue {}
extension UInt32: IntegerParameterValue {}
extension UInt64: IntegerParameterValue {}

extension String: ParameterValue {
    /// A text without a limit.
    public static var valueType: ValueType { .string(capacity: 0) }
    /// The empty text.
    public static var placeholder: String { "" }
    /// The erased value.
    public var dataValue: DataValue { .string(self) }
    /// From a text.
    public init?(_ value: DataValue) {
        guard case .string(let text) = value else { return nil }
        self = text
    }
}

extension Array: ParameterValue where Element: ArrayElement {
    /// Numbers in one dimension, without a limit.
    public static var valueType: ValueType { .array(Element.elementType, capacity: [0]) }
    /// No numbers.
    public static var placeholder: [Element] { [] }
    /// The erased value.
    public var dataValue: DataValue { .array(ArrayValue(self)) }
    /// From an array or a list of numbers.
    public init?(_ value: DataValue) {
        guard case .array(let array)? = try? Self.valueType.convert(value),
            let elements = array.elements(as: Element.self)
        else { return nil }
        self = elements
    }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
    /// The type of what may be there.
    public static var valueType: ValueType { Wrapped.valueType }
    /// The labels of what may be there.
    public static var choices: [String] { Wrapped.choices }
    /// Nothing.
    public static var placeholder: Wrapped? { nil }
    /// The erased value; `null` for nothing.
    public var dataValue: DataValue { self?.dataValue ?? .null }
    /// The number of what is there.
    public var number: Double? { self?.number }
    /// From `null` or from what may be there.
    public init?(_ value: DataValue) {
        if value == .null {
            self = nil as Wrapped?
        } else if let wrapped = Wrapped(value) {
            self = .some(wrapped)
        } else {
            return nil
        }
    }
}

extension DataValue: ParameterValue {
    /// Anything; a parameter of this Swift type states its type in its metadata.
    public static var valueType: ValueType { .any }
    /// Nothing.
    public static var placeholder: DataValue { .null }
    /// Itself.
    public var dataValue: DataValue { self }
    /// The number, if it is one.
    public var number: Double? { double }
    /// Itself.
    public init?(_ value: DataValue) { self = value }
}
