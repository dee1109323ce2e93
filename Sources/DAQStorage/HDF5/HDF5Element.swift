// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// What one element of a dataset or attribute is.
public struct HDF5ElementType: Hashable, Sendable, CustomStringConvertible {
    /// Integers with and without sign, floating point, text, and everything else.
    public enum Kind: Int, Sendable {
        case unsigned = 0
        case signed = 1
        case float = 2
        case string = 3
        case other = 4
    }
    /// How the bytes are understood.
    public var kind: Kind
    /// Bytes of one element.
    public var size: Int

    /// Makes a type; not every size exists for every kind.
    public init(_ kind: Kind, size: Int) {
        self.kind = kind
        self.size = size
    }

    /// Unsigned integers of 8, 16, 32 and 64 bits, as detectors deliver pixels.
    public static let uint8 = Self(.unsigned, size: 1)
    /// 16-bit pixels.
    public static let uint16 = Self(.unsigned, size: 2)
    /// 32-bit pixels.
    public static let uint32 = Self(.unsigned, size: 4)
    /// 64-bit counters.
    public static let uint64 = Self(.unsigned, size: 8)
    /// Single precision.
    public static let float32 = Self(.float, size: 4)
    /// Double precision.
    public static let float64 = Self(.float, size: 8)

    /// The name as NumPy has it: `uint16`, `float32`.
    public var description: String {
        switch kind {
        case .unsigned: "uint\(size * 8)"
        case .signed: "int\(size * 8)"
        case .float: "float\(size * 8)"
        case .string: "string"
        case .other: "a compound or other type of \(size) bytes"
        }
    }

    /// The library's own identifier of the type in memory; never to be closed.
    @HDF5
    func native() throws(StorageError) -> hid_t {
        let id = kind.rawValue <= 2 ? daqd_h5_type(Int32(kind.rawValue), size) : -1
        guard id >= 0 else { throw .invalid("HDF5 has no number type for \(self)") }
        return id
    }

    @HDF5
    init(of type: hid_t) {
        let size = Int(H5Tget_size(type))
        switch H5Tget_class(type) {
        case H5T_INTEGER: self.init(H5Tget_sign(type) == H5T_SGN_NONE ? .unsigned : .signed, size: size)
        case H5T_FLOAT: self.init(.float, size: size)
        case H5T_STRING: self.init(.string, size: size)
        default: self.init(.other, size: size)
        }
    }
}

/// A number that HDF5 can store as it is.
public protocol HDF5Element: BitwiseCopyable, Sendable {
    /// The type in files.
    static var hdf5Type: HDF5ElementType { get }
    /// A value to fill memory with before it is read into.
    static var hdf5Zero: Self { get }
}

extension HDF5Element where Self: FixedWidthInteger {
    /// The integer type of this width and sign.
    public static var hdf5Type: HDF5ElementType {
        HDF5ElementType(isSigned ? .signed : .unsigned, size: MemoryLayout<Self>.size)
    }
    /// Zero.
    public static var hdf5Zero: Self { 0 }
}

extension HDF5Element where Self: BinaryFloatingPoint {
    /// The floating-point type of this width.
    public static var hdf5Type: HDF5ElementType { HDF5ElementType(.float, size: MemoryLayout<Self>.size) }
    /// Zero.
    public static var hdf5Zero: Self { 0 }
}

extension Int8: HDF5Element {}
extension Int16: HDF5Element {}
extension Int32: HDF5Element {}
extension Int64: HDF5Element {}
extension UInt8: HDF5Element {}
extension UInt16: HDF5Element {}
extension UInt32: HDF5Element {}
extension UInt64: HDF5Element {}
extension Float: HDF5Element {}
extension Double: HDF5Element {}
