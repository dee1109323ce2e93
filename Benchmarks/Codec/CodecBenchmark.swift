// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Glibc

/// Speed of the pixel codecs on one core, beside plain memory copies of the same frame in the same run.
@main
enum CodecBenchmark {
    static let rows = 2167
    static let columns = 2070

    static func main() throws {
        print("frame \(columns) x \(rows), one core, best of 15, GB/s of expanded pixels")
        print("pixels     memcpy  bslz4 encode  bslz4 decode  lz4 encode  lz4 decode  bslz4 size")
        try measure("uint16", photons(mean: 3).map { UInt16($0) })
        try measure("uint32", photons(mean: 3).map { UInt32($0) })
        try measure("uint8", photons(mean: 1).map { UInt8(min($0, 255)) })
        try measure("dark", [UInt16](repeating: 0, count: rows * columns))
    }

    /// Counts as a detector has them: background with photon noise, a few bright spots, masked gaps.
    static func photons(mean: Double) -> [Int] {
        var state: UInt64 = 20_261_121
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        let limit = exp(-mean)
        return (0..<rows * columns).map { index in
            if index / columns % 514 > 476 || index % columns % 1040 > 1029 { return 255 }
            if random() < 0.0005 { return Int(random() * 250) }
            var (count, product) = (0, random())
            while product > limit {
                count += 1
                product *= random()
            }
            return count
        }
    }

    static func measure<Pixel: FixedWidthInteger>(_ name: String, _ pixels: [Pixel]) throws {
        let size = MemoryLayout<Pixel>.size
        let byteCount = pixels.count * size
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        let packed = UnsafeMutableRawBufferPointer.allocate(
            byteCount: BitshuffleLZ4.bound(byteCount: byteCount), alignment: 64)
        defer {
            unsafe source.deallocate()
            unsafe target.deallocate()
            unsafe packed.deallocate()
        }
        unsafe pixels.withUnsafeBytes { unsafe source.copyMemory(from: $0) }
        let input = UnsafeRawBufferPointer(source)

        let copy = best { unsafe target.copyMemory(from: input) }
        var used = 0
        let encode = try best {
            used = unsafe try BitshuffleLZ4.encode(input, elementSize: size, into: packed)
        }
        let chunk = unsafe UnsafeRawBufferPointer(rebasing: packed[..<used])
        let decode = try best { unsafe try BitshuffleLZ4.decode(chunk, elementSize: size, into: target) }
        guard unsafe target.elementsEqual(source) else {
            throw StorageError(.damaged, "the decoded frame differs")
        }
        var plain: [UInt8] = []
        let plainEncode = try best { plain = unsafe try LZ4.encode(input) }
        let plainDecode = try best { _ = try LZ4.decode(plain, byteCount: byteCount) }
        func column(_ seconds: Double, _ width: Int) -> String { padded(Double(byteCount) / seconds / 1e9, width) }
        print(
            name + String(repeating: " ", count: 8 - name.count), column(copy, 8), column(encode, 13),
            column(decode, 13), column(plainEncode, 11), column(plainDecode, 11),
            padded(100 * Double(used) / Double(byteCount), 10) + " %")
    }

    /// The shortest of 15 runs, in seconds: what the machine can do when nothing else disturbs it.
    static func best(_ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        var shortest = Duration.seconds(3600)
        for _ in 0..<15 { shortest = min(shortest, try clock.measure(body)) }
        return Double(shortest.components.attoseconds) / 1e18 + Double(shortest.components.seconds)
    }

    static func padded(_ value: Double, _ width: Int) -> String {
        let hundredths = Int((value * 100).rounded())
        let digits = "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
        return String(repeating: " ", count: max(0, width - digits.count)) + digits
    }
}
