// Part of daqd
// SPDX-License-Identifier: MIT
import CPNG
@testable import DAQKernel
import DAQStorage
import Foundation
import Testing

@testable import StandardOperations

@Suite("thumbnail")
struct ThumbnailTests {
    let site: Site
    init() throws { site = try Site() }

    @Test("the first frame as PNG beside the data; a second run finds it there")
    func whole() async throws {
        let files = try await site.series("run_1", frames: [2, 3])
        let operation = try site.operation("{type: thumbnail}")
        let path = site.path("run_1_thumbnail.png")
        for attempt in 1...2 {
            let result = try await site.run(operation, site.record(files, expected: 5, received: 5), attempt: attempt)
            #expect(result.note == "frame 0 of 5 as 60 x 40 pixels in \(path)")
            #expect(result.artifacts.map(\.path) == [path])
            #expect(result.artifacts[0].role == .thumbnail)
            #expect(result.artifacts[0].sha256 == SHA256.hash(try site.bytes(path)))
        }
        let picture = try decode(site.bytes(path))
        #expect(picture.width == 60 && picture.height == 40)
        #expect(picture[7, 3] == FramePicture.maskColour)
        #expect(picture[1000 % 60, 1000 / 60] == .init(red: 254, green: 254, blue: 254))
        #expect(picture[0, 0].red < 60)
        #expect(site.names(site.root).filter { $0.hasPrefix(".") } == [])
    }

    @Test(
        "first, middle and last are frames of the series, whichever file they are in",
        arguments: ["first", "middle", "last"])
    func frames(choice: String) async throws {
        let files = try await site.series("run_1", frames: [2, 3])
        let operation = try site.operation("{type: thumbnail, frame: \(choice)}")
        let result = try await site.run(operation, site.record(files, expected: 5, received: 5))
        let frame = ["first": 0, "middle": 2, "last": 4][choice] ?? 0
        #expect(result.note.hasPrefix("frame \(frame) of 5"))
        let picture = try decode(site.bytes(result.artifacts[0].path))
        let bright = (0..<40 * 60).filter {
            picture[$0 % 60, $0 / 60].red == 254 && picture[$0 % 60, $0 / 60].blue == 254
        }
        #expect(bright.contains(1000 + frame))
    }

    @Test("other folders, inverted, small, and uncompressed frames")
    func settings() async throws {
        let files = try await site.series("run_1", frames: [1], filter: .none)
        let operation = try site.operation(
            "{type: thumbnail, size: 16, inverted: true, scale: linear, binning: mean, "
                + "destination: '\(site.path("pictures"))/{date}'}"
        )
        let result = try await site.run(operation, site.record(files, expected: 1, received: 1))
        #expect(result.artifacts[0].path == site.path("pictures/2026-11-21/run_1_thumbnail.png"))
        let picture = try decode(site.bytes(result.artifacts[0].path))
        #expect(picture.width == 15 && picture.height == 10)
        #expect(picture[0, 0].red > 150)
    }

    @Test("no frame, a damaged frame and a strange filter are said, not drawn")
    func troubles() async throws {
        let operation = try site.operation("{type: thumbnail}")
        let empty = await site.failure(operation, site.record([], expected: 1, received: 1))
        #expect(empty == PostOperationError(.permanent, "nothing to draw: the files hold no frame"))
        let stopped = site.record([], expected: 9, received: 0, state: .aborted, stop: AcquisitionStop(.user))
        #expect(try await site.run(operation, stopped).note == "nothing to draw: the files hold no frame")

        let path = site.path("bad_data_000001.h5")
        try await HDF5.run {
            let file = try HDF5File.create(path)
            let data = try file.createDataset(
                "entry/data/data", .frames(.uint16, count: 1, rows: 40, columns: 60, filter: .bitshuffleLZ4))
            var chunk = try BitshuffleLZ4.encode([UInt16](repeating: 3, count: 2400))
            chunk[13] = 0xFF
            try data.writeChunk(at: [0, 0, 0], chunk)
            try file.close()
        }
        let record = site.record([try await site.artifact("bad_data_000001.h5", .data)], expected: 1, received: 1)
        let bad = await site.failure(operation, record)
        #expect(bad.kind == .permanent)
        #expect(bad.message.hasPrefix("frame 0 of \(path) cannot be drawn: a compressed frame announces a block of"))
    }

    @Test("another picture of that name stays, and nothing is left beside it")
    func nameTaken() async throws {
        let files = try await site.series("run_1", frames: [1])
        let path = site.path("run_1_thumbnail.png")
        try site.write([1, 2, 3], path)
        let error = await site.failure(
            try site.operation("{type: thumbnail}"), site.record(files, expected: 1, received: 1))
        #expect(error == PostOperationError(.permanent, "\(path) exists with other content; nothing was replaced"))
        #expect(try site.bytes(path) == [1, 2, 3])
        #expect(site.names(site.root).filter { $0.hasPrefix(".") } == [])
    }

    @Test("what is wrong with a configuration is said")
    func configuration() {
        #expect(site.refusal("{type: thumbnail, low: 60, high: 50}").contains("is not below high"))
        #expect(site.refusal("{type: thumbnail, frame: best}").contains("frame"))
        #expect(site.refusal("{type: thumbnail, size: 5}").contains("size"))
        #expect(site.refusal("{type: thumbnail, destination: '/a/{x}'}").contains("unknown place {x}"))
    }

    // MARK: - Drawing alone

    private func frame<Pixel: FixedWidthInteger & HDF5Element>(_ rows: Int, _ columns: Int, _ pixels: [Pixel])
        -> HDF5Frame
    {
        HDF5Frame(
            rows: rows, columns: columns, elementType: Pixel.hdf5Type, bytes: pixels.withUnsafeBytes { Array($0) })
    }

    @Test("masked, saturated and flagged pixels take no part in contrast")
    func masks() throws {
        let pixels: [UInt16] = [0, 10, 20, 30, 65535, 5000, 40, 40]
        let picture = FramePicture(scale: .linear, lowPercentile: 0, highPercentile: 100)
        let image = try picture.draw(
            frame(2, 4, pixels), mask: [0, 0, 0, 0, 0, 0, 0, 1], saturation: 4000)
        #expect(image.pixels == [0, 64, 127, 191, 255, 255, 254, 255])
        #expect(image.palette[255] == FramePicture.maskColour)
        let wrongMask = try picture.draw(frame(2, 4, pixels), mask: [1], saturation: 4000)
        #expect(wrongMask.pixels[7] == 254)
    }

    @Test("bins hold the largest or the mean of their valid pixels")
    func bins() throws {
        let pixels: [UInt8] = [0, 8, 255, 255, 4, 0, 255, 255]
        var picture = FramePicture(largestSide: 2, scale: .linear, binning: .max, lowPercentile: 0, highPercentile: 100)
        #expect(try picture.draw(frame(2, 4, pixels)).pixels == [0, 255])
        picture.binning = .mean
        let mean = try picture.draw(frame(2, 4, [0, 8, 6, 6, 4, 0, 255, 255] as [UInt8]))
        #expect(mean.width == 2 && mean.height == 1)
        #expect(mean.pixels == [0, 254])
    }

    @Test("every element type, and frames without contrast or without a valid pixel")
    func types() throws {
        let picture = FramePicture()
        #expect(try picture.draw(frame(1, 3, [1, 2, 3] as [UInt8])).pixels.last == 254)
        #expect(try picture.draw(frame(1, 3, [1, 2, 3] as [UInt64])).pixels.last == 254)
        #expect(try picture.draw(frame(1, 3, [-5, 2, 3] as [Int32])).pixels.first == 0)
        #expect(try picture.draw(frame(1, 3, [Int16.max, 2, 3] as [Int16])).pixels.first == 254)
        #expect(try picture.draw(frame(1, 2, [UInt32.max, .max - 1])).pixels == [255, 255])
        #expect(try picture.draw(frame(1, 3, [7, 7, 7] as [UInt32])).pixels == [0, 0, 0])
        let floats = HDF5Frame(
            rows: 1, columns: 3, elementType: .float32,
            bytes: [Float.nan, 1, .infinity].withUnsafeBytes { Array($0) })
        #expect(try picture.draw(floats).pixels == [255, 0, 255])
        let lies = HDF5Frame(rows: 2, columns: 2, elementType: .uint16, bytes: [1, 2, 3])
        #expect(throws: PictureError.self) { try picture.draw(lies) }
    }

    // MARK: - Reading PNG

    private struct Picture {
        var width: Int
        var height: Int
        var bytes: [UInt8]

        subscript(column: Int, row: Int) -> PNGImage.Colour {
            let at = (row * width + column) * 3
            return .init(red: bytes[at], green: bytes[at + 1], blue: bytes[at + 2])
        }
    }

    /// Decodes with libpng's reader; the bytes must be a PNG that strangers can read.
    private func decode(_ bytes: [UInt8]) throws -> Picture {
        var image = png_image()
        image.version = daqd_png_version()
        try #require(png_image_begin_read_from_memory(&image, bytes, bytes.count) != 0)
        image.format = daqd_png_rgb()
        var pixels = [UInt8](repeating: 0, count: Int(image.width) * Int(image.height) * 3)
        try #require(png_image_finish_read(&image, nil, &pixels, 0, nil) != 0)
        return Picture(width: Int(image.width), height: Int(image.height), bytes: pixels)
    }
}
