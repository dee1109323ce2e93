// Part of daqd
// SPDX-License-Identifier: MIT

/// What the simulated detector sees: powder rings, a few spots, and Poisson noise; the same for the same seed.
struct FramePattern: Sendable {
    /// Bits of the pixel mask.
    enum MaskBit {
        static let gap: UInt32 = 1
        static let dead: UInt32 = 2
    }

    /// Pixels across and down.
    let columns: Int
    let rows: Int
    /// Zero where a pixel counts, else why it does not; row-major.
    let mask: [UInt32]
    private let levels: [UInt8]
    private let quantiles: [UInt16]
    private let seed: UInt64

    private static let levelCount = 64
    private static let quantileCount = 1024

    init(_ model: DetectorModel, seed: UInt64) {
        columns = model.columns
        rows = model.rows
        self.seed = seed
        mask = Self.makeMask(model, seed: seed)
        levels = Self.makeLevels(columns: model.columns, rows: model.rows, seed: seed)
        quantiles = (0..<Self.levelCount).flatMap { Self.poissonQuantiles(mean: Self.mean(ofLevel: $0)) }
    }

    /// How many pixels never count.
    var excludedPixels: Int { mask.count { $0 != 0 } }

    /// The pixels of one image, row-major, in the machine's byte order.
    ///
    /// - Parameters:
    ///   - variant: Which of the endless noise patterns.
    ///   - masked: The value of pixels that do not count.
    func render<Pixel: FixedWidthInteger & UnsignedInteger>(variant: Int, masked: Pixel) -> [Pixel] {
        var random = SplitMix64(seed: seed &+ UInt64(variant) &* 0xD1B5_4A32_D192_ED03)
        var frame: [Pixel] = []
        frame.reserveCapacity(levels.count)
        var bits: UInt64 = 0
        for index in levels.indices {
            if index % 6 == 0 { bits = random.next() }
            let quantile = Int(bits & 1023)
            bits >>= 10
            let counts = quantiles[Int(levels[index]) * Self.quantileCount + quantile]
            frame.append(mask[index] == 0 ? Pixel(truncatingIfNeeded: min(counts, 254)) : masked)
        }
        return frame
    }

    private static func makeMask(_ model: DetectorModel, seed: UInt64) -> [UInt32] {
        var mask = [UInt32](repeating: 0, count: model.pixels)
        for row in 0..<model.rows {
            for column in 0..<model.columns where model.isGap(column: column, row: row) {
                mask[row * model.columns + column] = MaskBit.gap
            }
        }
        var random = SplitMix64(seed: seed ^ 0x6465_6164)
        var left = model.family.deadPixels
        while left > 0 {
            let index = Int(random.next() % UInt64(model.pixels))
            guard index >= FrameMark.pixels, mask[index] == 0 else { continue }
            mask[index] = MaskBit.dead
            left -= 1
        }
        return mask
    }

    /// The mean counts of a level: from almost nothing to a strong spot.
    private static func mean(ofLevel level: Int) -> Double {
        let part = Double(level) / Double(levelCount - 1)
        return 0.02 + 120 * part * part * part
    }

    private static func makeLevels(columns: Int, rows: Int, seed: UInt64) -> [UInt8] {
        let (centerX, centerY) = (Double(columns) * 0.48, Double(rows) * 0.53)
        let reach = Double(min(columns, rows)) * 0.5
        let rings: [(radius: Double, strength: Double)] = [(0.22, 0.30), (0.41, 0.24), (0.58, 0.18), (0.83, 0.14)]
        var levels = [UInt8](repeating: 0, count: columns * rows)
        for row in 0..<rows {
            for column in 0..<columns {
                let (x, y) = (Double(column) - centerX, Double(row) - centerY)
                let radius = (x * x + y * y).squareRoot() / reach
                var part = 0.16 / (1 + 6 * radius)
                for ring in rings {
                    let distance = (radius - ring.radius) / 0.012
                    if distance * distance < 9 { part += ring.strength / (1 + distance * distance) }
                }
                levels[row * columns + column] = UInt8(min(1, part) * Double(levelCount - 1))
            }
        }
        var random = SplitMix64(seed: seed ^ 0x7370_6F74)
        for _ in 0..<40 {
            let column = 2 + Int(random.next() % UInt64(columns - 4))
            let row = 2 + Int(random.next() % UInt64(rows - 4))
            for y in -1...1 {
                for x in -1...1 { levels[(row + y) * columns + column + x] = x == 0 && y == 0 ? 63 : 48 }
            }
        }
        return levels
    }

    /// The counts at equally likely steps of a Poisson distribution.
    private static func poissonQuantiles(mean: Double) -> [UInt16] {
        var result: [UInt16] = []
        result.reserveCapacity(quantileCount)
        var counts: UInt16 = 0
        var probability = exponential(-mean)
        var sum = probability
        for step in 0..<quantileCount {
            let wanted = (Double(step) + 0.5) / Double(quantileCount)
            while sum < wanted, counts < 1000 {
                counts += 1
                probability *= mean / Double(counts)
                sum += probability
            }
            result.append(counts)
        }
        return result
    }

    /// The exponential function, by its series on a small argument and repeated squaring.
    private static func exponential(_ value: Double) -> Double {
        let small = value / 1024
        var term = 1.0
        var sum = 1.0
        for order in 1..<12 {
            term *= small / Double(order)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }
}
