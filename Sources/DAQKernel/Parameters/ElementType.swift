// Part of daqd
// SPDX-License-Identifier: MIT

/// The type of a number as a wire or a file stores it.
public enum ElementType: String, Sendable, CaseIterable {
    /// One byte, 0 or 1.
    case bool
    /// Signed, 8 bits.
    case int8
    /// Signed, 16 bits.
    case int16
    /// Signed, 32 bits.
    case int32
    /// Signed, 64 bits.
    case int64
    /// Unsigned, 8 bits.
    case uint8
    /// Unsigned, 16 bits.
    case uint16
    /// Unsigned, 32 bits.
    case uint32
    /// Unsigned, 64 bits.
    case uint64
    /// IEEE 754, 32 bits.
    case float32
    /// IEEE 754, 64 bits.
    case float64

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// Whether it is a whole number.
    public var isInteger: Bool {
        switch self {
        case .bool, .float32, .float64: false
        default: true
        }
    }

    /// The least and the greatest value, as doubles (64-bit ends are rounded); `nil` for floats and truth values.
    public var range: ClosedRange<Double>? {
        switch self {
        case .bool, .float32, .float64: nil
        case .int8: -128...127
        case .int16: -32768...32767
        case .int32: -2_147_483_648...2_147_483_647
        case .int64: -0x1p63...0x1p63
        case .uint8: 0...255
        case .uint16: 0...65535
        case .uint32: 0...4_294_967_295
        case .uint64: 0...0x1p64
        }
    }
}

/// A Swift type that an array value can hold.
public protocol ArrayElement: BitwiseCopyable, Sendable {
    /// How it is named in declarations and files.
    static var elementType: ElementType { get }
}

extension Bool: ArrayElement {
    /// Truth values.
    public static var elementType: ElementType { .bool }
}
extension Int8: ArrayElement {
    /// Signed, 8 bits.
    public static var elementType: ElementType { .int8 }
}
extension Int16: ArrayElement {
    /// Signed, 16 bits.
    public static var elementType: ElementType { .int16 }
}
extension Int32: ArrayElement {
    /// Signed, 32 bits.
    public static var elementType: ElementType { .int32 }
}
extension Int64: ArrayElement {
    /// Signed, 64 bits.
    public static var elementType: ElementType { .int64 }
}
extension Int: ArrayElement {
    /// Signed, 64 bits.
    public static var elementType: ElementType { .int64 }
}
extension UInt8: ArrayElement {
    /// Unsigned, 8 bits.
    public static var elementType: ElementType { .uint8 }
}
extension UInt16: ArrayElement {
    /// Unsigned, 16 bits.
    public static var elementType: ElementType { .uint16 }
}
extension UInt32: ArrayElement {
    /// Unsigned, 32 bits.
    public static var elementType: ElementType { .uint32 }
}
extension UInt64: ArrayElement {
    /// Unsigned, 64 bits.
    public static var elementType: ElementType { .uint64 }
}
extension Float: ArrayElement {
    /// IEEE 754, 32 bits.
    public static var elementType: ElementType { .float32 }
}
extension Double: ArrayElement {
    /// IEEE 754, 64 bits.
    public static var elementType: ElementType { .float64 }
}
