// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Arm, trigger and disarm by hand, as the Python package's users and areaDetector's scripts do.
@Suite("Series by hand")
struct ManualSeriesTests {
    private func bench(
        _ simulated: SimulatedDetector, images: Int = 2, triggers: Int = 1, mode: String = "ints"
    ) async throws -> Bench {
        let bench = try await Bench(port: simulated.port)
        try await bench.untilIdle()
        for (key, value) in [
            ("detector/config/trigger_mode", DataValue.string(mode)), ("detector/config/frame_time", .float(0.05)),
            ("detector/config/nimages", .integer(Int64(images))),
            ("detector/config/ntrigger", .integer(Int64(triggers))),
            ("filewriter/config/mode", .string("enabled")), ("filewriter/config/name_pattern", .string("hand_$id")),
        ] { try await bench.set(key, value) }
        return bench
    }

    private func untilEnded(_ bench: Bench, _ count: Int = 1) async throws -> AcquisitionRecord {
        try await eventually("the series has ended") {
            let records = try await bench.records()
            return records.count == count && records.allSatisfy(\.state.isFinal) && bench.device.runner.control == nil
        }
        return try #require(try await bench.records().first)
    }

    @Test("arm, trigger, disarm: nothing is configured, the record is complete, the files are here")
    func byHand() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        let before = try await simulated.puts().count
        #expect(try await bench.call("arm") == .integer(1))
        #expect(try bench.value("series/phase") == .string("armed"))
        #expect(try bench.value("series/armed") == .bool(true))
        #expect(try bench.value("series/number") == .integer(1))
        try await bench.call("trigger")
        try await bench.call("disarm")
        let record = try await untilEnded(bench)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 2)
        #expect(record.origin?.user == "alice")
        #expect(bench.names == ["hand_1_data_000001.h5", "hand_1_master.h5"])
        let sent = try await simulated.puts().dropFirst(before).map(\.what)
        #expect(Array(sent.prefix(2)) == ["command/arm", "command/trigger"])
        #expect(sent.allSatisfy { $0.hasPrefix("command/") })
        await bench.stop()
    }

    @Test("several triggers by hand, with nimages each; the series ends by itself after the last one")
    func severalTriggers() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, images: 2, triggers: 3)
        defer { bench.remove() }
        try await bench.call("arm")
        for number in 1...3 {
            try await bench.call("trigger")
            #expect(try bench.value("series/triggers_given") == .integer(Int64(number)))
        }
        let record = try await untilEnded(bench)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 6)
        #expect(try await simulated.count("trigger") == 3)
        await bench.stop()
    }

    @Test("triggers that come before the previous one has ended are queued; one too many is refused and told")
    func queued() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, images: 4, triggers: 3)
        defer { bench.remove() }
        try await bench.call("arm")
        try await simulated.hold("*/command/trigger")
        let operations = try (0..<3).map { _ in try bench.start("software_trigger") }
        try await eventually("all are given") { bench.device.runner.control?.givenTriggers == 3 }
        let error = await #expect(throws: DeviceError.self) { try await bench.call("trigger") }
        #expect(error?.code == .wrongState)
        try await simulated.heal()
        for operation in operations { _ = try await operation.result() }
        let record = try await untilEnded(bench)
        #expect(record.frames.received == 12)
        #expect(try await simulated.count("trigger") == 3)
        await bench.stop()
    }

    @Test("inte by hand: with the trigger's own exposure and with the detector's count time")
    func exposures() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, images: 1, triggers: 2, mode: "inte")
        defer { bench.remove() }
        try await bench.call("arm")
        try await bench.call("trigger", Arguments([.float(0.2)]))
        try await bench.call("trigger")
        let record = try await untilEnded(bench)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.frames.received == 2)
        let bodies = try await simulated.puts().filter { $0.what == "command/trigger" }.map(\.body)
        #expect(bodies == [#"{"value":0.2}"#, ""])
        await bench.stop()
    }

    @Test("disarm before all triggers ends the series aborted, with what is complete kept")
    func early() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, images: 2, triggers: 5)
        defer { bench.remove() }
        try await bench.call("arm")
        try await bench.call("trigger")
        try await bench.call("disarm")
        let record = try await untilEnded(bench)
        #expect(record.state == .aborted, "\(record.result ?? "")")
        #expect(record.frames.expected == 10)
        #expect(record.frames.received == 2)
        #expect(try await simulated.count("disarm") == 1)
        #expect(try await simulated.count("cancel") == 0)
        #expect(try await simulated.count("abort") == 0)
        await bench.stop()
    }

    @Test("a trigger without an armed series, or for one that signals drive, is refused and not sent")
    func refused() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated, mode: "exts")
        defer { bench.remove() }
        let idle = await #expect(throws: DeviceError.self) { try await bench.call("trigger") }
        #expect(idle?.code == .wrongState)
        try await bench.call("arm")
        let external = await #expect(throws: DeviceError.self) { try await bench.call("trigger") }
        #expect(external?.code == .wrongState)
        #expect(try await simulated.count("trigger") == 0)
        try await bench.call("disarm")
        _ = try await untilEnded(bench)
        await bench.stop()
    }

    @Test("one series after the other: an arm waits for the files of the series before")
    func again() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        for number in 1...3 {
            #expect(try await bench.call("arm") == .integer(Int64(number)))
            try await bench.call("trigger")
        }
        let record = try await untilEnded(bench, 3)
        #expect(record.state == .done)
        #expect(bench.names.count == 6)
        await bench.stop()
    }

    @Test("disarm when nothing is armed succeeds without sending anything")
    func idle() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.call("disarm")
        try await bench.call("stop")
        #expect(try await simulated.count("disarm") == 0)
        await bench.stop()
    }

    @Test("an acquire with triggers by hand waits for them")
    func manualAcquire() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        for (name, value) in [
            ("exposure_time", DataValue.float(0.1)), ("frame_time", .float(0.05)), ("triggers", .integer(2)),
            ("manual_trigger", .bool(true)),
        ] { try await bench.set("series/\(name)", value) }
        let operation = try bench.start("acquire")
        try await eventually("it is armed") { (try? bench.value("series/armed")) == .bool(true) }
        #expect(try bench.value("series/acquiring") == .bool(true))
        try await bench.call("trigger")
        #expect(!operation.status.state.isFinal)
        try await bench.call("trigger")
        _ = try await operation.result()
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done)
        #expect(record.frames.received == 4)
        await bench.stop()
    }

    @Test(
        "what would disturb an armed series is refused",
        arguments: ["initialize", "restart", "configure", "acquire", "check_connections"])
    func undisturbed(command: String) async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.call("arm")
        let before = try await simulated.puts().count
        let error = await #expect(throws: DeviceError.self) { try await bench.call(command) }
        #expect(error?.code == .busy, "\(String(describing: error))")
        #expect(try await simulated.puts().count == before)
        try await bench.call("abort")
        _ = try await untilEnded(bench)
        await bench.stop()
    }
}
