// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQStorage

/// How the pixels of a file are stored.
enum PixelCodec: String, Sendable, CaseIterable {
    case none, lz4, bslz4
}

/// What an image looks like on disk; a ring is made once for each.
struct FrameFormat: Hashable, Sendable {
    /// 8, 16 or 32.
    var bits: Int
    var codec: PixelCodec
    /// What pixels that do not count read: all bits set, or zero.
    var masksToZero: Bool

    /// Bytes of one pixel.
    var bytesPerPixel: Int { bits / 8 }
}

/// A few images, compressed once; each frame of a series is one of them with its number written into the compressed bytes.
///
/// The first block is stored so that it has the same length whatever it holds: then a frame number is a matter of a few bytes,
/// and a series of any length costs a copy per frame and no compression.
struct FrameRing: Sendable {
    let format: FrameFormat
    fileprivate let blobs: [[UInt8]]
    fileprivate let markOffsets: [Int]

    /// How many different images a ring has.
    static let length = 8
    /// Bytes of pixels in one block.
    static let blockSize = 8192

    init(_ pattern: FramePattern, _ format: FrameFormat) throws(StorageError) {
        self.format = format
        var blobs: [[UInt8]] = []
        for variant in 0..<Self.length {
            let pixels = Self.render(pattern, format, variant: variant)
            blobs.append(try Self.compress(pixels, format))
        }
        self.blobs = blobs
        markOffsets = Self.markOffsets(format)
    }

    /// The stored bytes of one image of a series; another channel shows another noise.
    func frame(_ mark: FrameMark, channel: Int = 0) -> [UInt8] {
        var blob = blobs[Self.slot(mark, channel)]
        patch(&blob, mark)
        return blob
    }

    /// The pixels of one image of a series, row by row.
    func pixels(_ mark: FrameMark, channel: Int = 0, count: Int) throws(StorageError) -> [UInt8] {
        let stored = frame(mark, channel: channel)
        let size = count * format.bytesPerPixel
        return switch format.codec {
        case .none: stored
        case .lz4: try LZ4.decode(stored, byteCount: size)
        case .bslz4: try BitshuffleLZ4.decode(stored, elementSize: format.bytesPerPixel, byteCount: size)
        }
    }

    /// Which of the images it is.
    fileprivate static func slot(_ mark: FrameMark, _ channel: Int) -> Int { (Int(mark.image) + 3 * channel) % length }

    /// Writes the number of an image over that of another one.
    fileprivate func patch(_ blob: inout [UInt8], _ mark: FrameMark) {
        let values = format.codec == .bslz4 ? mark.planes : mark.bytes
        for (offset, value) in zip(markOffsets, values) { blob[offset] = value }
    }

    /// How many bytes a number of images takes, stored.
    func size(ofImages images: Int) -> Int {
        images * blobs.reduce(0) { $0 + $1.count } / blobs.count
    }

    private static func render(_ pattern: FramePattern, _ format: FrameFormat, variant: Int) -> [UInt8] {
        func bytes<Pixel: FixedWidthInteger & UnsignedInteger>(_ type: Pixel.Type) -> [UInt8] {
            let pixels: [Pixel] = pattern.render(variant: variant, masked: format.masksToZero ? 0 : .max)
            return unsafe pixels.withUnsafeBytes { unsafe [UInt8]($0) }
        }
        return switch format.bits {
        case 8: bytes(UInt8.self)
        case 16: bytes(UInt16.self)
        default: bytes(UInt32.self)
        }
    }

    private static func compress(_ pixels: [UInt8], _ format: FrameFormat) throws(StorageError) -> [UInt8] {
        guard pixels.count > blockSize else {
            throw StorageError(.invalid, "an image of \(pixels.count) bytes is smaller than one block")
        }
        switch format.codec {
        case .none: return pixels
        case .lz4:
            let blob = try LZ4.encode(pixels, blockSize: blockSize)
            return replaceFirstBlock(of: blob, by: Array(pixels[..<blockSize]))
        case .bslz4:
            let blob = try unsafe pixels.withUnsafeBufferPointer { buffer throws(StorageError) in
                let bytes = UnsafeRawBufferPointer(buffer)
                return try unsafe BitshuffleLZ4.encode(bytes, elementSize: format.bytesPerPixel, blockSize: blockSize)
            }
            let planes = bitshuffle(Array(pixels[..<blockSize]), bytesPerPixel: format.bytesPerPixel)
            return replaceFirstBlock(of: blob, by: literals(planes))
        }
    }

    /// Swaps the first of the length-prefixed blocks behind the 12-byte header.
    private static func replaceFirstBlock(of blob: [UInt8], by block: [UInt8]) -> [UInt8] {
        let length = blob[12..<16].reduce(0) { $0 << 8 | Int($1) }
        let prefix = stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: block.count >> $0) }
        return Array(blob[..<12]) + prefix + block + blob[(16 + length)...]
    }

    /// A valid LZ4 block of literals only.
    private static func literals(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes.count - 15
        var block: [UInt8] = [0xF0]
        while rest >= 255 {
            block.append(255)
            rest -= 255
        }
        block.append(UInt8(rest))
        return block + bytes
    }

    /// Bytes that ``literals(_:)`` puts before the literals of one block.
    static let literalHeader = 1 + (blockSize - 15) / 255 + 1

    /// Turns a block of pixels into bit planes, lowest bit first.
    static func bitshuffle(_ block: [UInt8], bytesPerPixel: Int) -> [UInt8] {
        let pixels = block.count / bytesPerPixel
        var planes = [UInt8](repeating: 0, count: block.count)
        for pixel in 0..<pixels {
            for bit in 0..<(bytesPerPixel * 8)
            where block[pixel * bytesPerPixel + bit / 8] >> UInt8(bit % 8) & 1 != 0 {
                planes[bit * pixels / 8 + pixel / 8] |= 1 << UInt8(pixel % 8)
            }
        }
        return planes
    }

    /// Where the bytes of the frame number stand in the stored image.
    private static func markOffsets(_ format: FrameFormat) -> [Int] {
        let pixelStep = format.bytesPerPixel
        return switch format.codec {
        case .none: (0..<FrameMark.pixels).map { $0 * pixelStep }
        case .lz4: (0..<FrameMark.pixels).map { 16 + $0 * pixelStep }
        case .bslz4: (0..<8).map { 16 + literalHeader + $0 * (blockSize / pixelStep / 8) }
        }
    }
}

/// The images of a ring as one writer uses them: copied at their first use, then only their numbers change.
struct FrameCopies: Sendable {
    private var blobs: [[UInt8]]
    private let ring: FrameRing

    init(_ ring: FrameRing) {
        self.ring = ring
        blobs = ring.blobs
    }

    /// The stored bytes of one image of a series; to be let go before the next one is asked for, else they are copied.
    mutating func frame(_ mark: FrameMark, channel: Int = 0) -> [UInt8] {
        let slot = FrameRing.slot(mark, channel)
        ring.patch(&blobs[slot], mark)
        return blobs[slot]
    }
}
