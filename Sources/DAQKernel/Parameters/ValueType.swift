// Part of daqd
// SPDX-License-Identifier: MIT

/// The declared type of a parameter, an argument or a result.
public enum ValueType: Sendable, Equatable {
    /// A truth value.
    case bool
    /// A number.
    case number(ElementType)
    /// A text of at most so many bytes of UTF-8; 0 means unlimited.
    case string(capacity: Int)
    /// One label of the parameter's choices.
    case enumeration
    /// Uninterpreted bytes, at most so many; 0 means unlimited.
    case bytes(capacity: Int)
    /// Numbers; the shape holds the greatest length of each dimension, slowest first, 0 where unlimited.
    case array(ElementType, capacity: [Int])
    /// A list of texts, at most so many; 0 means unlimited.
    case strings(capacity: Int)
    /// Anything; for commands.
    case any
    /// Nothing; for commands without a result.
    case nothing

    /// A short name for declarations.
    public var name: String {
        switch self {
        case .bool: "bool"
        case .number(let element): element.rawValue
        case .string: "string"
        case .enumeration: "enumeration"
        case .bytes: "bytes"
        case .array(let element, let capacity):
            element.rawValue + String(repeating: "[]", count: max(1, capacity.count))
        case .strings: "string[]"
        case .any: "any"
        case .nothing: "nothing"
        }
    }

    /// Whether only the newest value is worth queueing: texts and arrays.
    var isBulky: Bool {
        switch self {
        case .string, .bytes, .array, .strings, .any: true
        default: false
        }
    }
}

extension ValueType {
    /// The value as this type has it, or why it cannot be.
    ///
    /// Whole numbers become floats where floats are wanted; floats without fraction become whole numbers; lists
    /// become arrays. Nothing else is guessed: `"1"` is not a number.
    public func convert(_ value: DataValue) throws(DeviceError) -> DataValue {
        if case .extended(.scalar(_, let inner)) = value, self != .any { return try convert(inner) }
        switch self {
        case .any: return value
        case .nothing where value == .null: return .null
        case .bool: if let truth = Self.truth(value) { return .bool(truth) }
        case .number(let element): return try Self.number(value, element)
        case .string(let capacity):
            if case .string(let text) = value {
                guard capacity == 0 || text.utf8.count <= capacity else {
                    throw DeviceError(.outOfRange, "the text has \(text.utf8.count) bytes; at most \(capacity) fit")
                }
                return value
            }
        case .enumeration:
            if case .string = value { return value }
            if case .integer = value { return value }
        case .bytes(let capacity): return try Self.bytes(value, capacity)
        case .array(let element, let capacity): return try Self.array(value, element, capacity)
        case .strings(let capacity): return try Self.strings(value, capacity)
        case .nothing: break
        }
        throw DeviceError(.wrongType, "expected \(name), not \(value.kind)")
    }

    private static func truth(_ value: DataValue) -> Bool? {
        switch value {
        case .bool(let truth): truth
        case .integer(0): false
        case .integer(1): true
        default: nil
        }
    }

    private static func number(_ value: DataValue, _ element: ElementType) throws(DeviceError) -> DataValue {
        if element == .bool, let truth = truth(value) { return .bool(truth) }
        if case .bool = value { throw DeviceError(.wrongType, "expected \(element.rawValue), not a truth value") }
        guard let double = value.double else {
            throw DeviceError(.wrongType, "expected \(element.rawValue), not \(value.kind)")
        }
        guard let range = element.range else {
            return .float(element == .float32 ? Double(Float(double)) : double)
        }
        if case .unsigned = value, element == .uint64 { return value }
        guard let whole = value.integer else {
            throw DeviceError(.wrongType, "expected a whole number, not \(double)")
        }
        guard range.contains(Double(whole)) else {
            throw DeviceError(.outOfRange, "\(whole) does not fit \(element.rawValue)")
        }
        return .integer(whole)
    }

    private static func bytes(_ value: DataValue, _ capacity: Int) throws(DeviceError) -> DataValue {
        let bytes: [UInt8]
        switch value {
        case .bytes(let raw): bytes = raw
        case .string(let text): bytes = Array(text.utf8)
        case .list(let items):
            bytes = items.compactMap { $0.integer.flatMap { UInt8(exactly: $0) } }
            guard bytes.count == items.count else { throw DeviceError(.wrongType, "expected numbers from 0 to 255") }
        default: throw DeviceError(.wrongType, "expected bytes, not \(value.kind)")
        }
        guard capacity == 0 || bytes.count <= capacity else {
            throw DeviceError(.outOfRange, "\(bytes.count) bytes given; at most \(capacity) fit")
        }
        return .bytes(bytes)
    }

    private static func strings(_ value: DataValue, _ capacity: Int) throws(DeviceError) -> DataValue {
        var texts: [String] = []
        switch value {
        case .strings(let given): texts = given
        case .list(let items), .tuple(let items):
            texts = items.compactMap(\.string)
            guard texts.count == items.count else { throw DeviceError(.wrongType, "expected a list of texts") }
        default: throw DeviceError(.wrongType, "expected a list of texts, not \(value.kind)")
        }
        guard capacity == 0 || texts.count <= capacity else {
            throw DeviceError(.outOfRange, "\(texts.count) texts given; at most \(capacity) fit")
        }
        return .strings(texts)
    }

    private static func array(
        _ value: DataValue, _ element: ElementType, _ capacity: [Int]
    ) throws(DeviceError) -> DataValue {
        let array: ArrayValue
        switch value {
        case .array(let given) where given.elementType == element: array = given
        case .array(let given):
            array = try ArrayValue(
                converting: (0..<given.count).map { given[$0] }, to: element, shape: given.shape)
        case .list(let items), .tuple(let items):
            var flat: [DataValue] = []
            let shape = try flatten(value, into: &flat, depth: 0)
            array = try ArrayValue(converting: flat, to: element, shape: items.isEmpty ? [0] : shape)
        default: throw DeviceError(.wrongType, "expected an array, not \(value.kind)")
        }
        for (length, limit) in zip(array.shape, capacity) where limit > 0 && length > limit {
            throw DeviceError(.outOfRange, "the array's shape is \(array.shape); at most \(capacity) fits")
        }
        return .array(array)
    }

    private static func flatten(
        _ value: DataValue, into flat: inout [DataValue], depth: Int
    ) throws(DeviceError) -> [Int] {
        guard case .list(let items) = value else {
            flat.append(value)
            return []
        }
        guard depth < 16 else { throw DeviceError(.wrongType, "an array of more than 16 dimensions") }
        var inner: [Int]?
        for item in items {
            let shape = try flatten(item, into: &flat, depth: depth + 1)
            guard inner == nil || inner == shape else {
                throw DeviceError(.wrongType, "the list's rows differ in length")
            }
            inner = shape
        }
        return [items.count] + (inner ?? [])
    }
}

extension ArrayValue {
    /// An array of any numbers, converted one by one.
    convenience init(converting values: [DataValue], to element: ElementType, shape: [Int]) throws(DeviceError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * element.size)
        func append<T: BitwiseCopyable>(_ value: T) {
            unsafe withUnsafeBytes(of: value) { raw in unsafe bytes.append(contentsOf: raw) }
        }
        for value in values {
            let number = try ValueType.number(element).convert(value)
            switch element {
            case .bool: append(UInt8(number == .bool(true) ? 1 : 0))
            case .int8: append(Int8(truncatingIfNeeded: number.integer ?? 0))
            case .int16: append(Int16(truncatingIfNeeded: number.integer ?? 0))
            case .int32: append(Int32(truncatingIfNeeded: number.integer ?? 0))
            case .int64: append(number.integer ?? 0)
            case .uint8: append(UInt8(truncatingIfNeeded: number.integer ?? 0))
            case .uint16: append(UInt16(truncatingIfNeeded: number.integer ?? 0))
            case .uint32: append(UInt32(truncatingIfNeeded: number.integer ?? 0))
            case .uint64:
                if case .unsigned(let big) = number {
                    append(big)
                } else {
                    append(UInt64(truncatingIfNeeded: number.integer ?? 0))
                }
            case .float32: append(Float(number.double ?? 0))
            case .float64: append(number.double ?? 0)
            }
        }
        guard shape.reduce(1, *) == values.count else {
            throw DeviceError(.wrongType, "the array's shape \(shape) does not hold \(values.count) numbers")
        }
        self.init(trusted: element, shape: shape, bytes: bytes)
    }
}
