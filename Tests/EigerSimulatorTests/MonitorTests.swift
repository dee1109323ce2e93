// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import HTTPTesting
import Testing

@testable import EigerSimulator

/// Monitor images over HTTP (K2-11).
@Suite("Monitor images")
struct MonitorTests {
    static let images = "/monitor/api/1.8.0/images"

    /// A detector whose monitor has seen a series.
    private func bench(
        images: Int = 4, size: Int = 10, discardsNew: Bool = false,
        _ change: (inout SimulatorOptions) -> Void = { _ in }
    ) async throws -> Bench {
        let bench = try Bench(change)
        try await bench.prepare(images: images, perFile: 100, frameTime: 0.2)
        try await bench.set("monitor", "mode", "\"enabled\"")
        try await bench.set("monitor", "buffer_size", "\(size)")
        try await bench.set("monitor", "discard_new", "\(discardsNew)")
        try await bench.series()
        return bench
    }

    private func status(_ bench: Bench, _ key: String) async throws -> JSON? {
        try await bench.json("GET", "/monitor/api/1.8.0/status/\(key)")["value"]
    }

    @Test("K2-11: the list, one image of it, the newest, the next one; 404 and 408")
    func list() async throws {
        let bench = try await bench()
        #expect(try await bench.json("GET", "\(Self.images)/") == .array([.array([1, .array([1, 2, 3, 4])])]))
        #expect(try await status(bench, "buffer_fill_level") == .array([4, 10]))
        #expect(try await bench.ask("GET", "\(Self.images)/1/5").status == 404)
        #expect(try await bench.ask("GET", "\(Self.images)/1/x").status == 404)
        #expect(try await bench.ask("GET", "\(Self.images)/1/2/2").status == 404)
        #expect(try TIFF(try await bench.ask("GET", "\(Self.images)/1/2").body).integer(3) == 2)
        #expect(try TIFF(try await bench.ask("GET", "\(Self.images)/monitor").body).integer(3) == 4)
        for id in 1...4 {
            let reply = try await bench.ask("GET", "\(Self.images)/next?timeout=10")
            #expect(reply["Content-Type"] == "application/tiff")
            #expect(try TIFF(reply.body).integer(3) == id)
        }
        #expect(try await bench.ask("GET", "\(Self.images)/next?timeout=1").status == 408)
        #expect(try await bench.ask("GET", "\(Self.images)/monitor?timeout=1").status == 200)
        #expect(try await bench.ask("GET", "\(Self.images)/monitor?timeout=x").status == 400)
    }

    @Test("K2-11: pixels right behind the header, the directory after them, private tags with what the image is")
    func tags() async throws {
        let bench = try await bench()
        let reply = try await bench.ask("GET", "\(Self.images)/1/3")
        let image = try TIFF(reply.body)
        #expect((image.columns, image.rows) == (1028, 512))
        #expect(image.pixels.count == 1028 * 512 * image.bitsPerPixel / 8)
        #expect(Array(reply.body[8..<8 + image.pixels.count]) == image.pixels)
        let step = image.bitsPerPixel / 8
        #expect((0..<8).map { image.pixels[$0 * step] } == FrameMark(image: 2, series: 1).bytes)
        #expect(image.integer(0) == 0)
        #expect(image.text(1)?.utf8.count == 26)
        #expect(image.integer(2) == 1)
        #expect(image.text(4)?.contains("T") == true)
        #expect(image.integer(5) == 1)
        #expect(image.doubles(6) == [8047.78 / 2])
        #expect(image.doubles(9) == [8047.78])
        #expect(image.doubles(0x16).count == 2)
    }

    @Test("K2-11: a full memory overflows and drops the newest or the oldest", arguments: [true, false])
    func overflow(discardsNew: Bool) async throws {
        let bench = try await bench(images: 5, size: 2, discardsNew: discardsNew)
        let kept = discardsNew ? [1, 2] : [4, 5]
        let list = try await bench.json("GET", "\(Self.images)/")
        #expect(list == .array([.array([1, .array(kept.map { .integer(Int64($0)) })])]))
        #expect(try await status(bench, "state") == "overflow")
        #expect(try await status(bench, "dropped") == 3)
        _ = try await bench.ask("GET", "\(Self.images)/next")
        #expect(try await status(bench, "state") == "normal")
        try await bench.json("PUT", "/monitor/api/1.8.0/command/clear")
        #expect(try await bench.json("GET", "\(Self.images)/") == .array([]))
        #expect(try TIFF(try await bench.ask("GET", "\(Self.images)/monitor").body).integer(3) == 5)
        try await bench.json("PUT", "/monitor/api/1.8.0/command/initialize")
        #expect(try await bench.ask("GET", "\(Self.images)/monitor?timeout=1").status == 408)
    }

    @Test("K2-11: who waits for an image gets it during the series; a mode changes only while idle")
    func waiting() async throws {
        let bench = try Bench(speed: 1)
        try await bench.prepare(images: 200, perFile: 1000, frameTime: 0.1)
        try await bench.set("monitor", "mode", "\"enabled\"")
        try await bench.command("arm")
        #expect(
            try await bench.json("PUT", "/monitor/api/1.8.0/config/mode", #"{"value":"disabled"}"#) == .array([]))
        async let trigger = bench.ask("PUT", "/detector/api/1.8.0/command/trigger")
        let reply = try await bench.ask("GET", "\(Self.images)/next?timeout=30000")
        #expect(try TIFF(reply.body).integer(3) == 1)
        #expect(try await bench.state() == "acquire")
        try await bench.command("abort")
        #expect(try await trigger.status == 200)
    }

    @Test("K2-11: several thresholds come one by one; an odd unit shows images out of order; 1.6 has no private tags")
    func variants() async throws {
        let bench = try Bench { $0.quirks = [.monitorOutOfOrder] }
        try await bench.prepare(images: 3, perFile: 100, frameTime: 0.2)
        try await bench.set("detector", "threshold/2/mode", "\"enabled\"")
        try await bench.set("monitor", "mode", "\"enabled\"")
        try await bench.series()
        var shown: [Int?] = []
        for _ in 0..<3 { shown.append(try TIFF(try await bench.ask("GET", "\(Self.images)/monitor").body).integer(3)) }
        #expect(shown == [2, 3, 2])
        let two = try TIFF(try await bench.ask("GET", "\(Self.images)/1/1/2").body)
        #expect(two.integer(5) == 2)
        #expect(two.pixels != (try TIFF(try await bench.ask("GET", "\(Self.images)/1/1/1").body).pixels))
        for (id, threshold) in [(1, 1), (1, 2), (2, 1)] {
            let image = try TIFF(try await bench.ask("GET", "\(Self.images)/next").body)
            #expect([image.integer(3), image.integer(5)] == [id, threshold])
        }
        let early = try Bench { $0.model = "eiger-500k" }
        let base = "/detector/api/1.6.0"
        try await early.json("PUT", "\(base)/command/initialize")
        for (path, value) in [
            ("\(base)/config/trigger_mode", "\"ints\""), ("\(base)/config/ntrigger", "1"),
            ("/monitor/api/1.6.0/config/mode", "\"enabled\""),
        ] { try await early.json("PUT", path, #"{"value":\#(value)}"#) }
        for command in ["arm", "trigger", "disarm"] { try await early.json("PUT", "\(base)/command/\(command)") }
        let image = try TIFF(try await early.ask("GET", "/monitor/api/1.6.0/images/monitor").body)
        #expect((image.columns, image.rows, image.details.count) == (1030, 514, 0))
        let number = try await early.json("GET", "/monitor/api/1.6.0/status/monitor_image_number")["value"]
        #expect(number?.array?.prefix(2) == [1, 1])
    }
}
