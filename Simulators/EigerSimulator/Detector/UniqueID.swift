// Part of daqd
// SPDX-License-Identifier: MIT

/// Makes ULIDs: 26 characters that sort by time, as `series_unique_id` has them.
enum UniqueID {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// A ULID for a time in milliseconds since 1970 and 80 random bits.
    static func make(milliseconds: UInt64, using random: inout SplitMix64) -> String {
        var text = ""
        for place in (0..<10).reversed() { text.append(alphabet[Int(milliseconds >> (UInt64(place) * 5) & 31)]) }
        for _ in 0..<16 { text.append(alphabet[Int(random.next() >> 59)]) }
        return text
    }
}

/// A small, fast, reproducible source of random numbers.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
