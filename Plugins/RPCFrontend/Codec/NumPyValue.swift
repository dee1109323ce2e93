// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Arrays and scalars of NumPy as values of the kernel.
///
/// What the kernel has no type for (half floats, complex numbers, texts, records, dates) is kept as it came, as an
/// opaque value, so that it can be handed on.
enum NumPyValue {
    static let arrayTag = "nparray"
    static let scalarTag = "npscalar"

    /// An array from shape, type string and base64.
    static func array(_ arguments: [DataValue], at offset: Int) throws(WireError) -> DataValue {
        guard arguments.count == 3, case .string(let typeText) = arguments[1], let shape = shape(arguments[0]) else {
            throw WireError("nparray takes a shape, a type string and base64", at: offset)
        }
        let type = try type(typeText, at: offset)
        let bytes = try PYONTagged.base64(arguments[2], at: offset)
        guard let size = byteCount(shape, itemSize: type.itemSize), size == bytes.count else {
            throw WireError("the array's shape \(shape) of \(typeText) does not fit \(bytes.count) bytes", at: offset)
        }
        guard let element = type.element else {
            return .extended(
                .opaque(tag: arrayTag, .list([.list(shape.map { DataValue($0) }), arguments[1], .bytes(bytes)])))
        }
        guard let array = ArrayValue(element, shape: shape, bytes: type.swapped(bytes)) else {
            throw WireError("the array's shape \(shape) does not fit \(bytes.count) bytes", at: offset)
        }
        return .array(array)
    }

    /// A scalar from its type string and base64.
    static func scalar(_ arguments: [DataValue], at offset: Int) throws(WireError) -> DataValue {
        guard arguments.count == 2, case .string(let typeText) = arguments[0] else {
            throw WireError("npscalar takes a type string and base64", at: offset)
        }
        let type = try type(typeText, at: offset)
        let bytes = try PYONTagged.base64(arguments[1], at: offset)
        guard type.itemSize > 0, bytes.count >= type.itemSize else {
            throw WireError("a scalar of \(typeText) needs \(type.itemSize) bytes, not \(bytes.count)", at: offset)
        }
        let first = Array(bytes.prefix(type.itemSize))
        guard let element = type.element, let array = ArrayValue(element, shape: [1], bytes: type.swapped(first)) else {
            return .extended(.opaque(tag: scalarTag, .list([arguments[0], .bytes(first)])))
        }
        return .extended(.scalar(element, array[0]))
    }

    private static func type(_ text: String, at offset: Int) throws(WireError) -> NumPyType {
        guard let type = NumPyType(text) else {
            throw WireError("“\(text.prefix(40))” is no type of NumPy", at: offset)
        }
        return type
    }

    private static func shape(_ value: DataValue) -> [Int]? {
        switch value {
        case .list(let items), .tuple(let items):
            guard items.count <= 64 else { return nil }
            let lengths = items.compactMap { item -> Int? in
                if case .integer(let length) = item, length >= 0 { Int(exactly: length) } else { nil }
            }
            return lengths.count == items.count ? lengths : nil
        default: return nil
        }
    }

    private static func byteCount(_ shape: [Int], itemSize: Int) -> Int? {
        if shape.contains(0) { return 0 }
        var size = itemSize
        for length in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: length)
            guard !overflow else { return nil }
            size = product
        }
        return size
    }

    /// The bytes of one number.
    static func bytes(_ element: ElementType, _ value: DataValue) -> [UInt8] {
        switch element {
        case .bool: [value.integer == 1 ? 1 : 0]
        case .float32: littleEndian(Float(value.double ?? 0).bitPattern)
        case .float64: littleEndian((value.double ?? 0).bitPattern)
        case .uint64: littleEndian(unsigned(value))
        default: Array(littleEndian(UInt64(bitPattern: value.integer ?? 0)).prefix(element.size))
        }
    }

    private static func unsigned(_ value: DataValue) -> UInt64 {
        if case .unsigned(let number) = value { number } else { UInt64(bitPattern: value.integer ?? 0) }
    }

    private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        (0..<MemoryLayout<T>.size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
