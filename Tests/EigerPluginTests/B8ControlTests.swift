// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// The defects of the seed IOC that concern how the detector is driven, by their numbers in the list of its defects.
@Suite("Defects of the seed: control")
struct B8ControlTests {
    @Test("B8-4: corrections that a client has written go to the detector as JSON booleans")
    func booleans() async throws {
        try await withBench { simulated, bench in
            for (name, value) in [
                ("flat_field_correction", false), ("pixel_mask_correction", false), ("count_rate_correction", true),
            ] {
                try await bench.set("series/\(name)", .bool(value))
            }
            try await bench.call("configure")
            let bodies = try await simulated.puts().filter { $0.what.hasSuffix("_applied") }.map {
                "\($0.what) \($0.body)"
            }
            #expect(
                bodies == [
                    #"config/countrate_correction_applied {"value":true}"#,
                    #"config/flatfield_correction_applied {"value":false}"#,
                    #"config/pixel_mask_applied {"value":false}"#,
                ])
        }
    }

    @Test("B8-5: a detector that is not initialized gets one initialize, whoever asks for it meanwhile")
    func oneInitialize() async throws {
        try await withBench(
            isReady: false, before: { try await $0.hold("*/command/initialize") }
        ) { simulated, bench in
            try await bench.untilInitializing()
            let asked = try bench.start("initialize")
            try await eventually("it is waited for") { bench.device.runner.lifecycle.waitingCount == 1 }
            try await simulated.heal()
            _ = try await asked.result()
            try await bench.call("acquire")
            #expect(try await simulated.count("initialize") == 1)
            #expect(try await bench.record().state == .done)
        }
    }

    @Test("B8-8: what is expected comes from the detector's own settings, also before anything was configured")
    func ownSettings() async throws {
        try await withBench { simulated, bench in
            for (key, value) in [
                ("detector/config/nimages", "4"), ("detector/config/ntrigger", "2"),
                ("detector/config/frame_time", "0.02"),
                ("filewriter/config/nimages_per_file", "3"), ("filewriter/config/mode", "\"enabled\""),
                ("filewriter/config/name_pattern", "\"other_$id\""),
            ] {
                let words = key.split(separator: "/", maxSplits: 1)
                try await simulated.put("/\(words[0])/api/1.8.0/\(words[1])", "{\"value\":\(value)}")
            }
            try await bench.call("acquire_as_set")
            let record = try await bench.record()
            #expect(record.state == .done, "\(record.result ?? "")")
            #expect(record.frames.expected == 8)
            #expect(record.frames.received == 8)
            #expect(bench.names == (1...3).map { "other_1_data_00000\($0).h5" } + ["other_1_master.h5"])
            #expect(try bench.value("files/expected") == .integer(4))
        }
    }

    @Test("B8-8: a detector that is set to something else than was asked for is not armed")
    func otherThanAsked() async throws {
        try await withBench { simulated, bench in
            // It takes the number of images without a word and keeps its own.
            try await simulated.fault(
                #"{"fault":"status","path":"/detector/*/config/nimages","method":"PUT","status":200,"text":"[]"}"#)
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.message.contains("where 2 were asked for") == true, "\(String(describing: error))")
            #expect(try await simulated.count("arm") == 0)
            #expect(try await bench.record().state == .failed)
        }
    }

    @Test("B8-10: a second series while one runs is refused, nothing of it is sent, the first one is not disturbed")
    func oneAtATime() async throws {
        try await withBench { simulated, bench in
            try await simulated.hold("*/command/trigger")
            let first = try bench.start("acquire")
            try await eventually("its trigger is on the way") { try await simulated.count("trigger") == 1 }
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.code == .busy)
            let armed = await #expect(throws: DeviceError.self) { try await bench.call("arm") }
            #expect(armed?.code == .busy)
            try await simulated.heal()
            _ = try await first.result()
            #expect(try await simulated.count("arm") == 1)
            #expect(try await simulated.count("trigger") == 1)
            #expect(try await bench.records().map(\.state) == [.done])
        }
    }

    @Test(
        "B8-11: stop, cancel, abort and disarm end a series while its trigger request blocks",
        arguments: ["stop", "cancel", "abort", "disarm"])
    func everyEnd(command: String) async throws {
        try await withBench(exposure: 120, frame: 0.05) { simulated, bench in
            let operation = try bench.start("acquire")
            try await bench.untilExposing()
            try await bench.call(command)
            _ = try await operation.result()
            #expect(try await bench.record().state == .aborted)
            let ends = try await simulated.puts().map(\.what).filter {
                ["command/cancel", "command/abort", "command/disarm"].contains($0)
            }
            #expect(ends.count == 1, "\(ends)")
            if command == "cancel" || command == "abort" { #expect(ends == ["command/\(command)"]) }
            try await bench.untilIdle()
        }
    }

    @Test("B8-11: an abort while the detector arms ends the series as aborted, not as failed")
    func abortWhileArming() async throws {
        try await withBench(detector: { $0.armSeconds = 3 }) { simulated, bench in
            let operation = try bench.start("acquire")
            try await eventually("it arms") { try await simulated.count("arm") == 1 }
            try await bench.call("abort")
            _ = try await operation.result()
            let record = try await bench.record()
            #expect(record.state == .aborted, "\(record.result ?? "")")
            #expect(try await simulated.count("abort") == 1)
            try await bench.untilIdle()
        }
    }

    @Test("B8-12: values are read from memory while the detector is silent")
    func cachedValues() async throws {
        try await withBench { simulated, bench in
            func asked() async throws -> Int {
                try await simulated.lines().filter {
                    ["config/count_time", "status/time"].contains($0.what) && $0.method == "GET"
                }.count
            }
            let before = try await asked()
            for _ in 0..<10_000 {
                _ = try bench.value("detector/config/count_time")
                _ = try bench.value("detector/status/time")
            }
            // The device asks for them by itself now and then, however slow this machine is; readers ask nobody.
            #expect(try await asked() - before < 1000)
        }
    }

    @Test("B8-13: commands pass while others wait for the detector")
    func pools() async throws {
        try await withBench { simulated, bench in
            try await simulated.hold("*/config/omega_start", method: "PUT")
            let writes = (0..<4).map { index in
                Task { try? await bench.set("detector/config/omega_start", .float(Double(index))) }
            }
            try await eventually("a write is on its way") {
                try await simulated.puts().contains { $0.what == "config/omega_start" }
            }
            try await bench.call("abort")
            #expect(
                try await simulated.puts().filter { $0.what == "config/omega_start" }.count == 1,
                "the writes still wait")
            #expect(try await simulated.count("abort") == 1)
            try await simulated.heal()
            for write in writes { await write.value }
        }
    }

    @Test("B8-15: trigger mode, triggers, images per file and compression are the client's")
    func settable() async throws {
        try await withBench { _, bench in
            for (name, value) in [
                ("trigger_mode", DataValue.string("inte")), ("triggers", .integer(3)), ("images_per_file", .integer(7)),
                ("compression", .string("lz4")), ("file_prefix", .string("run_")), ("trigger_start_delay", .float(0.5)),
            ] { try await bench.set("series/\(name)", value) }
            try await bench.call("configure")
            #expect(try bench.value("detector/config/trigger_mode") == .string("inte"))
            #expect(try bench.value("detector/config/nimages").integer == 1)
            #expect(try bench.value("detector/config/ntrigger").integer == 6)
            #expect(try bench.value("filewriter/config/nimages_per_file").integer == 7)
            #expect(try bench.value("filewriter/config/name_pattern") == .string("run_$id"))
            #expect(try bench.value("detector/config/compression") == .string("lz4"))
            #expect(try bench.value("detector/config/trigger_start_delay") == .float(0.5))
        }
    }

    @Test("B8-17: the exposure of one frame is sent as count time, never the series' whole exposure")
    func perFrame() async throws {
        try await withBench(exposure: 3600, frame: 2) { simulated, bench in
            try await bench.call("configure")
            let sent = try await simulated.puts().filter { $0.what == "config/count_time" }
                .compactMap { try JSON(parsing: $0.body)["value"]?.double }
            #expect(!sent.isEmpty)
            #expect(sent.allSatisfy { $0 < 2 && $0 > 1.99 }, "\(sent)")
            #expect(try bench.value("detector/config/nimages").integer == 1800)
        }
    }

    @Test("B8-18: a temperature that is null is an alarm of that value and of nothing else")
    func nullTemperature() async throws {
        try await withBench(settings: { $0.pollSlow = .milliseconds(50) }) { simulated, bench in
            let path = "detector/status/temperature"
            try await eventually("it is read") { (try? bench.alarm(path))?.severity == AlarmSeverity.none }
            try await simulated.fault(
                #"{"fault":"status","path":"*/status/temperature","status":200,"text":"{\"value\":null,\"value_type\":\"float\"}"}"#
            )
            try await eventually("it is in alarm") { (try? bench.alarm(path))?.severity == .invalid }
            #expect(bench.node.deviceState == .connected)
            #expect(try bench.alarm("detector/status/humidity").severity == AlarmSeverity.none)
            try await simulated.heal()
            try await eventually("it is back") { (try? bench.alarm(path))?.severity == AlarmSeverity.none }
        }
    }

    @Test(
        "B8-19: a command whose connection breaks is never sent again",
        arguments: ["arm", "trigger", "initialize", "disarm", "abort", "cancel"])
    func neverAgain(command: String) async throws {
        try await withBench { simulated, bench in
            if command == "disarm" { try await simulated.put("/detector/api/1.8.0/command/arm") }
            let before = try await simulated.count(command)
            try await simulated.fault(#"{"fault":"close","path":"*/command/\#(command)","times":1}"#)
            let call = ["arm", "trigger"].contains(command) ? "acquire" : command
            let error = await #expect(throws: DeviceError.self) { try await bench.call(call) }
            #expect(error?.code == .disconnected, "\(String(describing: error))")
            #expect(try await simulated.count(command) == before + 1)
        }
    }

    @Test("B8-22: a detector that restarts by itself is noticed, initialized and configured anew")
    func restartsByItself() async throws {
        try await withBench { simulated, bench in
            try await bench.call("acquire")
            try await simulated.put("/system/api/1.8.0/command/restart")
            try await eventually("it is initialized again") { try await simulated.count("initialize") == 2 }
            try await bench.untilIdle()
            try await bench.call("acquire")
            #expect(try await bench.records().map(\.state) == [.done, .done])
            #expect(try await simulated.count("initialize") == 2)
        }
    }

    @Test("B8-23: a failure is the caller's error, a message in alarm, a log line and a record")
    func visible() async throws {
        try await withBench { simulated, bench in
            try await simulated.fault(#"{"fault":"arm_fails","times":1,"text":"sensor not ready"}"#)
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.vendorText == "sensor not ready")
            #expect(try bench.value("message").string?.contains("sensor not ready") == true)
            #expect(try bench.alarm("message").severity == .major)
            #expect(try await bench.record().result?.contains("sensor not ready") == true)
            #expect(bench.logText.contains("The series failed"))
            #expect(try #require(bench.node.command("acquire")).busy.value == false)
            #expect(try bench.value("series/phase") == .string("idle"))
            try await bench.call("acquire")
            #expect(try bench.alarm("message").severity == AlarmSeverity.none)
        }
    }

    @Test("B8-24: a detector that somebody else armed is disarmed, not initialized")
    func foreignArm() async throws {
        try await withBench { simulated, bench in
            try await simulated.put("/detector/api/1.8.0/command/arm")
            try await bench.call("acquire")
            #expect(try await bench.record().state == .done)
            #expect(try await simulated.count("initialize") == 1)
            #expect(
                try await simulated.puts().map(\.what).filter { $0.hasPrefix("command/") } == [
                    "command/initialize", "command/arm", "command/disarm", "command/arm", "command/trigger",
                ])
        }
    }

    @Test("B8-26: a configure that fails arms nothing, and nothing stays busy", arguments: [404, 500])
    func failedConfigure(status: Int) async throws {
        try await withBench { simulated, bench in
            try await simulated.fault(
                #"{"fault":"status","path":"/detector/*/config/ntrigger","method":"PUT","status":\#(status),"text":"no such key"}"#
            )
            for command in ["configure", "acquire"] {
                let error = await #expect(throws: DeviceError.self) { try await bench.call(command) }
                #expect(error?.vendorCode == status)
                #expect(try #require(bench.node.command(command)).busy.value == false)
            }
            #expect(try await simulated.count("arm") == 0)
            try await simulated.heal()
            try await bench.call("acquire")
            #expect(try await bench.record().state == .done)
        }
    }

    @Test("B8-27: a wrong value is refused when it is written, by the limits that the detector states")
    func refusedAtOnce() async throws {
        try await withBench { simulated, bench in
            for (path, value) in [
                ("series/frame_time", DataValue.float(-1)), ("series/frame_time", .float(1e-5)),
                ("series/photon_energy", .float(10)), ("series/exposure_time", .float(0)),
                ("series/triggers", .integer(0)),
            ] {
                let error = await #expect(throws: DeviceError.self, "\(path) \(value)") {
                    try await bench.set(path, value)
                }
                #expect(error?.code == .outOfRange)
                #expect(error?.message.contains("it accepts") == true)
            }
            let error = await #expect(throws: DeviceError.self) {
                try await bench.set("series/trigger_mode", .string("bogus"))
            }
            #expect(error?.code == .unknownChoice)
            let sent = try await simulated.puts().map(\.what)
            #expect(Set(sent) == ["command/initialize"])
        }
    }

    @Test("B8-27: limits that change while running hold for the next write")
    func newLimits() async throws {
        try await withBench { simulated, bench in
            try await bench.set("series/frame_time", .float(0.2))
            try await simulated.fault(
                #"{"fault":"status","path":"*/config/frame_time","method":"GET","status":200,"text":"{\"value\":0.5,\"value_type\":\"float\",\"min\":0.4,\"max\":10,\"unit\":\"s\"}"}"#
            )
            try await bench.set("detector/config/count_time", .float(0.1))
            #expect(try #require(bench.node.parameter("series/frame_time")).metadata.limits == 0.4...10)
            let error = await #expect(throws: DeviceError.self) {
                try await bench.set("series/frame_time", .float(0.2))
            }
            #expect(error?.code == .outOfRange)
        }
    }
}
