// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The elements of a payload as a client sent them; a missing byte reads as zero, so that no length can lie.
struct SentElements {
    let type: NativeType
    let count: Int
    private let bytes: [UInt8]

    init(_ type: NativeType, count: Int, payload: Span<UInt8>) {
        self.type = type
        // A single short text may come with less than its 40 bytes; everything else has its size.
        let whole = payload.count / type.size
        self.count = min(count, type == .string && count == 1 ? 1 : whole)
        let length = min(payload.count, self.count * type.size)
        bytes = unsafe payload.withUnsafeBytes { raw in unsafe Array(raw.prefix(length)) }
    }

    /// The first elements in the host's byte order, where they were sent as numbers of exactly that type.
    func swapped(_ count: Int, to element: ElementType) -> [UInt8]? {
        switch (type, element) {
        case (.char, .uint8), (.char, .int8): Array(bytes.prefix(count))
        case (.short, .int16), (.enum, .uint16): swapped(count, UInt16.self)
        case (.long, .int32), (.float, .float32): swapped(count, UInt32.self)
        case (.double, .float64): swapped(count, UInt64.self)
        default: nil
        }
    }

    private func swapped<Number: FixedWidthInteger & BitwiseCopyable>(_ count: Int, _: Number.Type) -> [UInt8] {
        let size = MemoryLayout<Number>.size
        let count = min(count, bytes.count / size)
        return unsafe [UInt8](unsafeUninitializedCapacity: count * size) { buffer, initialized in
            guard let target = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
            unsafe bytes.withUnsafeBytes { raw in
                for index in 0..<count {
                    let number = unsafe raw.loadUnaligned(fromByteOffset: index * size, as: Number.self)
                    unsafe target.storeBytes(of: Number(bigEndian: number), toByteOffset: index * size, as: Number.self)
                }
            }
            initialized = count * size
        }
    }

    /// All bytes of a CHAR payload.
    var characters: [UInt8] { type == .char ? bytes : [] }

    /// An element as text, without the NUL: the text itself, or the number in digits with six decimals.
    func text(_ index: Int) -> [UInt8] {
        switch type {
        case .string:
            let start = min(index * 40, bytes.count)
            return Array(bytes[start..<min(start + 40, bytes.count)].prefix { $0 != 0 })
        case .float: return Array(NumberText.text(Float(real(index) ?? 0), precision: 6).utf8)
        case .double: return Array(NumberText.text(real(index) ?? 0, precision: 6).utf8)
        case .short, .enum, .char, .long: return Array(String(whole(index) ?? 0).utf8)
        }
    }

    /// An element as a whole number; floats without their fraction, stopped at the ends; `nil` for a text that is none.
    func whole(_ index: Int) -> Int64? {
        switch type {
        case .string: NumberParsing.integer(text(index), as: Int64.self)
        case .short: Int64(Int16(truncatingIfNeeded: bits(index)))
        case .enum, .char: Int64(bits(index))
        case .long: Int64(Int32(truncatingIfNeeded: bits(index)))
        case .float, .double: NumberConversion.saturated(real(index) ?? 0)
        }
    }

    /// An element as a whole number of a width: texts must fit, floats stop at the ends, integers keep their low bits.
    func integer<Number: FixedWidthInteger>(_ index: Int, as _: Number.Type) -> Int64? {
        switch type {
        case .string: NumberParsing.integer(text(index), as: Number.self).map { Int64(truncatingIfNeeded: $0) }
        case .float, .double:
            Int64(truncatingIfNeeded: NumberConversion.saturated(real(index) ?? 0, to: Number.self))
        case .short, .enum, .char, .long:
            Int64(truncatingIfNeeded: Number(truncatingIfNeeded: whole(index) ?? 0))
        }
    }

    /// An element as a floating-point number; `nil` for a text that is none.
    func real(_ index: Int) -> Double? {
        switch type {
        case .string: NumberParsing.double(text(index))
        case .float: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits(index))))
        case .double: Double(bitPattern: bits(index))
        case .short, .enum, .char, .long: whole(index).map(Double.init)
        }
    }

    private func bits(_ index: Int) -> UInt64 {
        let size = type.size
        let start = index * size
        guard start >= 0, start + size <= bytes.count else { return 0 }
        var value: UInt64 = 0
        for byte in bytes[start..<start + size] { value = value << 8 | UInt64(byte) }
        return value
    }
}

/// Elements that a client sent as an array of the kernel.
struct SentArray {
    /// `nil` when a text among them is not a number.
    let array: ArrayValue?

    init(_ elements: SentElements, _ count: Int, as element: ElementType, native: NativeType) {
        if let bytes = elements.swapped(count, to: element) {
            array = ArrayValue(element, shape: [bytes.count / element.size], bytes: bytes)
            return
        }
        array =
            switch element {
            case .bool:
                Self.make(count) { elements.integer($0, as: UInt8.self).map { UInt8($0 == 0 ? 0 : 1) } }
                    .flatMap { ArrayValue(.bool, shape: [count], bytes: $0.bytes) }
            case .int8: Self.make(count) { elements.integer($0, as: Int8.self).map { Int8(truncatingIfNeeded: $0) } }
            case .uint8: Self.make(count) { elements.integer($0, as: UInt8.self).map { UInt8(truncatingIfNeeded: $0) } }
            case .int16: Self.make(count) { elements.integer($0, as: Int16.self).map { Int16(truncatingIfNeeded: $0) } }
            case .uint16:
                Self.make(count) { elements.integer($0, as: UInt16.self).map { UInt16(truncatingIfNeeded: $0) } }
            case .int32: Self.make(count) { elements.integer($0, as: Int32.self).map { Int32(truncatingIfNeeded: $0) } }
            case .uint32:
                Self.make(count) { elements.integer($0, as: UInt32.self).map { UInt32(truncatingIfNeeded: $0) } }
            case .int64: Self.make(count) { elements.whole($0) }
            case .uint64: Self.make(count) { elements.real($0).map { NumberConversion.saturated($0, to: UInt64.self) } }
            case .float32: Self.make(count) { elements.real($0).map(NumberConversion.narrowed) }
            case .float64: Self.make(count) { elements.real($0) }
            @unknown default: nil
            }
    }

    private static func make<Element: ArrayElement>(_ count: Int, _ element: (Int) -> Element?) -> ArrayValue? {
        var made: [Element] = []
        made.reserveCapacity(count)
        for index in 0..<count {
            guard let next = element(index) else { return nil }
            made.append(next)
        }
        return ArrayValue(made)
    }
}
