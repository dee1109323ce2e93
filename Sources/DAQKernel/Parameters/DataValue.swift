// Part of daqd
// SPDX-License-Identifier: MIT

/// A value of any type that a parameter, a command's argument or its result can have.
///
/// Integers and floats stay apart. Parameters use the cases up to `bytes`; the others are for commands.
/// An enumeration's value is the `string` of its label; a label that is not among the choices is shown as it came.
public enum DataValue: Sendable, Equatable {
    /// Nothing.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// A whole number above `Int64.max`.
    case unsigned(UInt64)
    /// A floating-point number.
    case float(Double)
    /// A text, or the label of an enumeration.
    case string(String)
    /// Numbers or truth values in any number of dimensions.
    case array(ArrayValue)
    /// A list of texts.
    case strings([String])
    /// Uninterpreted bytes.
    case bytes([UInt8])
    /// An ordered list of anything.
    case list([DataValue])
    /// A tuple; distinct from a list on wires that know the difference.
    case tuple([DataValue])
    /// A set; the order has no meaning.
    case set([DataValue])
    /// An ordered dictionary with any scalar or tuple as key.
    case dictionary([DictionaryEntry])
    /// A whole number beyond 64 bits, in decimal digits.
    case bigInteger(String)
    /// A complex number.
    case complex(real: Double, imaginary: Double)
    /// What is left: slices, fractions, typed scalars, tagged values.
    indirect case extended(ExtendedValue)

    /// One entry of a dictionary.
    public struct DictionaryEntry: Sendable, Equatable {
        /// A scalar or a tuple.
        public var key: DataValue
        /// Anything.
        public var value: DataValue
        /// An entry.
        public init(_ key: DataValue, _ value: DataValue) {
            self.key = key
            self.value = value
        }
    }
}

/// Values that only some wires can say.
public enum ExtendedValue: Sendable, Equatable {
    /// A slice; `null` where a bound is left out.
    case slice(start: DataValue, stop: DataValue, step: DataValue)
    /// A fraction of two whole numbers.
    case fraction(numerator: DataValue, denominator: DataValue)
    /// A number of a stated type.
    case scalar(ElementType, DataValue)
    /// A value whose type only its wire understands.
    case opaque(tag: String, DataValue)
}

extension DataValue {
    /// A whole number of any size up to 64 bits.
    public init(_ value: some BinaryInteger) {
        if let signed = Int64(exactly: value) {
            self = .integer(signed)
        } else if let unsigned = UInt64(exactly: value) {
            self = .unsigned(unsigned)
        } else {
            self = .bigInteger(String(value))
        }
    }

    /// The number, if this is one; truth values count as 0 and 1.
    public var double: Double? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .float(let value): value
        case .extended(.scalar(_, let value)): value.double
        default: nil
        }
    }

    /// The whole number, if this is one or a float without fraction, and fits.
    ///
    /// A float beyond 2⁵³ stands for more than one whole number, so it is none: what a client wrote might be another.
    public var integer: Int64? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        case .unsigned(let value): Int64(exactly: value)
        case .float(let value): abs(value) <= 9_007_199_254_740_992 ? Int64(exactly: value) : nil
        case .extended(.scalar(_, let value)): value.integer
        default: nil
        }
    }

    /// The text, if this is one.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// What kind of value this is, for messages.
    public var kind: String {
        switch self {
        case .null: "nothing"
        case .bool: "a truth value"
        case .integer, .unsigned, .bigInteger: "a whole number"
        case .float: "a number"
        case .string: "a text"
        case .array: "an array"
        case .strings: "a list of texts"
        case .bytes: "bytes"
        case .list: "a list"
        case .tuple: "a tuple"
        case .set: "a set"
        case .dictionary: "a dictionary"
        case .complex: "a complex number"
        case .extended: "a tagged value"
        }
    }
}
