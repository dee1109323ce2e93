// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What an encoder has written: text, and the places where large arrays belong in it.
struct PYONText: Sendable {
    /// How large arrays are sent.
    enum Arrays: Sendable {
        /// As base64 within the text.
        case base64
        /// As their bytes after the line, to clients that named `raw_arrays`.
        case raw
    }

    /// A large array, whose base64 belongs before the byte of that number.
    struct Place: Sendable {
        var offset: Int
        var block: PixelBlock
    }

    /// Arrays of at least so many bytes are kept apart and not copied.
    static let largeArray = 8192

    let version: PYONVersion
    let arrays: Arrays
    var bytes: [UInt8] = []
    var places: [Place] = []

    init(_ version: PYONVersion, arrays: Arrays = .base64) {
        self.version = version
        self.arrays = arrays
    }

    /// The whole text in one piece, for tests and small values.
    var joined: [UInt8] {
        guard !places.isEmpty else { return bytes }
        var joined: [UInt8] = []
        var start = 0
        for place in places {
            joined += bytes[start..<place.offset]
            if arrays == .base64 {
                unsafe place.block.withBytes { raw in unsafe Base64.append(Array(raw), to: &joined) }
            }
            start = place.offset
        }
        joined += bytes[start...]
        if arrays == .raw {
            for place in places { unsafe place.block.withBytes { raw in unsafe joined.append(contentsOf: raw) } }
        }
        return joined
    }

    mutating func append(_ text: StaticString) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }

    mutating func append(_ number: UInt64) { append(String(number)) }

    mutating func append(_ number: Int) { append(Int64(number)) }

    /// Short numbers are what most replies are, and are written without a text in between.
    mutating func append(_ number: Int64) {
        guard (0..<100_000).contains(number) else { return append(String(number)) }
        var (rest, scale) = (number, Int64(1))
        while scale * 10 <= rest { scale *= 10 }
        while scale > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / scale))
            rest %= scale
            scale /= 10
        }
    }
}
