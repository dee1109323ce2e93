// Part of daqd
// SPDX-License-Identifier: MIT

/// Bytes from hexadecimal digits; spaces are skipped.
func unhex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// The little-endian bytes of numbers.
func bytes<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } }
}

/// Bytes without pattern that are the same in each run.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = Generator(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 32) }
}

/// A small generator whose numbers are the same in each run.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

/// The bytes of an LZ4 block that consists of literals and matches, expanded the slow and obvious way.
func literals(_ block: [UInt8]) throws -> [UInt8] {
    var output: [UInt8] = []
    var index = 0
    func length(_ nibble: UInt8) -> Int {
        var total = Int(nibble)
        guard nibble == 15 else { return total }
        while true {
            let more = block[index]
            index += 1
            total += Int(more)
            if more != 255 { return total }
        }
    }
    while index < block.count {
        let token = block[index]
        index += 1
        let count = length(token >> 4)
        output += block[index..<index + count]
        index += count
        if index >= block.count { break }
        let distance = Int(block[index]) | Int(block[index + 1]) << 8
        index += 2
        for _ in 0..<length(token & 15) + 4 { output.append(output[output.count - distance]) }
    }
    return output
}
