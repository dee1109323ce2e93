// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Elements of the kernel's arrays in the types and the byte order of the wire.
@safe
enum ArrayConversion {
    /// Writes the first `count` elements, which the array has, as `target` to memory that holds them.
    static func write(
        _ array: ArrayValue, _ count: Int, as target: NativeType, precision: Int, to memory: UnsafeMutableRawPointer
    ) {
        switch array.elementType {
        case .bool, .uint8: unsafe wholes(array, count, UInt8.self, as: target, to: memory)
        case .int8: unsafe wholes(array, count, Int8.self, as: target, to: memory)
        case .int16: unsafe wholes(array, count, Int16.self, as: target, to: memory)
        case .uint16: unsafe wholes(array, count, UInt16.self, as: target, to: memory)
        case .int32: unsafe wholes(array, count, Int32.self, as: target, to: memory)
        case .uint32: unsafe wideWholes(array, count, UInt32.self, as: target, to: memory)
        case .int64: unsafe wideWholes(array, count, Int64.self, as: target, to: memory)
        case .uint64: unsafe wideWholes(array, count, UInt64.self, as: target, to: memory)
        case .float32:
            unsafe floats(array, count, as: target, to: memory) { (value: UInt32) in
                Double(Float(bitPattern: value))
            } text: {
                NumberText.text(Float(bitPattern: $0), precision: precision)
            }
        case .float64:
            unsafe floats(array, count, as: target, to: memory) { (value: UInt64) in
                Double(bitPattern: value)
            } text: {
                NumberText.text(Double(bitPattern: $0), precision: precision)
            }
        @unknown default: unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * target.size)
        }
    }

    /// Whole numbers that have a native type of their own.
    @inline(__always)
    private static func wholes<Source: FixedWidthInteger & BitwiseCopyable>(
        _ array: ArrayValue, _ count: Int, _: Source.Type, as target: NativeType, to memory: UnsafeMutableRawPointer
    ) {
        switch target {
        case .char: unsafe each(array, count, memory) { (value: Source) in UInt8(truncatingIfNeeded: value) }
        case .short, .enum:
            unsafe each(array, count, memory) { (value: Source) in UInt16(truncatingIfNeeded: value).bigEndian }
        case .long:
            unsafe each(array, count, memory) { (value: Source) in UInt32(truncatingIfNeeded: value).bigEndian }
        case .float: unsafe each(array, count, memory) { (value: Source) in Float(value).bitPattern.bigEndian }
        case .double: unsafe each(array, count, memory) { (value: Source) in Double(value).bitPattern.bigEndian }
        case .string: unsafe texts(array, count, memory) { (value: Source) in String(value) }
        }
    }

    /// Whole numbers that the wire knows as DOUBLE only.
    @inline(__always)
    private static func wideWholes<Source: FixedWidthInteger & BitwiseCopyable>(
        _ array: ArrayValue, _ count: Int, _: Source.Type, as target: NativeType, to memory: UnsafeMutableRawPointer
    ) {
        if target == .string {
            unsafe texts(array, count, memory) { (value: Source) in String(value) }
        } else {
            unsafe reals(array, count, as: target, to: memory) { (value: Source) in Double(value) }
        }
    }

    @inline(__always)
    private static func floats<Source: FixedWidthInteger & BitwiseCopyable>(
        _ array: ArrayValue, _ count: Int, as target: NativeType, to memory: UnsafeMutableRawPointer,
        _ double: (Source) -> Double, text: (Source) -> String
    ) {
        if target == .string {
            unsafe texts(array, count, memory, text)
        } else if target.size == MemoryLayout<Source>.size, target == .float || target == .double {
            unsafe each(array, count, memory) { (value: Source) in value.bigEndian }
        } else {
            unsafe reals(array, count, as: target, to: memory, double)
        }
    }

    @inline(__always)
    private static func reals<Source: BitwiseCopyable>(
        _ array: ArrayValue, _ count: Int, as target: NativeType, to memory: UnsafeMutableRawPointer,
        _ double: (Source) -> Double
    ) {
        switch target {
        case .char:
            unsafe each(array, count, memory) { (value: Source) in
                NumberConversion.saturated(double(value), to: UInt8.self)
            }
        case .short:
            unsafe each(array, count, memory) { (value: Source) in
                NumberConversion.saturated(double(value), to: Int16.self).bigEndian
            }
        case .enum:
            unsafe each(array, count, memory) { (value: Source) in
                NumberConversion.saturated(double(value), to: UInt16.self).bigEndian
            }
        case .long:
            unsafe each(array, count, memory) { (value: Source) in
                NumberConversion.saturated(double(value), to: Int32.self).bigEndian
            }
        case .float:
            unsafe each(array, count, memory) { (value: Source) in
                NumberConversion.narrowed(double(value)).bitPattern.bigEndian
            }
        case .double, .string:
            unsafe each(array, count, memory) { (value: Source) in double(value).bitPattern.bigEndian }
        }
    }

    @inline(__always)
    private static func each<Source: BitwiseCopyable, Target: BitwiseCopyable>(
        _ array: ArrayValue, _ count: Int, _ memory: UnsafeMutableRawPointer, _ convert: (Source) -> Target
    ) {
        unsafe array.withBytes { raw in
            for index in 0..<count {
                let value = unsafe raw.loadUnaligned(
                    fromByteOffset: index &* MemoryLayout<Source>.size, as: Source.self)
                unsafe memory.storeBytes(
                    of: convert(value), toByteOffset: index &* MemoryLayout<Target>.size, as: Target.self)
            }
        }
    }

    private static func texts<Source: BitwiseCopyable>(
        _ array: ArrayValue, _ count: Int, _ memory: UnsafeMutableRawPointer, _ text: (Source) -> String
    ) {
        unsafe array.withBytes { raw in
            for index in 0..<count {
                let value = unsafe raw.loadUnaligned(
                    fromByteOffset: index &* MemoryLayout<Source>.size, as: Source.self)
                unsafe write(text(value), to: memory + index * NativeType.string.size)
            }
        }
    }

    /// A short text of digits in a field of 40 bytes.
    private static func write(_ text: String, to memory: UnsafeMutableRawPointer) {
        let width = NativeType.string.size
        var position = 0
        for byte in text.utf8.prefix(width - 1) {
            unsafe memory.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
            position += 1
        }
        unsafe (memory + position).initializeMemory(as: UInt8.self, repeating: 0, count: width - position)
    }
}
