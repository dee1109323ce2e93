// Part of daqd
// SPDX-License-Identifier: MIT

/// Least, greatest and sum of an image's pixels; masked ones, which have all bits set, do not count.
struct ImageStatistics: Sendable, Equatable {
    var least: UInt32 = .max
    var greatest: UInt32 = 0
    var sum: UInt64 = 0
    /// Pixels that count.
    var count = 0

    init(_ image: MonitorImage) {
        switch image.bits {
        case 8: add(image.pixels, UInt8.self)
        case 16: add(image.pixels, UInt16.self)
        default: add(image.pixels, UInt32.self)
        }
        if count == 0 { least = 0 }
    }

    private mutating func add<Pixel: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ bytes: [UInt8], _: Pixel.Type
    ) {
        var (least, greatest, sum, count) = (Pixel.max, Pixel.min, UInt64(0), 0)
        unsafe bytes.withUnsafeBytes { raw in
            for offset in stride(from: 0, to: raw.count, by: MemoryLayout<Pixel>.size) {
                let pixel = unsafe Pixel(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Pixel.self))
                if pixel == .max { continue }
                least = min(least, pixel)
                greatest = max(greatest, pixel)
                sum &+= UInt64(pixel)
                count += 1
            }
        }
        self = ImageStatistics(least: UInt32(least), greatest: UInt32(greatest), sum: sum, count: count)
    }

    private init(least: UInt32, greatest: UInt32, sum: UInt64, count: Int) {
        self.least = least
        self.greatest = greatest
        self.sum = sum
        self.count = count
    }
}

extension MonitorImage {
    /// The image for a display: where it has more pixels than that, each square of pixels becomes their greatest.
    ///
    /// Masked pixels count only where a square has no others.
    func binned(to pixelLimit: Int) -> MonitorImage {
        var factor = 1
        while (rows / factor) * (columns / factor) > pixelLimit { factor += 1 }
        guard factor > 1 else { return self }
        var small = self
        small.rows = rows / factor
        small.columns = columns / factor
        switch bits {
        case 8: small.pixels = bin(UInt8.self, factor, small)
        case 16: small.pixels = bin(UInt16.self, factor, small)
        default: small.pixels = bin(UInt32.self, factor, small)
        }
        return small
    }

    private func bin<Pixel: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _: Pixel.Type, _ factor: Int, _ small: MonitorImage
    ) -> [UInt8] {
        let size = MemoryLayout<Pixel>.size
        var result = [UInt8](repeating: 0, count: small.rows * small.columns * size)
        unsafe pixels.withUnsafeBytes { raw in
            unsafe result.withUnsafeMutableBytes { target in
                for row in 0..<small.rows {
                    for column in 0..<small.columns {
                        var greatest: Pixel?
                        for place in 0..<factor * factor {
                            let y = row * factor + place / factor
                            let x = column * factor + place % factor
                            let offset = (y * columns + x) * size
                            let pixel = unsafe Pixel(
                                littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: Pixel.self))
                            if pixel != .max { greatest = max(greatest ?? 0, pixel) }
                        }
                        unsafe target.storeBytes(
                            of: (greatest ?? .max).littleEndian,
                            toByteOffset: (row * small.columns + column) * size, as: Pixel.self)
                    }
                }
            }
        }
        return result
    }
}
