// Part of daqd
// SPDX-License-Identifier: MIT

/// Numbers of one type in any number of dimensions, row-major, in the host's byte order; passed by reference.
public final class ArrayValue: Sendable {
    /// Type of one element.
    public let elementType: ElementType
    /// Length of each dimension, slowest first.
    public let shape: [Int]
    /// The elements' bytes.
    public let bytes: [UInt8]

    /// Elements in all.
    public var count: Int { bytes.count / elementType.size }

    /// An array from its raw bytes.
    /// - Returns: `nil` when shape and number of bytes do not fit.
    public init?(_ elementType: ElementType, shape: [Int], bytes: [UInt8]) {
        var size = elementType.size
        for length in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: length)
            guard length >= 0, !overflow else { return nil }
            size = product
        }
        guard size == bytes.count else { return nil }
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
    }

    init(trusted elementType: ElementType, shape: [Int], bytes: [UInt8]) {
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
    }

    /// A one-dimensional array.
    public init<Element: ArrayElement>(_ elements: [Element]) {
        elementType = Element.elementType
        shape = [elements.count]
        bytes = unsafe elements.withUnsafeBytes { raw in unsafe Array(raw) }
    }

    /// The elements, if they are of that type.
    public func elements<Element: ArrayElement>(as _: Element.Type = Element.self) -> [Element]? {
        guard Element.elementType == elementType else { return nil }
        return unsafe bytes.withUnsafeBytes { raw in
            (0..<count).map { unsafe raw.loadUnaligned(fromByteOffset: $0 * elementType.size, as: Element.self) }
        }
    }

    /// One element as the erased value; the index counts row-major.
    public subscript(index: Int) -> DataValue {
        unsafe bytes.withUnsafeBytes { raw in
            let offset = index * elementType.size
            func load<T: BitwiseCopyable>(_: T.Type) -> T {
                unsafe raw.loadUnaligned(fromByteOffset: offset, as: T.self)
            }
            return switch elementType {
            case .bool: .bool(load(UInt8.self) != 0)
            case .int8: .integer(Int64(load(Int8.self)))
            case .int16: .integer(Int64(load(Int16.self)))
            case .int32: .integer(Int64(load(Int32.self)))
            case .int64: .integer(load(Int64.self))
            case .uint8: .integer(Int64(load(UInt8.self)))
            case .uint16: .integer(Int64(load(UInt16.self)))
            case .uint32: .integer(Int64(load(UInt32.self)))
            case .uint64: DataValue(load(UInt64.self))
            case .float32: .float(Double(load(Float.self)))
            case .float64: .float(load(Double.self))
            }
        }
    }
}

extension ArrayValue: Equatable {
    /// Equal in type, shape and bytes.
    public static func == (left: ArrayValue, right: ArrayValue) -> Bool {
        left === right
            || (left.elementType == right.elementType && left.shape == right.shape && left.bytes == right.bytes)
    }
}
