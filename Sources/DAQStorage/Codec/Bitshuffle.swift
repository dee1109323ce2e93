// Part of daqd
// SPDX-License-Identifier: MIT

/// The bit transpose of the bitshuffle format: all first bits of a block, then all second bits, and so on.
///
/// Shape: a block of `n` elements (a multiple of 8) of `w` bytes becomes `w * 8` planes of `n / 8` bytes; plane order
/// is byte 0 bit 0,
/// byte 0 bit 1 … byte w-1 bit 7; within a plane, element `i` is bit `i % 8` of byte `i / 8`.
///
/// How: 64 elements are `8 * w` words of 8 bytes. Swapping bits of the word's *number* with bits of the position *in*
/// the word is a
/// butterfly between two words, so three layers bring the bytes of one significance together and three more the bits.
/// Each
/// butterfly works on two groups of 64 elements at once, which every 64-bit processor has registers for.
enum Bitshuffle {
    /// Two groups of 64 elements, side by side.
    private typealias Lanes = SIMD2<UInt64>
    private static let groupElements = 128

    /// Transposes `count` elements (a multiple of 8) of `size` bytes (1, 2, 4 or 8).
    static func shuffle(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int, size: Int) {
        unsafe withScratch { scratch in
            let plane = count / 8
            let whole = count / groupElements
            for group in 0..<whole {
                unsafe shuffleGroup(
                    source + group * groupElements * size, target + group * 16, plane: plane, size: size, scratch)
            }
            let rest = count - whole * groupElements
            guard rest > 0 else { return }
            unsafe withPadding { padding in
                let planes = unsafe padding + groupElements * 8
                unsafe padding.copyMemory(from: source + whole * groupElements * size, byteCount: rest * size)
                unsafe shuffleGroup(padding, planes, plane: 16, size: size, scratch)
                for index in 0..<size * 8 {
                    unsafe (target + index * plane + whole * 16)
                        .copyMemory(from: planes + index * 16, byteCount: rest / 8)
                }
            }
        }
    }

    /// Undoes `shuffle`.
    static func unshuffle(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int, size: Int) {
        unsafe withScratch { scratch in
            let plane = count / 8
            let whole = count / groupElements
            for group in 0..<whole {
                unsafe unshuffleGroup(
                    source + group * 16, target + group * groupElements * size, plane: plane, size: size, scratch)
            }
            let rest = count - whole * groupElements
            guard rest > 0 else { return }
            unsafe withPadding { padding in
                let planes = unsafe padding + groupElements * 8
                for index in 0..<size * 8 {
                    unsafe (planes + index * 16)
                        .copyMemory(from: source + index * plane + whole * 16, byteCount: rest / 8)
                }
                unsafe unshuffleGroup(planes, padding, plane: 16, size: size, scratch)
                unsafe (target + whole * groupElements * size).copyMemory(from: padding, byteCount: rest * size)
            }
        }
    }

    @inline(__always)
    private static func withScratch(_ body: (UnsafeMutablePointer<Lanes>) -> Void) {
        unsafe withUnsafeTemporaryAllocation(of: Lanes.self, capacity: 64) { buffer in
            if let base = buffer.baseAddress { unsafe body(base) }
        }
    }

    /// Room for one padded group of elements and its planes, zeroed.
    private static func withPadding(_ body: (UnsafeMutableRawPointer) -> Void) {
        unsafe withUnsafeTemporaryAllocation(byteCount: groupElements * 16, alignment: 16) { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: groupElements * 16)
            unsafe body(base)
        }
    }

    // MARK: - One group

    @inline(__always)
    private static func shuffleGroup(
        _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, plane: Int, size: Int,
        _ scratch: UnsafeMutablePointer<Lanes>
    ) {
        let second = unsafe source + 64 * size
        for column in 0..<size {
            @inline(__always) func load(_ row: Int) -> Lanes {
                let offset = (row * size + column) * 8
                return unsafe Lanes(
                    source.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
                    second.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            var words = Words(load(0), load(1), load(2), load(3), load(4), load(5), load(6), load(7))
            words.exchangeBytes()
            unsafe words.store(scratch + column * 8, stride: 1)
        }
        for byte in 0..<size {
            var words = unsafe Words(scratch + byte, stride: size)
            words.exchangeBits()
            let base = unsafe target + byte * 8 * plane
            @inline(__always) func store(_ bit: Int, _ value: Lanes) {
                unsafe base.storeBytes(of: value, toByteOffset: bit * plane, as: Lanes.self)
            }
            store(0, words.w0)
            store(1, words.w1)
            store(2, words.w2)
            store(3, words.w3)
            store(4, words.w4)
            store(5, words.w5)
            store(6, words.w6)
            store(7, words.w7)
        }
    }

    @inline(__always)
    private static func unshuffleGroup(
        _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, plane: Int, size: Int,
        _ scratch: UnsafeMutablePointer<Lanes>
    ) {
        for byte in 0..<size {
            let base = unsafe source + byte * 8 * plane
            @inline(__always) func load(_ bit: Int) -> Lanes {
                unsafe base.loadUnaligned(fromByteOffset: bit * plane, as: Lanes.self)
            }
            var words = Words(load(0), load(1), load(2), load(3), load(4), load(5), load(6), load(7))
            words.exchangeBits()
            unsafe words.store(scratch + byte, stride: size)
        }
        let second = unsafe target + 64 * size
        for column in 0..<size {
            var words = unsafe Words(scratch + column * 8, stride: 1)
            words.exchangeBytes()
            @inline(__always) func store(_ row: Int, _ value: Lanes) {
                let offset = (row * size + column) * 8
                unsafe target.storeBytes(of: value[0], toByteOffset: offset, as: UInt64.self)
                unsafe second.storeBytes(of: value[1], toByteOffset: offset, as: UInt64.self)
            }
            store(0, words.w0)
            store(1, words.w1)
            store(2, words.w2)
            store(3, words.w3)
            store(4, words.w4)
            store(5, words.w5)
            store(6, words.w6)
            store(7, words.w7)
        }
    }

    /// Eight words in registers, and the butterflies between them.
    private struct Words {
        var w0: Lanes, w1: Lanes, w2: Lanes, w3: Lanes, w4: Lanes, w5: Lanes, w6: Lanes, w7: Lanes

        @inline(__always)
        init(_ w0: Lanes, _ w1: Lanes, _ w2: Lanes, _ w3: Lanes, _ w4: Lanes, _ w5: Lanes, _ w6: Lanes, _ w7: Lanes) {
            (self.w0, self.w1, self.w2, self.w3) = (w0, w1, w2, w3)
            (self.w4, self.w5, self.w6, self.w7) = (w4, w5, w6, w7)
        }

        @inline(__always)
        init(_ base: UnsafeMutablePointer<Lanes>, stride: Int) {
            unsafe self.init(
                base[0], base[stride], base[2 * stride], base[3 * stride],
                base[4 * stride], base[5 * stride], base[6 * stride], base[7 * stride])
        }

        @inline(__always)
        func store(_ base: UnsafeMutablePointer<Lanes>, stride: Int) {
            unsafe base[0] = w0
            unsafe base[stride] = w1
            unsafe base[2 * stride] = w2
            unsafe base[3 * stride] = w3
            unsafe base[4 * stride] = w4
            unsafe base[5 * stride] = w5
            unsafe base[6 * stride] = w6
            unsafe base[7 * stride] = w7
        }

        /// Swaps the three bits of the word's number with the three bits of the byte's number in the word.
        @inline(__always)
        mutating func exchangeBytes() {
            layers(
                (32, 0x0000_0000_FFFF_FFFF), (16, 0x0000_FFFF_0000_FFFF), (8, 0x00FF_00FF_00FF_00FF))
        }

        /// Swaps the three bits of the word's number with the three bits of the bit's number in its byte.
        @inline(__always)
        mutating func exchangeBits() {
            layers((4, 0x0F0F_0F0F_0F0F_0F0F), (2, 0x3333_3333_3333_3333), (1, 0x5555_5555_5555_5555))
        }

        @inline(__always)
        private mutating func layers(_ high: (UInt64, UInt64), _ middle: (UInt64, UInt64), _ low: (UInt64, UInt64)) {
            Self.butterfly(&w0, &w4, high)
            Self.butterfly(&w1, &w5, high)
            Self.butterfly(&w2, &w6, high)
            Self.butterfly(&w3, &w7, high)
            Self.butterfly(&w0, &w2, middle)
            Self.butterfly(&w1, &w3, middle)
            Self.butterfly(&w4, &w6, middle)
            Self.butterfly(&w5, &w7, middle)
            Self.butterfly(&w0, &w1, low)
            Self.butterfly(&w2, &w3, low)
            Self.butterfly(&w4, &w5, low)
            Self.butterfly(&w6, &w7, low)
        }

        @inline(__always)
        private static func butterfly(_ a: inout Lanes, _ b: inout Lanes, _ step: (shift: UInt64, mask: UInt64)) {
            let shift = Lanes(repeating: step.shift)
            let difference = ((a &>> shift) ^ b) & Lanes(repeating: step.mask)
            b ^= difference
            a ^= difference &<< shift
        }
    }
}
