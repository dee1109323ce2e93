// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

@Suite("Connection")
struct ConnectionTests {
    @Test("an absent detector is an alarm on every parameter; when it comes, everything recovers by itself")
    func absentAtStart() async throws {
        var simulated: SimulatedDetector? = try SimulatedDetector()
        let port = try #require(simulated?.port)
        simulated?.simulation.stop()
        simulated = nil
        let bench = try await Bench(port: port)
        defer { bench.remove() }
        try await eventually("the alarm is there") { (try? bench.alarm("series/exposure_time"))?.severity == .invalid }
        #expect(try bench.alarm("detector/config/count_time").severity == .invalid)
        let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        #expect(error?.code == .disconnected, "\(String(describing: error))")
        let again = try await SimulatedDetector.again(on: port)
        try await bench.untilIdle()
        #expect(try bench.alarm("series/exposure_time").severity == AlarmSeverity.none)
        #expect(try bench.alarm("detector/config/count_time").severity == AlarmSeverity.none)
        await bench.stop()
        again.simulation.stop()
    }

    @Test("a detector that is lost keeps its values, in alarm, and comes back")
    func lost() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        try await bench.untilIdle()
        let value = try bench.value("detector/config/count_time")
        simulated.simulation.stop()
        try await eventually("the alarm is there") {
            (try? bench.alarm("detector/config/count_time"))?.severity == .invalid
        }
        #expect(try bench.value("detector/config/count_time") == value)
        #expect(try bench.alarm("detector/config/count_time").message.contains("nobody answers"))
        let again = try await SimulatedDetector.again(on: simulated.port)
        try await eventually("the alarm is gone") {
            (try? bench.alarm("detector/config/count_time"))?.severity == AlarmSeverity.none
        }
        await bench.stop()
        again.simulation.stop()
    }

    @Test("a detector that says nothing is lost within its time limit")
    func silent() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.timeouts.read = .milliseconds(300) }
        defer { bench.remove() }
        try await bench.untilIdle()
        try await simulated.fault(#"{"fault":"delay","path":"/detector/*","seconds":30}"#)
        try await eventually("the alarm is there") { (try? bench.alarm("series/frame_time"))?.severity == .invalid }
        try await simulated.heal()
        try await bench.untilIdle()
        await bench.stop()
    }

    @Test("keys become parameters with the detector's own unit, limits, choices and access")
    func discovery() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await eventually("keys are discovered") { bench.node.parameter("detector/config/wavelength") != nil }
        let countTime = try #require(bench.node.parameter("detector/config/count_time")).metadata
        #expect(countTime.unit == "s")
        #expect(countTime.limits != nil)
        #expect(countTime.type == .number(.float64))
        #expect(countTime.precision == 6)
        let mode = try #require(bench.node.parameter("detector/config/trigger_mode")).metadata
        #expect(mode.choices.contains("ints"))
        #expect(mode.type == .enumeration)
        #expect(try #require(bench.node.parameter("detector/config/description")).metadata.access == .read)
        let error = await #expect(throws: DeviceError.self) {
            try await bench.set("detector/config/count_time", .float(-1))
        }
        #expect(error?.code == .outOfRange)
        await bench.stop()
    }

    @Test("a write reads back what the detector made of it, and what else it changed")
    func couplings() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await bench.set("detector/config/frame_time", .float(0.5))
        try await bench.set("detector/config/count_time", .float(2))
        #expect(try #require(bench.value("detector/config/frame_time").double) > 2)
        try await bench.set("detector/config/photon_energy", .float(12000))
        #expect(try bench.value("detector/config/threshold_energy") == .float(6000))
        #expect(try bench.value("stale") == .bool(false))
        await bench.stop()
    }

    @Test("discovered keys exist before the detector answers once they were seen")
    func remembered() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await eventually("keys are discovered") { bench.node.parameter("detector/config/wavelength") != nil }
        await bench.stop()
        simulated.simulation.stop()
        let later = try await Bench(port: simulated.port, folder: bench.folder)
        let parameter = try #require(later.node.parameter("detector/config/wavelength"))
        #expect(parameter.metadata.unit == "angstrom")
        #expect(parameter.sample.alarm.severity == .invalid)
        await later.stop()
    }

    @Test("a restart of the detector's service is noticed, and the detector is initialized anew")
    func restarted() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        try await bench.untilIdle()
        try await simulated.put("/system/api/1.8.0/command/restart")
        try await eventually("the restart is noticed") { bench.logText.contains("started anew") }
        try await bench.untilIdle()
        try await bench.set("series/exposure_time", .float(0.1))
        try await bench.set("series/frame_time", .float(0.02))
        try await bench.call("acquire")
        #expect(try #require(try await bench.records().first).state == .done)
        await bench.stop()
    }

    @Test("initialize_on_connect: never leaves the detector alone")
    func neverInitialize() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.initialization = .never }
        defer { bench.remove() }
        try await eventually("it answers") { (try? bench.value("detector/status/state")) == .string("na") }
        let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        #expect(error?.code == .wrongState)
        #expect(try await simulated.requests().contains { $0.hasSuffix("command/initialize") } == false)
        try await bench.call("initialize")
        try await bench.untilIdle()
        await bench.stop()
    }
}
