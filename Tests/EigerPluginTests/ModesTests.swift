// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import ServerTesting
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Other ways to trigger, to store and to end than the usual one.
@Suite("Modes")
struct ModesTests {
    private func bench(
        _ simulated: SimulatedDetector, exposure: Double, frame: Double, mode: String = "ints",
        _ change: (inout EigerSettings) -> Void = { _ in }
    ) async throws -> Bench {
        let bench = try await Bench(port: simulated.port, change)
        try await bench.set("series/exposure_time", .float(exposure))
        try await bench.set("series/frame_time", .float(frame))
        try await bench.set("series/trigger_mode", .string(mode))
        try await bench.untilIdle()
        return bench
    }

    @Test("inte: one trigger with its exposure for each image")
    func internalEnable() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.15, frame: 0.05, mode: "inte")
        defer { bench.remove() }
        try await bench.call("acquire")
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 3)
        #expect(try await simulated.requests().filter { $0.hasSuffix("command/trigger") }.count == 3)
        await bench.stop()
    }

    @Test("exts: electrical edges drive the series, no trigger is sent")
    func externalSeries() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.2, frame: 0.05, mode: "exts")
        defer { bench.remove() }
        let operation = try bench.start("acquire")
        try await eventually("it waits for triggers") {
            (try? bench.value("detector/status/state")) == .string("ready")
        }
        var edge = HTTPRequest(.post, simulated.base + "/sim/trigger")
        edge.body = Array(#"{"edges":1,"period":0.1,"width":0.01}"#.utf8)
        edge.fields = [HTTPField("Content-Type", "application/json")]
        let reply = try await HTTPClient(name: "test").perform(edge)
        #expect(reply.status == 200, "\(reply.text)")
        _ = try await operation.result()
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 4)
        #expect(try await simulated.requests().contains { $0.hasSuffix("command/trigger") } == false)
        await bench.stop()
    }

    @Test("a series that waits for triggers can be stopped")
    func stopWaiting() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.2, frame: 0.05, mode: "exts")
        defer { bench.remove() }
        let operation = try bench.start("acquire")
        try await eventually("it waits for triggers") {
            (try? bench.value("detector/status/state")) == .string("ready")
        }
        try await bench.call("stop")
        _ = try await operation.result()
        let record = try #require(try await bench.records().first)
        #expect(record.state == .aborted)
        #expect(record.frames.received == 0 || record.frames.received == nil)
        try await bench.untilIdle()
        await bench.stop()
    }

    @Test("all images in the master file")
    func inMaster() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.2, frame: 0.05)
        defer { bench.remove() }
        try await bench.set("series/images_per_file", .integer(0))
        try await bench.call("acquire")
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 4)
        #expect(bench.names == ["eiger_1_master.h5"])
        await bench.stop()
    }

    @Test("the daemon's end stops the series in order and waits for its files")
    func daemonStops() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 600, frame: 0.05)
        defer { bench.remove() }
        try await bench.set("series/images_per_file", .integer(5))
        let operation = try bench.start("acquire")
        try await eventually("the first file is here") { bench.names.contains("eiger_1_data_000001.h5") }
        let log = bench.log
        await bench.device.stop()
        #expect(bench.device.runner.control == nil)
        let status = await operation.end()
        #expect(status.state == .succeeded)
        let record = try #require(try await log.acquisitions(AcquisitionQuery()).records.first)
        #expect(record.state == .aborted)
        #expect(record.stop?.kind == .shutdown)
        #expect(try await simulated.files() == [])
        await bench.stop()
    }

    @Test("while the detector initializes, everything else answers and a series waits for its end")
    func slowInitialize() async throws {
        let simulated = try SimulatedDetector { $0.initializeSeconds = 1.5 }
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        try await eventually("it initializes") { bench.device.runner.lifecycle.isBusy }
        try await bench.set("series/exposure_time", .float(0.1))
        try await bench.set("series/frame_time", .float(0.05))
        try await bench.call("acquire")
        #expect(try #require(try await bench.records().first).state == .done)
        #expect(try await simulated.requests().filter { $0.hasSuffix("command/initialize") }.count == 1)
        await bench.stop()
    }
}
