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
        try await signal(simulated, 1, width: 0.01)
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
        let bench = try await bench(simulated, exposure: 120, frame: 0.05)
        defer { bench.remove() }
        try await bench.set("series/images_per_file", .integer(5))
        let operation = try bench.start("acquire")
        try await eventually("the first file is here") { bench.names.contains("eiger_1_data_000001.h5") }
        let log = bench.log
        await bench.device.stop()
        #expect(bench.device.runner.control == nil)
        let status = await operation.end()
        #expect(status.state == .succeeded, "\(status)")
        let record = try #require(try await log.acquisitions(AcquisitionQuery()).records.first)
        #expect(record.state == .aborted, "\(record.result ?? "")")
        #expect(record.stop?.kind == .shutdown)
        #expect(try await simulated.files() == [])
        await bench.stop()
    }

    @Test("while the detector initializes, everything else answers and a series waits for its end")
    func slowInitialize() async throws {
        try await withBench(isReady: false, before: { try await $0.hold("*/command/initialize") }) { simulated, bench in
            try await bench.untilInitializing()
            let series = try bench.start("acquire")
            try await bench.set("series/frame_time", .float(0.04))
            #expect(try bench.value("series/frame_time") == .float(0.04))
            #expect(!series.status.state.isFinal)
            try await simulated.heal()
            _ = try await series.result()
            #expect(try await bench.record().state == .done)
            #expect(try await simulated.count("initialize") == 1)
        }
    }

    // MARK: - Signals

    /// Gives pulses until so many are taken: one that comes while the detector is busy is lost, as on a real one.
    private func signal(_ simulated: SimulatedDetector, _ edges: Int, width: Double) async throws {
        var left = edges
        try await eventually("the detector has taken \(edges) pulses") {
            let order = #"{"edges":\#(left),"period":0.1,"width":\#(width)}"#
            let reply = try await simulated.post("/sim/trigger", order)
            try #require(reply.status == 200, "\(reply.text)")
            left -= Int(try JSON(parsing: reply.body)["taken"]?.integer ?? 0)
            return left <= 0
        }
    }

    /// A whole series that so many signals drive.
    private func signalled(
        _ bench: Bench, _ simulated: SimulatedDetector, edges: Int, width: Double = 0.02
    ) async throws -> AcquisitionRecord {
        let operation = try bench.start("acquire")
        try await eventually("it waits for signals") {
            let state = try? bench.value("detector/status/state")
            return state == .string("ready") && (try? bench.value("series/armed")) == .bool(true)
        }
        try await signal(simulated, edges, width: width)
        _ = try await operation.result()
        #expect(try await simulated.count("trigger") == 0)
        return try #require(try await bench.records().first)
    }

    @Test("exte: the length of each pulse is one image")
    func externalEnable() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.15, frame: 0.05, mode: "exte")
        defer { bench.remove() }
        let record = try await signalled(bench, simulated, edges: 3)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 3)
        await bench.stop()
    }

    @Test("eies: so many edges are one image fewer")
    func intervals() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.05, frame: 0.05, mode: "eies")
        defer { bench.remove() }
        try await bench.set("series/triggers", .integer(4))
        let record = try await signalled(bench, simulated, edges: 4)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.expected == 3)
        #expect(record.frames.received == 3)
        await bench.stop()
    }

    @Test("extg: the detector never ends by itself; it is disarmed once all images are written")
    func gates() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.2, frame: 0.05, mode: "extg")
        defer { bench.remove() }
        let record = try await signalled(bench, simulated, edges: 4)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 4)
        #expect(try await simulated.count("disarm") == 1)
        await bench.stop()
    }

    // MARK: - The first generation

    @Test("B8-14: a whole series with a detector that speaks 1.6.0 only", arguments: ["ints", "inte", "exts"])
    func firstGeneration(mode: String) async throws {
        let simulated = try SimulatedDetector { $0.apis = ["1.6.0"] }
        let bench = try await bench(simulated, exposure: 0.2, frame: 0.05, mode: mode) {
            $0.pollSlow = .milliseconds(100)
        }
        defer { bench.remove() }
        #expect(try bench.value("api_version") == .string("1.6.0"))
        if mode == "exts" {
            _ = try await signalled(bench, simulated, edges: 1)
        } else {
            try await bench.call("acquire")
        }
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 4)
        #expect(try await simulated.lines().allSatisfy { !$0.path.contains("/1.8.0/") })
        try await eventually("its status is updated before it is read") {
            try await simulated.count("status_update") > 0
        }
        await bench.stop()
    }

    @Test("commands of a newer firmware become commands of the device")
    func discoveredCommands() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, exposure: 0.1, frame: 0.05)
        defer { bench.remove() }
        let command = try #require(bench.node.command("system/command/delete_logs"))
        #expect(command.policy.isDangerous)
        try await bench.call("system/command/delete_logs")
        #expect(try await simulated.count("delete_logs") == 1)
        #expect(bench.node.command("detector/command/arm") == nil, "what has a command of its own is not there twice")
        await bench.stop()
    }

    @Test("what takes too long at the daemon's end is left to its next start, which completes it")
    func leftBehind() async throws {
        let simulated = try SimulatedDetector()
        let first = try await Bench(port: simulated.port) { $0.collectGrace = .milliseconds(100) }
        defer { first.remove() }
        try await first.set("series/exposure_time", .float(0.2))
        try await first.set("series/frame_time", .float(0.05))
        try await first.untilIdle()
        try await simulated.fault(#"{"fault":"slow","path":"*_data_000001.h5","bytes_per_second":20000}"#)
        let operation = try first.start("acquire")
        try await eventually("its file comes slowly") { (try? first.value("series/phase")) == .string("collecting") }
        await first.stop()
        #expect(operation.status.state.isFinal)
        try await simulated.heal()
        let second = try await Bench(port: simulated.port, folder: first.folder)
        try await eventually("the rest is here") {
            let records = try await second.records()
            return records.count == 1 && records.allSatisfy(\.state.isFinal)
        }
        let record = try #require(try await second.records().first)
        #expect(record.frames.received == 4, "\(record.result ?? "")")
        #expect(record.artifacts.count == 2)
        #expect(try await simulated.files() == [])
        await second.stop()
    }
}
