// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// What the camera says of itself without being asked: alarms, progress, what images carry (D3, D8).
@Suite("alarms, progress and what waits")
struct WatchTests {
    private static func trace() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("trace-\(UUID().uuidString)").path
    }

    @Test("a temperature away from the set point is an alarm, unless nobody wants to know")
    func tolerance() async throws {
        let bench = try await Bench("manual=1 start=20") { $0.start.target = -60 }
        try await bench.untilIdle()
        try await eventually("the alarm") {
            let alarm = try bench.alarm("cooling/temperature")
            return alarm.severity == .minor && alarm.message.contains("away from the set point -60 °C")
        }
        try await bench.set("cooling/tolerance", .float(90))
        try await eventually("within the tolerance") { try bench.alarm("cooling/temperature").severity == .none }
        try await bench.set("cooling/tolerance", .float(1))
        try await eventually("the alarm again") { try bench.alarm("cooling/temperature").severity == .minor }
        try await bench.set("cooling/watch", .bool(false))
        try await eventually("nobody is told") { try bench.alarm("cooling/temperature").severity == .none }
        await bench.stop()
    }

    @Test("a temperature that was stable and drifts is a major alarm and a line in the log")
    func drift() async throws {
        let bench = try await Bench("manual=1 start=-90") { $0.start.target = -90 }
        try await bench.untilIdle()
        bench.sim.advance(seconds: 70)
        try await eventually("stable") { try bench.value("cooling/state") == .string("stabilized") }
        // With less air the cooler does not hold it.
        try await bench.set("cooling/fan", .string("low"))
        bench.sim.advance(seconds: 60)
        try await eventually("the alarm") {
            let alarm = try bench.alarm("cooling/temperature")
            return alarm.severity == .major && alarm.message.contains("has drifted")
        }
        #expect(try bench.value("cooling/state") == .string("drift"))
        #expect(bench.logText.contains("The temperature has drifted"))
        await bench.stop()
    }

    @Test("a camera that hides its temperature during an acquisition keeps the last one, without an alarm")
    func hidden() async throws {
        let trace = Self.trace()
        defer { try? FileManager.default.removeItem(atPath: trace) }
        let bench = try await Bench("manual=1 start=20 cameras=934:5") {
            $0.start.target = -60
            $0.start.trigger = .external
        }
        try await bench.untilIdle()
        try await bench.set("cooling/watch", .bool(false))
        let parameter = try #require(bench.node.parameter("cooling/temperature"))
        // The last reading before it is hidden may still be one that was judged.
        try await eventually("nobody watches") { parameter.sample.alarm.severity == .none }
        try await bench.call("start")
        bench.sim.trace(trace)
        @Sendable func polls() throws -> Int {
            try String(contentsOfFile: trace, encoding: .utf8).components(separatedBy: "GetTemperatureF() 20072").count
                - 1
        }
        try await eventually("it is hidden") { try polls() >= 1 }
        let before = parameter.sample
        bench.sim.advance(seconds: 120)
        let asked = try polls()
        try await eventually("it was asked and not told") { try polls() >= asked + 5 }
        #expect(parameter.sample.value == before.value && parameter.sample.timestamp == before.timestamp)
        #expect(parameter.sample.alarm.severity == .none && bench.device.core.isOpen)
        try await bench.call("stop")
        try await eventually("it is told again") { try bench.number("cooling/temperature") < 10 }
        bench.sim.trace(nil)
        await bench.stop()
    }

    @Test("images taken on the way to the set point say so, others do not")
    func coolingInMetadata() async throws {
        let bench = try await Bench("manual=1 start=20") { $0.start.target = 0 }
        try await bench.untilIdle()
        for (isCooling, state) in [(true, "not_reached"), (false, "stabilized")] {
            try await eventually(state) { try bench.value("cooling/state") == .string(state) }
            try await bench.call("start")
            bench.sim.advance(seconds: try bench.number("acquisition/actual_kinetic_cycle") * 1.5)
            guard case .dictionary(let entries) = try await bench.call("get_frame", .float(30)) else {
                Issue.record("no image")
                return
            }
            let frame = Dictionary(uniqueKeysWithValues: entries.map { ($0.key.string ?? "", $0.value) })
            #expect(frame["cooling"] == .bool(isCooling))
            try await bench.call("stop")
            bench.sim.advance(seconds: 1200)
        }
        await bench.stop()
    }

    @Test("set_temperature_until_reach says how far it is")
    func progress() async throws {
        let bench = try await Bench("manual=1 start=20")
        try await bench.untilIdle()
        let cooling = try bench.start("set_temperature_until_reach", [.integer(-80), .float(36_000)])
        // It has seen the temperature from which it starts.
        try await eventually("it is on its way") { cooling.status.message.contains("on the way to -80 °C") }
        var last = 0.0
        // 10 °C in a minute, of 100.
        for (minutes, part) in [(1, 0.1), (4, 0.5), (3, 0.8)] {
            bench.sim.advance(seconds: Double(minutes) * 60)
            try await eventually("\(part)") { abs(cooling.status.fraction - part) < 0.02 }
            #expect(cooling.status.fraction > last)
            #expect(cooling.status.message.contains("on the way to -80 °C"))
            last = cooling.status.fraction
        }
        bench.sim.advance(seconds: 1200)
        #expect(try await cooling.result() == .null)
        await bench.stop()
    }

    @Test("a buffer that is nearly full is an alarm, and none when it is empty again")
    func buffer() async throws {
        // Room for four images of 8 x 6.
        let bench = try await Bench("manual=1 start=20 buffer=384")
        try await bench.untilIdle()
        try await bench.call("start")
        let cycle = try bench.number("acquisition/actual_kinetic_cycle")
        bench.sim.advance(seconds: cycle * 4.5)
        try await eventually("the alarm") { try bench.alarm("buffer/use").severity == .minor }
        #expect(try bench.number("buffer/use") > 80)
        try await bench.call("stop")
        #expect(try bench.alarm("buffer/use").severity == .none)
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
    }

    @Test("no image where one is due is an alarm; where a trigger is awaited it is not")
    func silence() async throws {
        for (trigger, isDue) in [(TriggerMode.internal, true), (.external, false)] {
            let bench = try await Bench("manual=1 start=20") { $0.start.trigger = trigger }
            try await bench.untilIdle()
            try await bench.call("start")
            if isDue {
                try await eventually("the alarm") {
                    let alarm = try bench.alarm("message")
                    return alarm.severity == .minor && alarm.message.contains("no image for")
                }
                #expect(bench.logText.contains("No image comes"))
            } else {
                let loop = bench.device.acquirer.current?.cycle
                #expect(loop == 0)
            }
            try await bench.call("stop")
            await bench.stop()
        }
    }

    @Test("apply_when_idle keeps what cannot be set during an acquisition for its end, and tells what was refused then")
    func waitingSettings() async throws {
        let bench = try await Bench { $0.applyWhenIdle = true }
        try await bench.untilIdle()
        try await bench.call("start")
        try await bench.set("image/hbin", .integer(2))
        try await bench.set("readout/vs_speed", .integer(60))
        #expect(try bench.value("image/hbin") == .integer(1))
        #expect(bench.logText.contains("A setting waits for the end of the acquisition"))
        // What may change at once does.
        try await bench.set("cooling/target", .integer(19))
        #expect(try bench.value("cooling/target") == .integer(19))
        try await bench.call("stop")
        #expect(try bench.value("image/hbin") == .integer(2))
        #expect(try bench.value("image/columns") == .integer(4))
        #expect(bench.logText.contains("A setting that waited was refused"))
        await bench.stop()
    }

    @Test("baseline offset and the trigger's ways reach the SDK; high capacity only a camera that has it")
    func rareSettings() async throws {
        let trace = Self.trace()
        defer { try? FileManager.default.removeItem(atPath: trace) }
        let bench = try await Bench()
        try await bench.untilIdle()
        bench.sim.trace(trace)
        let settings: [(String, DataValue, String)] = [
            ("readout/baseline_offset", .integer(-300), "SetBaselineOffset(-300) 20002"),
            ("trigger/fast", .bool(true), "SetFastExtTrigger(1) 20002"),
            ("trigger/fast", .bool(false), "SetFastExtTrigger(0) 20002"),
            ("trigger/inverted", .bool(true), "SetTriggerInvert(1) 20002"),
        ]
        for (path, value, call) in settings {
            try await bench.set(path, value)
            #expect(try bench.value(path) == value)
            #expect(try String(contentsOfFile: trace, encoding: .utf8).contains(call), "\(call)")
        }
        let odd = await #expect(throws: DeviceError.self) {
            try await bench.set("readout/baseline_offset", .integer(150))
        }
        #expect(odd?.vendorCode == 20066)
        #expect(try bench.value("readout/baseline_offset") == .integer(-300))
        let absent = await #expect(throws: DeviceError.self) {
            try await bench.set("readout/high_capacity", .bool(true))
        }
        #expect(absent?.vendorCode == 20992)
        #expect(try bench.value("readout/high_capacity") == .bool(false))
        #expect(try !String(contentsOfFile: trace, encoding: .utf8).contains("SetHighCapacity"))
        bench.sim.trace(nil)
        await bench.stop()
    }
}
