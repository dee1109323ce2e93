// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// A configuration is sent at once, to a sensor that is warm; the Python driver waits until it is cold.
@Suite("a configuration for a cold sensor, sent to a warm one")
struct WarmStartTests {
    /// What the Python driver's own file asks for, over the one of ``ConfigTests``; by itself it has the fan off.
    private static func file(fan: Int = 0, trigger: String = "External") throws -> ConfigFileInUse {
        var text = ConfigTests.text
        for (old, new) in [
            ("\"targetTemperature\": -60", "\"targetTemperature\": -80"), ("\"fanMode\": 0", "\"fanMode\": \(fan)"),
            ("\"emAdvanced\": false", "\"emAdvanced\": true"), ("\"emGain\": 100", "\"emGain\": 1000"),
            ("\"countConvertMode\": 0", "\"countConvertMode\": 2"), ("\"External\"", "\"\(trigger)\""),
        ] { text = text.replacingOccurrences(of: old, with: new) }
        return try ConfigFileInUse(text)
    }

    private func bench(_ file: ConfigFileInUse) async throws -> Bench {
        let bench = try await Bench("manual=1 start=20") {
            $0.configuration = file.path
            $0.start = StartSettings()
        }
        try await bench.untilIdle()
        return bench
    }

    private func untilSet(_ bench: Bench) async throws {
        try await eventually("the gain is set") { try bench.value("em/gain") == .integer(1000) }
        try await eventually("photons are counted") { try bench.value("count_convert/mode") == .string("photons") }
        #expect(try bench.sim.library.int(.getEMCCDGain) == 1000)
        try await eventually("the message is taken back") { try bench.value("message") == .string("") }
        #expect(try bench.alarm("message") == .none)
    }

    @Test("gain and photons that the warm camera refuses are set when it is cold (A5, D4)", arguments: [0, 2])
    func gain(fan: Int) async throws {
        let file = try Self.file(fan: fan)
        defer { file.remove() }
        let bench = try await bench(file)
        #expect(try bench.value("em/range") == .array(ArrayValue([Int64(1), 333])))
        #expect(try bench.value("em/gain") != .integer(1000))
        let message = try #require(try bench.value("message").string)
        #expect(message.contains("EM gain 1000") && message.contains("count convert"), "\(message)")
        #expect(try bench.alarm("message").severity == .minor)
        bench.sim.advance(seconds: 12 * 60)
        try await untilSet(bench)
        #expect(try bench.value("em/range") == .array(ArrayValue([Int64(1), 1000])))
        await bench.stop()
    }

    @Test("an acquisition does not hide what is still to come, and what gets possible meanwhile is set after it")
    func acquiring() async throws {
        let file = try Self.file(trigger: "Internal")
        defer { file.remove() }
        let bench = try await bench(file)
        let message = try bench.value("message")
        try await bench.call("start")
        #expect(try bench.value("message") == message)
        bench.sim.advance(seconds: 12 * 60)
        try await eventually("it is cold") { try bench.value("cooling/state") != .string("not_reached") }
        #expect(try bench.value("em/gain") != .integer(1000))
        try await bench.call("abort")
        try await untilSet(bench)
        await bench.stop()
    }

    @Test("who sets the gain by hand meanwhile does not get the other one later")
    func byHand() async throws {
        let file = try Self.file()
        defer { file.remove() }
        let bench = try await bench(file)
        try await bench.set("em/gain", .integer(20))
        #expect(try bench.value("message").string?.contains("EM gain 1000") == false)
        bench.sim.advance(seconds: 12 * 60)
        try await eventually("photons are counted") { try bench.value("count_convert/mode") == .string("photons") }
        #expect(try bench.value("em/gain") == .integer(20))
        #expect(try bench.value("message") == .string(""))
        await bench.stop()
    }

    @Test("a gain that is refused for another reason than the temperature is not sent again")
    func forbidden() async throws {
        let file = try Self.file()
        defer { file.remove() }
        let bench = try await Bench("manual=1 start=20") {
            $0.configuration = file.path
            $0.start = StartSettings()
            $0.emGainMax = 500
        }
        try await bench.untilIdle()
        #expect(try bench.value("message").string?.contains("em_gain_max") == true)
        bench.sim.advance(seconds: 12 * 60)
        try await eventually("it is cold") { try bench.value("cooling/state") != .string("not_reached") }
        let range = DataValue.array(ArrayValue([Int64(1), 1000]))
        try await eventually("the range is read") { try bench.value("em/range") == range }
        #expect(try bench.value("em/gain") != .integer(1000))
        #expect(bench.device.core.state.withLock { $0.postponed == nil })
        await bench.stop()
    }
}
