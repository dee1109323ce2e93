// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import ServerTesting
import Synchronization
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Images of the detector's monitor while a series runs.
@Suite("Live view")
struct LiveViewTests {
    @Test("images come as frames and parameters, only newer ones, and agree with the files' marks")
    func series() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.liveSource = .monitor }
        defer { bench.remove() }
        try await bench.untilIdle()
        try await eventually("the monitor is on") { try bench.value("monitor/config/mode") == .string("enabled") }
        let source = try #require(bench.node.frameSources["monitor"])
        let frames = source.subscribe(.everyDropping(capacity: 1000))
        try await bench.set("series/exposure_time", .float(120))
        try await bench.set("series/frame_time", .float(0.1))
        let series = try bench.start("acquire")
        try await eventually("three images are shown") { source.count >= 3 }
        try await bench.call("stop")
        _ = try await series.result()
        var numbers: [Int64] = []
        while numbers.count < 3, let frame = await frames.next() {
            #expect(frame.shape == [512, 1028])
            #expect(frame.channel == "monitor")
            let number = try #require(frame.metadata.first { $0.0 == "image" }?.1.integer)
            #expect(Int64(frame.index) == number - 1)
            numbers.append(number)
        }
        // In order, none twice.
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        try await bench.set("series/exposure_time", .float(2))
        try await bench.call("acquire")
        try await eventually("the last image is shown") { try bench.value("live/number") == .integer(20) }
        guard case .array(let image) = try bench.value("live/image") else {
            Issue.record("no image")
            return
        }
        #expect(image.shape == [512, 1028])
        let shown = try bench.view("areadetector")
        #expect(shown.member("ArrayData")?.sample.value == .array(image))
        #expect(shown.member("ArrayData")?.metadata.type == .array(image.elementType, capacity: [512, 1028]))
        shown.close()
        // The simulator's mark: the first four pixels are the image's index.
        #expect((0..<4).map { image[$0].integer ?? -1 } == [19, 0, 0, 0])
        let most = try #require(try bench.value("live/max").integer)
        #expect(most > 0 && most < 65535)
        #expect(try #require(try bench.value("live/sum").integer) > most)
        await bench.stop()
    }

    @Test("nothing is asked while nothing is exposed, and nothing at all when it is off")
    func quiet() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.liveSource = .off }
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("series/exposure_time", .float(0.3))
        try await bench.set("series/frame_time", .float(0.1))
        try await bench.call("acquire")
        #expect(try await simulated.requests().contains { $0.contains("/images/") } == false)
        #expect(try await simulated.requests().contains { $0.hasPrefix("PUT") && $0.contains("monitor") } == false)
        await bench.stop()
    }

    @Test("switching it on and off switches the detector's monitor, while it is idle")
    func switching() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.liveSource = .off }
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("live/enabled", .bool(true))
        #expect(try bench.value("monitor/config/mode") == .string("enabled"))
        try await bench.set("live/enabled", .bool(false))
        #expect(try bench.value("monitor/config/mode") == .string("disabled"))
        await bench.stop()
    }

    @Test("the monitor by hand: list, one image, next, latest")
    func byHand() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.liveSource = .monitor }
        defer { bench.remove() }
        try await bench.untilIdle()
        try await eventually("the monitor is on") { try bench.value("monitor/config/mode") == .string("enabled") }
        try await bench.set("series/exposure_time", .float(0.3))
        try await bench.set("series/frame_time", .float(0.1))
        try await bench.call("acquire")
        let listed = try await bench.call("monitor/images").json.text
        #expect(listed == "[[1,[1,2,3]]]")
        func mark(_ value: DataValue) throws -> Int64 {
            guard case .array(let image) = value else { throw DeviceError(.failed, "no array") }
            return image[0].integer ?? -1
        }
        #expect(try mark(await bench.call("monitor/image", Arguments([.integer(1), .integer(2)]))) == 1)
        #expect(try mark(await bench.call("monitor/next")) == 0)
        #expect(try mark(await bench.call("monitor/latest")) == 2)
        #expect(try await bench.call("monitor/images").json.text == "[[1,[2,3]]]")
        let error = await #expect(throws: DeviceError.self) {
            try await bench.call("monitor/image", Arguments([.integer(9), .integer(9)]))
        }
        #expect(error?.code == .notFound)
        await bench.stop()
    }
}
