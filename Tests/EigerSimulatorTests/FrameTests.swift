// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Testing

@testable import EigerSimulator

/// Images: reproducible, masked, and each with its number, in every depth and compression.
@Suite("Images")
struct FrameTests {
    private static let pattern = FramePattern(DetectorModel.all[0], seed: 7)

    @Test("the same seed gives the same image, another seed or variant another one")
    func reproducible() {
        let again = FramePattern(DetectorModel.all[0], seed: 7)
        let other = FramePattern(DetectorModel.all[0], seed: 8)
        let image: [UInt16] = Self.pattern.render(variant: 3, masked: .max)
        #expect(image == again.render(variant: 3, masked: .max))
        #expect(image != other.render(variant: 3, masked: .max))
        #expect(image != Self.pattern.render(variant: 4, masked: .max))
    }

    @Test("masked pixels have all bits set, the others do not")
    func masked() {
        let image: [UInt16] = Self.pattern.render(variant: 0, masked: .max)
        #expect(image.count { $0 == .max } == Self.pattern.excludedPixels)
        #expect(Self.pattern.excludedPixels == 24)
        #expect(zip(image, Self.pattern.mask).allSatisfy { ($0 == .max) == ($1 != 0) })
        let counts = image.filter { $0 != .max }.map(Double.init)
        let mean = counts.reduce(0, +) / Double(counts.count)
        #expect(mean > 0.1 && mean < 20)
    }

    @Test("gaps between modules are masked")
    func gaps() throws {
        let model = try #require(DetectorModel.named("eiger2-1m"))
        #expect((model.columns, model.rows) == (1028, 1062))
        let pattern = FramePattern(model, seed: 1)
        #expect(pattern.mask.count { $0 == FramePattern.MaskBit.gap } == 1028 * 38)
    }

    @Test("sizes of all models are those of the detectors")
    func sizes() {
        let sizes = DetectorModel.all.map { "\($0.name) \($0.columns)x\($0.rows)" }
        #expect(
            sizes == [
                "eiger2-500k 1028x512", "eiger2-1m 1028x1062", "eiger2-4m 2068x2162", "eiger2-9m 3108x3262",
                "eiger2-16m 4148x4362", "eiger-500k 1030x514", "eiger-r-1m 1030x1065", "eiger-4m 2070x2167",
                "eiger-9m 3110x3269", "eiger-16m 4150x4371", "pilatus4-260k 513x530", "pilatus4-1m 1033x1080",
                "pilatus4-2m 1553x1630", "pilatus4-4m 2073x2180",
            ])
    }

    @Test("each stored frame expands to its image with its own number", arguments: [8, 16, 32], PixelCodec.allCases)
    func stored(bits: Int, codec: PixelCodec) throws {
        let format = FrameFormat(bits: bits, codec: codec, masksToZero: false)
        let ring = try FrameRing(Self.pattern, format)
        for (image, series) in [(UInt32(0), UInt16(1)), (5, 2), (1_234_567, 65_000)] {
            let mark = FrameMark(image: image, series: series)
            var expected = Self.pixels(bits, variant: Int(image) % FrameRing.length)
            for (pixel, byte) in mark.bytes.enumerated() {
                for part in 0..<format.bytesPerPixel {
                    expected[pixel * format.bytesPerPixel + part] = part == 0 ? byte : 0
                }
            }
            #expect(try Self.expand(ring.frame(mark), format) == expected)
        }
    }

    private static func pixels(_ bits: Int, variant: Int) -> [UInt8] {
        func bytes<Pixel: FixedWidthInteger & UnsignedInteger>(_: Pixel.Type) -> [UInt8] {
            let image: [Pixel] = pattern.render(variant: variant, masked: .max)
            return image.withUnsafeBytes { Array($0) }
        }
        return bits == 8 ? bytes(UInt8.self) : bits == 16 ? bytes(UInt16.self) : bytes(UInt32.self)
    }

    private static func expand(_ blob: [UInt8], _ format: FrameFormat) throws -> [UInt8] {
        let size = pattern.mask.count * format.bytesPerPixel
        return switch format.codec {
        case .none: blob
        case .lz4: try LZ4.decode(blob, byteCount: size)
        case .bslz4: try BitshuffleLZ4.decode(blob, elementSize: format.bytesPerPixel, byteCount: size)
        }
    }
}
