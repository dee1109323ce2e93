// Part of daqd
// SPDX-License-Identifier: MIT

/// The frame number that the first eight pixels of every image carry, one byte per pixel, so that it fits all bit depths.
///
/// Pixels 0 to 3 hold the image's index in the series, 4 and 5 the series number, lowest byte first; 6 and 7 are constant.
struct FrameMark: Equatable, Sendable {
    var image: UInt32
    var series: UInt16

    /// How many pixels carry the mark.
    static let pixels = 8

    /// The values of the eight pixels.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: image >> UInt32(shift))) }
        bytes.append(UInt8(truncatingIfNeeded: series))
        bytes.append(UInt8(truncatingIfNeeded: series >> 8))
        return bytes + [0xDA, 0x9D]
    }

    /// The first byte of each of the eight lowest bit planes, once the eight pixels are bit-shuffled.
    var planes: [UInt8] {
        let bytes = bytes
        return (0..<8).map { bit in
            var plane: UInt8 = 0
            for pixel in 0..<Self.pixels { plane |= (bytes[pixel] >> UInt8(bit) & 1) << UInt8(pixel) }
            return plane
        }
    }
}
