// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("long runs", .serialized)
struct LongRunTests {
    /// Fetches like a client that stalls now and then; says what it got and what it was told to be lost.
    private struct Client {
        var delivered = 0
        var told = 0
        var next = 1
        var isOrdered = true

        mutating func take(_ value: DataValue) -> Bool {
            guard case .dictionary(let entries) = value else { return false }
            let index = Int(entries.first { $0.key == .string("index") }?.value.integer ?? 0)
            let lost = Int(entries.first { $0.key == .string("lost_before") }?.value.integer ?? 0)
            if index != next + lost { isOrdered = false }
            delivered += 1
            told += lost
            next = index + 1
            return true
        }
    }

    @Test(
        "100,000 images with random stalls: each index is delivered or counted as lost, in the client's view and in the record"
    )
    func randomStalls() async throws {
        let bench = try await Bench("speed=10 start=20 cameras=897:1 buffer=960000") {
            $0.pipeline.images = 3000
            $0.start.exposure = 0
        }
        try await bench.untilIdle()
        let subscription = bench.device.acquirer.frames.subscribe(.everyBlocking(capacity: 500))
        let consumer = Task {
            var count = 0
            while await subscription.next() != nil {
                count += 1
                // A writer that stalls makes the camera's own buffer overrun.
                if count % 20_011 == 0 { try? await Task.sleep(for: .milliseconds(Int.random(in: 300...500))) }
            }
            return count
        }
        try await bench.call("start_acquisition_with_watcher")
        var client = Client()
        while bench.sim.counter("acquired") < 100_000 {
            for _ in 0..<Int.random(in: 1...5000) where !client.take(try await bench.call("get_frame")) {
                try await Task.sleep(for: .milliseconds(1))
                break
            }
            if Int.random(in: 0..<10) == 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 1...120))) }
        }
        let stop = try bench.start("stop_data_watcher")
        while !stop.status.state.isFinal { _ = client.take(try await bench.call("get_frame", .float(0.01))) }
        while client.take(try await bench.call("get_frame")) {}
        subscription.cancel()
        _ = await consumer.value
        let streamed = Int(bench.device.acquirer.frames.count)
        let acquired = bench.sim.counter("acquired")
        let record = try #require(try await bench.records().first)
        #expect(acquired >= 100_000)
        #expect(client.isOrdered)
        #expect(client.delivered + client.told + (acquired - client.next + 1) == acquired)
        #expect(record.frames.missing == Int64(acquired - client.delivered))
        #expect(record.state == (client.delivered == acquired ? .done : .failed))
        #expect(streamed + bench.sim.counter("lost") == acquired)
        await bench.stop()
    }

    @Test("10,000 images of a small region at 1 kHz from an external trigger: none lost, indices without a gap (E7.7)")
    func externalSeries() async throws {
        let bench = try await Bench("speed=10 start=20 cameras=897:1 trigger_hz=1000") {
            $0.pipeline.images = 20_000
            $0.start.mode = .kinetic
            $0.start.frames = 10_000
            $0.start.trigger = .external
            $0.start.exposure = 0.0001
            $0.start.region = [1, 20, 1, 20]
        }
        try await bench.untilIdle()
        // The whole sensor's shifts take longer than a millisecond; a cropped region's do not.
        for (name, value) in [("width", 20), ("height", 20)] {
            try await bench.set("crop/" + name, .integer(Int64(value)))
        }
        try await bench.set("crop/active", .bool(true))
        #expect(try bench.number("acquisition/actual_kinetic_cycle") < 0.001)
        try await bench.call("acquire")
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done, "\(record.result ?? "")")
        // No trigger came while the camera was not ready: it really was one image each millisecond.
        #expect(bench.sim.counter("triggers_ignored") == 0)
        var index = 0
        while case .array(let images) = try await bench.call("get_images", .integer(1000)) {
            let pixels = try #require(images.elements(as: UInt16.self))
            for image in 0..<images.shape[0] {
                index += 1
                #expect(pixels[image * 400] == UInt16(index))
            }
        }
        #expect(index == 10_000)
        await bench.stop()
    }
}
