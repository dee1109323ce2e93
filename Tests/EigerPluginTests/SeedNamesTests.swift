// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import ServerTesting
import Synchronization
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// The seed IOC's names as its clients see them, with each of that IOC's defects that shows in a name; `B8-n` is the row of the list.
@Suite("Seed names")
struct SeedNamesTests {
    @Test("types, labels and first values are the seed's")
    func declaration() async throws {
        let bench = try await Bench(port: try #require(FreePort.choose(1).first)) { $0.liveSource = .off }
        defer { bench.remove() }
        let view = try bench.view("seed")
        defer { view.close() }
        let offOn = ["Off", "On"]
        for name in ["CountRateCorrection", "FlatFieldCorrection", "PixelMaskCorrection", "Trigger", "Trigger_RBV"] {
            let member = try #require(view.member(name))
            #expect(member.metadata.type == .enumeration, "\(name)")
            #expect(member.metadata.choices == offOn, "\(name)")
        }
        let first: [(String, DataValue)] = [
            ("ThresholdEnergy", .float(4025)), ("PhotonEnergy", .float(8050)), ("FrameTime", .float(10)),
            ("CountTime", .float(600)), ("CountRateCorrection", .string("On")), ("FlatFieldCorrection", .string("Off")),
            ("PixelMaskCorrection", .string("Off")), ("OutputFilePrefix", .string("eiger_")),
            ("LatestFile", .string("")), ("SecondsRemaining", .float(-999)), ("Trigger", .string("Off")),
            ("Configure_RBV", .string("Off")),
        ]
        for (name, value) in first { #expect(try #require(view.member(name)).sample.value == value, "\(name)") }
        for name in ["DetectorTemperature", "CountTime_RBV", "FrameTime_RBV", "CountTime"] {
            #expect(try #require(view.member(name)).metadata.type == .number(.float64), "\(name)")
        }
        await bench.stop()
    }

    @Test("while nobody answers, texts say unknown and numbers -999, in alarm")
    func disconnected() async throws {
        let bench = try await Bench(port: try #require(FreePort.choose(1).first)) { $0.liveSource = .off }
        defer { bench.remove() }
        let view = try bench.view("seed")
        defer { view.close() }
        try await eventually("the loss is noticed") { bench.node.connectionAlarm.severity == .invalid }
        for name in ["DetectorState", "DetectorTime"] {
            let sample = try #require(view.member(name)).sample
            #expect(sample.value == .string("unknown"), "\(name)")
            #expect(sample.alarm.severity == .invalid)
        }
        for name in ["DetectorTemperature", "CountTime_RBV", "FrameTime_RBV"] {
            #expect(try #require(view.member(name)).sample.value == .float(-999), "\(name)")
        }
        // Settings are here, not there: they keep their values.
        #expect(try #require(view.member("CountTime")).sample.value == .float(600))
        await bench.stop()
    }

    @Test("a series by the seed's names: Trigger ends when the files are here")
    func series() async throws {
        let stage = try await NameStage("seed")
        try await stage.configure(seconds: 0.2, frame: 0.05)
        try await stage.put("OutputFilePrefix", .string("seed_"))
        try await stage.put("Configure", .string("On"))
        try await stage.put("Trigger", .integer(1))
        #expect(stage.bench.names == ["seed_1_data_000001.h5", "seed_1_master.h5"])
        #expect(try stage.value("LatestFileMain") == .string("seed_1_master.h5"))
        #expect(try stage.value("LatestFileData") == .string("seed_1_data_000001.h5"))
        #expect(try stage.value("LatestFile") == .string("seed_1_master.h5"))
        #expect(try stage.value("Trigger_RBV") == .string("Off"))
        try await eventually("nothing remains") { try stage.value("SecondsRemaining") == .float(0) }
        // The seed's corrections, not those that the vendor recommends.
        let table = stage.bench.device.runner.lifecycle.keys.table
        #expect(table.value(.detector("flatfield_correction_applied")) == .bool(false))
        #expect(table.value(.detector("pixel_mask_applied")) == .bool(false))
        #expect(table.value(.detector("countrate_correction_applied")) == .bool(true))
        await stage.end()
    }

    @Test("settings reach the detector with Configure, not before")
    func settingsAreSoft() async throws {
        let stage = try await NameStage("seed")
        let before = try await stage.sent()
        try await stage.configure(seconds: 0.2, frame: 0.05)
        try await stage.put("PhotonEnergy", .float(9000))
        try await stage.put("FlatFieldCorrection", .string("On"))
        #expect(try await stage.sent() == before)
        try await stage.put("Configure", .integer(1))
        #expect(try await stage.sent().contains { $0.hasSuffix("config/photon_energy") })
        await stage.end()
    }

    @Test("B8-1: what follows a series runs, with the files, before Trigger ends")
    func hookRuns() async throws {
        let stage = try await NameStage("seed")
        try await stage.configure(seconds: 0.05, frame: 0.05)
        try await stage.put("Trigger", .string("On"))
        let record = try #require(try await stage.bench.records().first)
        #expect(record.state == .done)
        #expect(record.artifacts.count == 2)
        #expect(record.artifacts.allSatisfy { $0.verified == true && !$0.path.isEmpty })
        await stage.end()
    }

    @Test("B8-2: writing Off to a command does nothing", arguments: ["Restart", "Initialize", "Configure", "Trigger"])
    func offDoesNothing(name: String) async throws {
        let stage = try await NameStage("seed")
        let before = try await stage.sent()
        try await stage.put(name, .string("Off"))
        try await stage.put(name, .integer(0))
        #expect(try stage.value(name) == .string("Off"))
        #expect(try await stage.sent() == before)
        await stage.end()
    }

    @Test("B8-2, B8-11: Trigger = Off ends a running series, and its files come")
    func offStops() async throws {
        let stage = try await NameStage("seed")
        try await stage.configure(seconds: 30, frame: 0.1)
        async let trigger = stage.put("Trigger", .string("On"))
        try await eventually("the detector exposes") { try stage.value("DetectorState") == .string("acquire") }
        try await stage.put("Trigger", .string("Off"))
        _ = try await trigger
        let record = try #require(try await stage.bench.records().first)
        #expect(record.state == .aborted)
        #expect(try await stage.sent().contains { $0.hasSuffix("command/cancel") })
        #expect(try stage.value("Trigger_RBV") == .string("Off"))
        await stage.end()
    }

    @Test("B8-3: a command reads On for a second at least, then Off")
    func dwell() async throws {
        let stage = try await NameStage("seed")
        let start = ContinuousClock.now
        let seen = try await stage.shown("Configure") {
            try await stage.put("Configure", .string("On"))
            try await eventually("it goes off") { try stage.value("Configure") == .string("Off") }
        }
        #expect(seen == [.string("Off"), .string("On"), .string("Off")])
        #expect(start.duration(to: .now) >= .seconds(1))
        await stage.end()
    }

    @Test("B8-4: corrections go to the detector as truth values")
    func truthValues() async throws {
        let stage = try await NameStage("seed")
        for name in ["CountRateCorrection", "FlatFieldCorrection", "PixelMaskCorrection"] {
            try await stage.put(name, .string("On"))
        }
        try await stage.put("Configure", .string("On"))
        let log = try await stage.simulated.get("/sim/log").text
        let bodies = try log.split(separator: "\n").map { try JSON(parsing: String($0)) }
            .filter { $0["method"]?.string == "PUT" && ($0["path"]?.string ?? "").contains("_applied") }
            .compactMap { $0["body"]?.string }
        #expect(bodies.count >= 2)
        #expect(bodies.allSatisfy { $0.contains("true") || $0.contains("false") })
        #expect(bodies.allSatisfy { !$0.contains("\"On\"") && !$0.contains("\"Off\"") })
        await stage.end()
    }

    @Test("B8-10: a second Trigger is refused, and nothing of it is sent")
    func secondTrigger() async throws {
        let stage = try await NameStage("seed")
        try await stage.configure(seconds: 0.5, frame: 0.1)
        try await stage.simulated.hold("*/command/trigger")
        async let first = stage.put("Trigger", .string("On"))
        try await eventually("its trigger is on the way") { try await stage.simulated.count("trigger") == 1 }
        let error = await #expect(throws: DeviceError.self) { try await stage.put("Trigger", .string("On")) }
        #expect(error?.code == .busy)
        try await stage.simulated.heal()
        _ = try await first
        #expect(try await stage.sent().filter { $0.hasSuffix("command/arm") }.count == 1)
        #expect(try await stage.sent().filter { $0.hasSuffix("command/trigger") }.count == 1)
        await stage.end()
    }

    @Test("B8-12: names are read at once while the detector is silent")
    func readsNeverWait() async throws {
        let stage = try await NameStage("seed")
        try await stage.simulated.hold("*/command/initialize")
        async let initialize = stage.put("Initialize", .string("On"))
        try await eventually("it runs") { try stage.value("Initialize_RBV") == .string("On") }
        // All names, while the detector answers nothing: it still holds its reply back afterwards.
        for _ in 0..<100 {
            for member in stage.view.members { _ = member.sample }
        }
        #expect(try stage.value("Initialize_RBV") == .string("On"))
        try await stage.simulated.heal()
        _ = try await initialize
        await stage.end()
    }

    @Test("B8-16: readbacks are read-only; numbers have unit, limits and digits")
    func metadata() async throws {
        let stage = try await NameStage("seed")
        for name in [
            "DetectorState", "DetectorTemperature", "DetectorTime", "CountTime_RBV", "FrameTime_RBV", "Restart_RBV",
            "Initialize_RBV", "Configure_RBV", "Trigger_RBV", "LatestFile", "LatestFileData", "LatestFileMain",
            "SecondsRemaining",
        ] {
            #expect(try stage.member(name).metadata.access == .read, "\(name)")
            let error = await #expect(throws: DeviceError.self) { try await stage.put(name, .float(1)) }
            #expect(error?.code == .readOnly, "\(name)")
        }
        for name in ["FrameTime", "CountTime", "FrameTime_RBV", "CountTime_RBV"] {
            let metadata = try stage.member(name).metadata
            #expect(metadata.unit == "s" && metadata.precision == 6, "\(name)")
        }
        let table = stage.bench.device.runner.lifecycle.keys.table
        let limits = try #require(table.metadata(.detector("frame_time"))?.limits)
        #expect(try stage.member("FrameTime").metadata.limits == limits)
        #expect(try stage.member("PhotonEnergy").metadata.unit == "eV")
        #expect(try stage.member("PhotonEnergy").metadata.limits != nil)
        await stage.end()
    }

    @Test("B8-17: each frame gets its own exposure, not the series'")
    func perFrame() async throws {
        let stage = try await NameStage("seed")
        // More than the detector takes for one frame, but a legal series.
        try await stage.configure(seconds: 20_000, frame: 10)
        try await stage.put("Configure", .string("On"))
        let count = try #require(try stage.value("CountTime_RBV").double)
        #expect(count < 10 && count > 9.9)
        #expect(try stage.value("FrameTime_RBV") == .float(10))
        await stage.end()
    }

    @Test("B8-18: no temperature is -999 and an alarm")
    func nullTemperature() async throws {
        let server = try RawServer { connection in
            while let request = connection.request() {
                let path = request.split(separator: " ").dropFirst().first ?? ""
                let body =
                    path.hasSuffix("version")
                    ? #"{"value":"1.8.0","value_type":"string"}"#
                    : path.hasSuffix("status/state")
                        ? #"{"value":"idle","value_type":"string"}"#
                        : path.hasSuffix("status/keys")
                            ? #"["state","temperature"]"#
                            : path.hasSuffix("keys")
                                ? "[]"
                                : path.hasSuffix("temperature") ? #"{"value":null,"value_type":"float"}"# : ""
                connection.reply(body.isEmpty ? "404 Not Found" : "200 OK", body.isEmpty ? "unknown" : body)
            }
        }
        let bench = try await Bench(port: Int(server.port)) { $0.liveSource = .off }
        defer { bench.remove() }
        let view = try bench.view("seed")
        defer { view.close() }
        let member = try #require(view.member("DetectorTemperature"))
        try await eventually("it was asked") { member.sample.alarm.message.contains("has no value") }
        #expect(member.sample.alarm.severity == .invalid)
        #expect([DataValue.float(-999), .float(-999.9)].contains(member.sample.value))
        await bench.stop()
        withExtendedLifetime(server) {}
    }

    @Test("B8-21: every change of a name comes in order to who watches")
    func onePublisher() async throws {
        let stage = try await NameStage("seed")
        let seen = Mutex<[DataValue]>([])
        let source = try stage.member("Trigger_RBV").source
        let subscription = Subscription {}
        subscription.add(source)
        try await stage.configure(seconds: 0.1, frame: 0.05)
        try await stage.put("Trigger", .string("On"))
        subscription.drain { update in
            let value = update.sample.value
            seen.withLock { $0.append(value) }
        }
        subscription.cancel()
        #expect(seen.withLock { $0 } == [.bool(false), .bool(true), .bool(false)])
        await stage.end()
    }

    @Test("B8-23: a failed series fails the put, and the busy flag falls in alarm with the reason")
    func failureIsSeen() async throws {
        let stage = try await NameStage("seed")
        try await stage.simulated.fault(#"{"fault":"arm_fails"}"#)
        try await stage.configure(seconds: 0.1, frame: 0.05)
        let error = await #expect(throws: DeviceError.self) { try await stage.put("Trigger", .string("On")) }
        #expect(error?.code == .vendor)
        let flag = try stage.member("Trigger_RBV").sample
        #expect(flag.value == .string("Off"))
        #expect(flag.alarm.severity == .major)
        #expect(flag.alarm.message.contains("arm"))
        #expect(try await stage.bench.records().first?.state == .failed)
        try await stage.simulated.heal()
        try await stage.put("Trigger", .string("On"))
        #expect(try stage.member("Trigger_RBV").sample.alarm == .none)
        await stage.end()
    }

    @Test("B8-26: an error inside a command ends its put and its flag")
    func errorsEnd() async throws {
        let stage = try await NameStage("seed")
        try await stage.simulated.fault(
            #"{"fault":"status","status":404,"text":"gone","path":"*/config/ntrigger","method":"PUT"}"#)
        try await stage.configure(seconds: 0.1, frame: 0.05)
        await #expect(throws: DeviceError.self) { try await stage.put("Configure", .string("On")) }
        #expect(try stage.value("Configure_RBV") == .string("Off"))
        #expect(try stage.member("Configure_RBV").sample.alarm.severity == .major)
        await #expect(throws: DeviceError.self) { try await stage.put("Trigger", .string("On")) }
        #expect(try stage.value("Trigger_RBV") == .string("Off"))
        #expect(try await stage.sent().contains { $0.hasSuffix("command/arm") } == false)
        await stage.end()
    }

    @Test("B8-27: a wrong value is refused when it is written")
    func rangeAtWrite() async throws {
        let stage = try await NameStage("seed")
        for (name, value) in [
            ("FrameTime", DataValue.float(-1)), ("FrameTime", .float(1e9)), ("PhotonEnergy", .float(-5)),
            ("CountTime", .float(0)),
        ] {
            let error = await #expect(throws: DeviceError.self) { try await stage.put(name, value) }
            #expect(error?.code == .outOfRange, "\(name)")
        }
        let error = await #expect(throws: DeviceError.self) {
            try await stage.put("FlatFieldCorrection", .string("Perhaps"))
        }
        #expect(error?.code == .unknownChoice)
        #expect(try stage.value("FrameTime") == .float(10))
        await stage.end()
    }
}

extension NameStage {
    /// Commands and settings that reached the detector.
    fileprivate func sent() async throws -> [String] {
        try await simulated.requests().filter { $0.hasPrefix("PUT") || $0.hasPrefix("DELETE") }
    }

    fileprivate func configure(seconds: Double, frame: Double) async throws {
        try await put("CountTime", .float(seconds))
        try await put("FrameTime", .float(frame))
    }
}
