// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// Numbers of one type in any number of dimensions, row-major, in the host's byte order; passed by reference.
public final class ArrayValue: Sendable {
    /// Type of one element.
    public let elementType: ElementType
    /// Length of each dimension, slowest first.
    public let shape: [Int]
    private let storage: Storage

    /// Where the elements are.
    private enum Storage {
        case own([UInt8])
        /// In memory that others share: a frame of a camera.
        case shared(FrameBuffer)
    }

    /// The elements' bytes; of an array over a ``FrameBuffer`` a copy, which ``withBytes(_:)`` spares.
    public var bytes: [UInt8] {
        switch storage {
        case .own(let bytes): bytes
        case .shared(let buffer): unsafe buffer.withBytes { raw in unsafe Array(raw) }
        }
    }

    /// Bytes in all.
    public var byteCount: Int {
        switch storage {
        case .own(let bytes): bytes.count
        case .shared(let buffer): buffer.count
        }
    }

    /// Elements in all.
    public var count: Int { byteCount / elementType.size }

    /// An array from its raw bytes.
    /// - Returns: `nil` when shape and number of bytes do not fit.
    public init?(_ elementType: ElementType, shape: [Int], bytes: [UInt8]) {
        guard Self.size(elementType, shape) == bytes.count else { return nil }
        self.elementType = elementType
        self.shape = shape
        storage = .own(bytes)
    }

    /// An array over memory that stays where it is: nothing is copied.
    /// - Returns: `nil` when shape and number of bytes do not fit.
    public init?(_ elementType: ElementType, shape: [Int], buffer: FrameBuffer) {
        guard Self.size(elementType, shape) == buffer.count else { return nil }
        self.elementType = elementType
        self.shape = shape
        storage = .shared(buffer)
    }

    init(trusted elementType: ElementType, shape: [Int], bytes: [UInt8]) {
        self.elementType = elementType
        self.shape = shape
        storage = .own(bytes)
    }

    /// A one-dimensional array.
    public init<Element: ArrayElement>(_ elements: [Element]) {
        elementType = Element.elementType
        shape = [elements.count]
        storage = .own(unsafe elements.withUnsafeBytes { raw in unsafe Array(raw) })
    }

    /// Bytes of an array of that shape; `nil` when it has none.
    private static func size(_ elementType: ElementType, _ shape: [Int]) -> Int? {
        var size = elementType.size
        for length in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: length)
            guard length >= 0, !overflow else { return nil }
            size = product
        }
        return size
    }

    /// Lends the elements' bytes for the length of a call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch storage {
        case .own(let bytes): try unsafe bytes.withUnsafeBytes { raw in try unsafe body(raw) }
        case .shared(let buffer): try unsafe buffer.withBytes { raw in try unsafe body(raw) }
        }
    }

    /// The elements, if they are of that type.
    public func elements<Element: ArrayElement>(as _: Element.Type = Element.self) -> [Element]? {
        guard Element.elementType == elementType else { return nil }
        return unsafe withBytes { raw in
            (0..<count).map { unsafe raw.loadUnaligned(fromByteOffset: $0 * elementType.size, as: Element.self) }
        }
    }

    /// One element as the erased value; the index counts row-major.
    public subscript(index: Int) -> DataValue {
        unsafe withBytes { raw in
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
        if left === right { return true }
        guard left.elementType == right.elementType, left.shape == right.shape else { return false }
        return unsafe left.withBytes { a in
            unsafe right.withBytes { b in
                guard let first = a.baseAddress, let second = b.baseAddress else { return a.count == b.count }
                return unsafe memcmp(first, second, min(a.count, b.count)) == 0 && a.count == b.count
            }
        }
    }
}
