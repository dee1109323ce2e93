// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Everything that can be wrong beyond a lost connection: one alarm, and a way back.
@Suite("Health")
struct HealthTests {
    private func bench(
        _ simulated: SimulatedDetector, folder: String? = nil, _ change: (inout EigerSettings) -> Void = { _ in }
    ) async throws -> Bench {
        let bench = try await Bench(port: simulated.port, folder: folder) { settings in
            settings.pollSlow = .milliseconds(100)
            change(&settings)
        }
        try await bench.set("series/exposure_time", .float(0.1))
        try await bench.set("series/frame_time", .float(0.05))
        return bench
    }

    private func untilRestored(_ bench: Bench, _ simulated: SimulatedDetector) async throws {
        try await eventually("it is initialized again") { try await simulated.count("initialize") == 2 }
        try await bench.untilIdle()
        try await eventually("the alarm is over") { (try? bench.value("health/detector_restarted")) == .bool(false) }
    }

    @Test("after a restart of its own the settings are sent again in order, read back, and nothing differs")
    func restored() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        for (key, value) in [
            ("detector/config/photon_energy", DataValue.float(12000)),
            ("detector/config/threshold/1/energy", .float(5500)),
            ("detector/config/threshold/2/energy", .float(9000)), ("detector/config/count_time", .float(0.2)),
            ("detector/config/frame_time", .float(0.7)), ("detector/config/nimages", .integer(17)),
            ("detector/config/beam_center_x", .float(512.5)), ("detector/config/sample_name", .string("lysozyme")),
            ("filewriter/config/name_pattern", .string("mine_$id")), ("stream/config/header_detail", .string("all")),
        ] { try await bench.set(key, value) }
        try await eventually("they are noted") {
            bench.device.runner.configurator.memory.snapshot?.values[SIMPLONKey(.stream, .config, "header_detail")]
                == "all"
        }
        let before = try await simulated.puts().count
        try await simulated.put("/system/api/1.8.0/command/restart")
        try await untilRestored(bench, simulated)
        for (key, value) in [
            ("photon_energy", 12000.0), ("threshold/1/energy", 5500), ("threshold/2/energy", 9000), ("count_time", 0.2),
            ("frame_time", 0.7), ("nimages", 17), ("beam_center_x", 512.5),
        ] { #expect(try bench.value("detector/config/\(key)").double == value, "\(key)") }
        #expect(try bench.value("detector/config/sample_name") == .string("lysozyme"))
        #expect(try bench.value("filewriter/config/name_pattern") == .string("mine_$id"))
        #expect(try bench.value("stream/config/header_detail") == .string("all"))
        #expect(try bench.value("health/settings_differ") == .bool(false))
        let sent = try await simulated.puts().dropFirst(before + 2).map(\.what)
        let energy = try #require(sent.firstIndex(of: "config/photon_energy"))
        #expect(energy < (try #require(sent.firstIndex { $0.hasSuffix("energy") && $0 != "config/photon_energy" })))
        #expect(!sent.contains("config/wavelength") && !sent.contains("config/element"), "what follows is not sent")
        #expect(
            bench.logText.components(separatedBy: "alarm=\"detector_restarted\"").count == 3,
            "raised once, taken back once")
        await bench.stop()
    }

    @Test("what cannot be brought back is told with both values, in the log and in one alarm; a configure ends it")
    func differences() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("detector/config/sample_name", .string("lysozyme"))
        try await eventually("it is noted") {
            bench.device.runner.configurator.memory.snapshot?.values[.detector("sample_name")] == "lysozyme"
        }
        try await simulated.fault(
            #"{"fault":"status","path":"/detector/*/config/sample_name","method":"PUT","status":400,"text":"not today"}"#
        )
        try await simulated.put("/system/api/1.8.0/command/restart")
        try await untilRestored(bench, simulated)
        let alarm = try bench.alarm("health/settings_differ")
        #expect(alarm.severity == .minor)
        #expect(
            alarm.message.contains("detector/config/sample_name: \"lysozyme\" before, \"\" now (not today)"),
            "\(alarm.message)")
        #expect(bench.logText.contains("before=\"lysozyme\" now=\"\""))
        try await simulated.heal()
        try await bench.call("configure")
        #expect(try bench.value("health/settings_differ") == .bool(false))
        await bench.stop()
    }

    @Test("settings are brought back too when daqd and detector were both without power")
    func bothRestarted() async throws {
        let simulated = try SimulatedDetector()
        let first = try await bench(simulated)
        defer { first.remove() }
        try await first.untilIdle()
        try await first.set("detector/config/detector_distance", .float(1.25))
        try await eventually("it is noted") {
            first.device.runner.configurator.memory.snapshot?.values[.detector("detector_distance")]?.double == 1.25
        }
        await first.stop()
        try await simulated.put("/system/api/1.8.0/command/restart")
        let second = try await bench(simulated, folder: first.folder)
        try await second.untilIdle()
        try await eventually("it is back") { (try? second.value("detector/config/detector_distance").double) == 1.25 }
        await second.stop()
    }

    @Test("at the daemon's start the detector's own settings win")
    func detectorWins() async throws {
        let simulated = try SimulatedDetector()
        let first = try await bench(simulated)
        defer { first.remove() }
        try await first.untilIdle()
        try await first.set("detector/config/detector_distance", .float(1.25))
        await first.stop()
        try await simulated.put("/detector/api/1.8.0/config/detector_distance", #"{"value":2.5}"#)
        let before = try await simulated.puts().count
        let second = try await bench(simulated, folder: first.folder)
        try await second.untilIdle()
        try await eventually("it is read") { (try? second.value("detector/config/detector_distance").double) == 2.5 }
        #expect(try await simulated.puts().count == before)
        await second.stop()
    }

    @Test("with restore_configuration off nothing is sent unasked")
    func unrestored() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated) { $0.restoresConfiguration = false }
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("detector/config/detector_distance", .float(1.25))
        try await simulated.put("/system/api/1.8.0/command/restart")
        try await untilRestored(bench, simulated)
        #expect(try await simulated.puts().last?.what == "command/initialize")
        await bench.stop()
    }

    @Test("another detector at the same address is told, keeps its own settings, and is accepted by a configure")
    func changed() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("detector/config/detector_distance", .float(1.25))
        try await eventually("it is noted") {
            bench.device.runner.configurator.memory.snapshot?.values[.detector("detector_distance")]?.double == 1.25
        }
        let port = simulated.port
        simulated.simulation.stop()
        try await eventually("it is away") { bench.node.deviceState != .connected }
        let other = try await SimulatedDetector.again(on: port) { $0.model = "eiger2-1m" }
        try await eventually("the change is told") { (try? bench.value("health/detector_changed")) == .bool(true) }
        try await bench.untilIdle()
        let message = try bench.alarm("health/detector_changed").message
        #expect(message.contains("1M") && message.contains("500K"), "\(message)")
        #expect(try bench.value("detector/config/detector_distance").double == 0)
        try await bench.call("acquire")
        #expect(try bench.value("health/detector_changed") == .bool(false))
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
        other.simulation.stop()
    }

    @Test("the state error is one alarm with what to do; a series initializes and takes it back")
    func stateError() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await simulated.fault(#"{"fault":"state_error"}"#)
        try await eventually("it is told") { (try? bench.value("health/detector_error")) == .bool(true) }
        #expect(try bench.alarm("health/detector_error").severity == .major)
        #expect(try bench.alarm("detector/status/state").severity == .major)
        #expect(try bench.alarm("health/summary").message.contains("initialize it"))
        try await bench.call("acquire")
        #expect(try bench.value("health/detector_error") == .bool(false))
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
    }

    @Test("a full memory of the detector refuses the series before it is armed; once there is room it goes on")
    func bufferFull() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await simulated.fault(#"{"fault":"buffer_limit","bytes":1000}"#)
        try await eventually("it is told") { (try? bench.value("health/buffer_full")) == .bool(true) }
        let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        #expect(error?.code == .storage, "\(String(describing: error))")
        #expect(try await simulated.count("arm") == 0)
        try await simulated.fault(#"{"fault":"buffer_limit","bytes":4000000000}"#)
        try await eventually("it is over") { (try? bench.value("health/buffer_full")) == .bool(false) }
        try await bench.call("acquire")
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
    }

    @Test("a series for which the local disk has no room is refused before it is armed, with both numbers")
    func diskFull() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("series/exposure_time", .float(1e8))
        let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        #expect(error?.message.contains("bytes free") == true, "\(String(describing: error))")
        #expect(try await simulated.count("arm") == 0)
        #expect(try bench.value("health/disk_full") == .bool(true))
        #expect(try bench.alarm("health/disk_full").status == .resource)
        try await bench.set("series/exposure_time", .float(0.1))
        try await bench.call("acquire")
        #expect(try bench.value("health/disk_full") == .bool(false))
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
    }

    @Test("a detector that restarts in the middle of a series ends it failed, is initialized, and the next one works")
    func restartedInSeries() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("series/exposure_time", .float(120))
        let operation = try bench.start("acquire")
        try await eventually("it exposes") { (try? bench.value("detector/status/state")) == .string("acquire") }
        try await simulated.put("/system/api/1.8.0/command/restart")
        let status = await operation.end()
        #expect(status.state == .failed)
        let record = try #require(try await bench.records().first)
        #expect(record.state == .failed)
        try await bench.set("series/exposure_time", .float(0.1))
        try await eventually("it is initialized again") { try await simulated.count("initialize") == 2 }
        try await bench.untilIdle()
        try await bench.call("acquire")
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
    }

    @Test("get and set reach every key; what destroys files needs its confirmation")
    func everyKey() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.untilIdle()
        #expect(try await bench.call("get", Arguments([.string("count_time")])).double == 0.5)
        let whole = try await bench.call(
            "get", Arguments([.string("detector/config/count_time")], named: [("full", .bool(true))]))
        #expect(whole.json["unit"] == "s")
        #expect(whole.json["max"] != nil)
        try await bench.call("set", Arguments([.string("count_time"), .float(0.25)]))
        #expect(try bench.value("detector/config/count_time").double == 0.25)
        try await bench.call("set", Arguments([.string("filewriter/name_pattern"), .string("x_$id")]))
        #expect(try bench.value("filewriter/config/name_pattern") == .string("x_$id"))
        let wrong = await #expect(throws: DeviceError.self) {
            try await bench.call("set", Arguments([.string("count_time"), .float(-5)]))
        }
        #expect(wrong?.code == .outOfRange)
        let missing = await #expect(throws: DeviceError.self) {
            try await bench.call("get", Arguments([.string("nosuch")]))
        }
        #expect(missing?.code == .notFound)
        let evil = await #expect(throws: DeviceError.self) {
            try await bench.call("get", Arguments([.string("../../x")]))
        }
        #expect(evil?.code == .badArguments)
        for command in ["filewriter/command/clear", "filewriter/command/initialize"] {
            let refused = await #expect(throws: DeviceError.self) { try await bench.call(command) }
            #expect(refused?.code == .badArguments)
        }
        try await bench.call("monitor/command/clear")
        try await bench.call("stream/command/initialize")
        try await bench.call("status_update")
        #expect(try await simulated.count("clear") == 1)
        await bench.stop()
    }
}
