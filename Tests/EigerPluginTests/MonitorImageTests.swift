// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// A monitor image as a detector sends it, made by hand from the recorded layout.
struct MonitorTIFF {
    var columns: UInt32 = 4
    var rows: UInt32 = 3
    var bits: UInt32 = 16
    var pixels: [UInt8]
    /// Tags of the first directory that are changed, added or, with `nil`, left out.
    var changes: [UInt16: [UInt8]?] = [:]
    var details: [[UInt8]] = []

    init(_ values: [UInt16] = (0..<12).map { $0 * 10 }) { pixels = values.flatMap { Self.word($0) } }

    static func word(_ value: UInt16) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8)] }
    static func long(_ value: UInt32) -> [UInt8] { word(UInt16(value & 65535)) + word(UInt16(value >> 16)) }
    static func entry(_ tag: UInt16, _ type: UInt16, _ count: UInt32, _ value: UInt32) -> [UInt8] {
        word(tag) + word(type) + long(count) + long(value)
    }

    /// Header, pixels, directory, private directory.
    var bytes: [UInt8] {
        let directory = UInt32(8 + pixels.count)
        var entries: [(UInt16, [UInt8])] = [
            (256, Self.entry(256, 3, 1, columns)), (257, Self.entry(257, 3, 1, rows)),
            (258, Self.entry(258, 3, 1, bits)), (259, Self.entry(259, 3, 1, 1)), (273, Self.entry(273, 4, 1, 8)),
            (278, Self.entry(278, 3, 1, rows)), (279, Self.entry(279, 4, 1, UInt32(pixels.count))),
            (339, Self.entry(339, 3, 1, 1)),
        ]
        for (tag, change) in changes {
            entries.removeAll { $0.0 == tag }
            if let change { entries.append((tag, change)) }
        }
        let hasDetails = !details.isEmpty
        let size = 2 + 12 * (entries.count + (hasDetails ? 1 : 0)) + 4
        if hasDetails { entries.append((51192, Self.entry(51192, 4, 1, directory + UInt32(size)))) }
        entries.sort { $0.0 < $1.0 }
        var bytes: [UInt8] = [0x49, 0x49, 42, 0] + Self.long(directory) + pixels
        bytes += Self.word(UInt16(entries.count)) + entries.flatMap(\.1) + Self.long(0)
        if hasDetails { bytes += Self.word(UInt16(details.count)) + details.flatMap { $0 } + Self.long(0) }
        return bytes
    }

    /// Series and number as the private directory has them.
    static func numbered(_ series: UInt32, _ number: UInt32) -> MonitorTIFF {
        var tiff = MonitorTIFF()
        tiff.details = [entry(0, 4, 1, 0), entry(2, 4, 1, series), entry(3, 4, 1, number), entry(5, 3, 1, 1)]
        return tiff
    }
}

@Suite("Monitor images")
struct MonitorImageTests {
    typealias Image = EigerPlugin.MonitorImage

    @Test("the recorded layout decodes")
    func decodes() throws {
        let image = try Image(decoding: MonitorTIFF.numbered(7, 21).bytes)
        #expect((image.rows, image.columns, image.bits) == (3, 4, 16))
        #expect(image.pixels == MonitorTIFF().pixels)
        #expect(image.series == 7)
        #expect(image.number == 21)
        #expect(image.thresholds == [1])
        let plain = try Image(decoding: MonitorTIFF().bytes)
        #expect(plain.series == nil && plain.number == nil)
    }

    @Test("no prefix of a good image decodes")
    func truncations() {
        let bytes = MonitorTIFF.numbered(1, 1).bytes
        // The last six bytes fill a short number up and say that there is no further directory; nobody reads them.
        for length in 0..<bytes.count - 6 {
            #expect(throws: WireError.self) { try Image(decoding: Array(bytes.prefix(length))) }
        }
    }

    private static let strange: [(UInt16, [UInt8])] = [
        (259, MonitorTIFF.entry(259, 3, 1, 5)),
        (339, MonitorTIFF.entry(339, 3, 1, 3)),
        (277, MonitorTIFF.entry(277, 3, 1, 3)),
        (258, MonitorTIFF.entry(258, 3, 1, 12)),
        (258, MonitorTIFF.entry(258, 3, 1, 32)),
        (256, MonitorTIFF.entry(256, 3, 1, 0)),
        (256, MonitorTIFF.entry(256, 4, 1, 0xFFFF_FFFF)),
        (257, MonitorTIFF.entry(257, 4, 1, 0x8000_0000)),
        (279, MonitorTIFF.entry(279, 4, 1, 23)),
        (279, MonitorTIFF.entry(279, 4, 1, 0xFFFF_FFFF)),
        (273, MonitorTIFF.entry(273, 4, 1, 0xFFFF_FFF0)),
        (273, MonitorTIFF.entry(273, 4, 1, 4)),
        (273, MonitorTIFF.entry(273, 4, 2, 8)),
        (278, MonitorTIFF.entry(278, 3, 1, 1)),
        (256, MonitorTIFF.entry(256, 2, 1, 4)),
        (256, MonitorTIFF.entry(256, 3, 0xFFFF_FFFF, 4)),
        (51192, MonitorTIFF.entry(51192, 4, 1, 0xFFFF_FFFE)),
        (51192, MonitorTIFF.entry(51192, 3, 2, 8)),
    ]

    @Test("what is not one plain strip is refused", arguments: strange)
    func refuses(tag: UInt16, entry: [UInt8]) {
        var tiff = MonitorTIFF()
        tiff.changes = [tag: entry]
        #expect(throws: WireError.self) { try Image(decoding: tiff.bytes) }
    }

    @Test("missing tags, another byte order and directories without end are refused")
    func structure() {
        for tag: UInt16 in [256, 257, 258, 273, 279] {
            var tiff = MonitorTIFF()
            tiff.changes.updateValue(nil, forKey: tag)
            #expect(throws: WireError.self) { try Image(decoding: tiff.bytes) }
        }
        var bytes = MonitorTIFF().bytes
        bytes[0] = 0x4D
        bytes[1] = 0x4D
        #expect(throws: WireError.self) { try Image(decoding: bytes) }
        var endless = MonitorTIFF().bytes
        endless.replaceSubrange(4..<8, with: MonitorTIFF.long(8))
        #expect(throws: WireError.self) { try Image(decoding: endless) }
        // Twice the same tag.
        var doubled = MonitorTIFF()
        doubled.changes = [257: MonitorTIFF.entry(256, 3, 1, 3)]
        #expect(throws: WireError.self) { try Image(decoding: doubled.bytes) }
    }

    @Test("statistics leave masked pixels out")
    func statistics() throws {
        let image = try Image(decoding: MonitorTIFF([5, 65535, 9, 0, 65535, 1, 2, 3, 4, 5, 6, 7]).bytes)
        let statistics = ImageStatistics(image)
        #expect(statistics.least == 0)
        #expect(statistics.greatest == 9)
        #expect(statistics.sum == 42)
        #expect(statistics.count == 10)
        let masked = try Image(decoding: MonitorTIFF(Array(repeating: 65535, count: 12)).bytes)
        #expect(ImageStatistics(masked).count == 0)
        #expect(ImageStatistics(masked).least == 0)
    }

    @Test("a large image is reduced by the greatest of each square; masked pixels count only alone")
    func binning() throws {
        let image = try Image(
            decoding: MonitorTIFF([1, 65535, 65535, 65535, 7, 2, 65535, 65535, 0, 0, 0, 0]).bytes)
        let small = image.binned(to: 2)
        #expect((small.rows, small.columns) == (1, 2))
        #expect(small.pixels == MonitorTIFF.word(7) + MonitorTIFF.word(65535))
        #expect(image.binned(to: 12) == image)
    }

    @Test("images that come late or again are told from newer ones")
    func order() throws {
        var order = LiveOrder()
        func accepts(_ series: UInt32, _ number: UInt32) throws -> Bool {
            order.accepts(try Image(decoding: MonitorTIFF.numbered(series, number).bytes))
        }
        // As a real unit was seen to send them.
        #expect(
            try [249, 247, 253, 247, 253, 254].map { try accepts(1, $0) } == [true, false, true, false, false, true])
        #expect(try accepts(2, 1))
        #expect(try !accepts(1, 255))
        order.forget()
        #expect(try accepts(1, 1))
        let plain = try Image(decoding: MonitorTIFF().bytes)
        let answers = [order.accepts(plain), order.accepts(plain)]
        #expect(answers == [true, false])
    }
}

@Suite("Mutated monitor images")
struct MonitorImageFuzzTests {
    static let count = ProcessInfo.processInfo.environment["DAQD_FUZZ_COUNT"].flatMap { Int($0) } ?? 20_000

    @Test("they are read or refused, never more")
    func mutations() throws {
        let good = MonitorTIFF.numbered(3, 4).bytes
        var random = SystemRandomNumberGenerator()
        var (read, refused) = (0, 0)
        for _ in 0..<Self.count {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                // The tables rather than the pixels.
                let place =
                    Bool.random(using: &random)
                    ? Int.random(in: 0..<8, using: &random) : Int.random(in: 32..<bytes.count, using: &random)
                bytes[place] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            }
            do {
                let image = try EigerPlugin.MonitorImage(decoding: bytes)
                #expect(image.pixels.count == image.rows * image.columns * image.bits / 8)
                read += 1
            } catch {
                refused += 1
            }
        }
        #expect(read > 0 && refused > 0)
    }
}
