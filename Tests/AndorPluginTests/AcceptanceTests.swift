// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// What the plugin and the stand-in must show together, by a clock that the test turns.
@Suite("camera and stand-in together")
struct AcceptanceTests {
    @Test("a buffer of four that overran by ten images: the plugin tells six lost, before image 7 (E7.2)")
    func overrun() async throws {
        let bench = try await Bench("manual=1 start=20 buffer=384")
        try await bench.untilIdle()
        try await bench.call("start")
        let cycle = try bench.number("acquisition/actual_kinetic_cycle")
        bench.sim.advance(seconds: cycle * 10.5)
        try await eventually("the images are fetched") { bench.sim.counter("retrieved") == 10 }
        try await bench.call("stop")
        #expect(try bench.value("acquisition/lost") == .integer(6))
        guard case .dictionary(let entries) = try await bench.call("get_frame") else {
            Issue.record("no image")
            return
        }
        let frame = Dictionary(uniqueKeysWithValues: entries.map { ($0.key.string ?? "", $0.value) })
        #expect(frame["index"] == .integer(7) && frame["lost_before"] == .integer(6))
        let record = try #require(try await bench.records().first)
        #expect(record.state == .failed && record.frames.received == 4 && record.frames.missing == 6)
        #expect(try bench.alarm("message").severity == .major)
        await bench.stop()
    }

    @Test("cooling to -80 °C goes through the states of the regulation, and the command ends when it is there (E7.5)")
    func cooling() async throws {
        let bench = try await Bench("manual=1 start=20")
        try await bench.untilIdle()
        let cooling = try bench.start("set_temperature_until_reach", [.integer(-80), .float(3600)])
        try await eventually("the set point is sent") { try bench.value("cooling/target") == .integer(-80) }
        func state(_ wanted: String, after seconds: Double) async throws {
            bench.sim.advance(seconds: seconds)
            try await eventually(wanted) { try bench.value("cooling/state") == .string(wanted) }
        }
        try await state("not_reached", after: 60)
        #expect(!cooling.status.state.isFinal)
        try await eventually("10 °C after a minute") { abs(try bench.number("cooling/temperature") - 10) < 0.5 }
        try await state("not_stabilized", after: 9 * 60 + 30)
        #expect(try await cooling.result() == .null)
        try await state("stabilized", after: 120)
        #expect(bench.logText.contains("not yet stable"))
        await bench.stop()
    }

    @Test("a stable temperature is asked as often as tempWatcherWaitTime says, at once after a change (A5, A7-14)")
    func temperatureWatcher() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("watch-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (path, trace) = (folder + "/AndorConfig.json", folder + "/trace")
        func write(_ wait: Int) throws {
            let text = #"{"coolerOn": true, "targetTemperature": 20, "fanMode": 0, "tempWatcherWaitTime": \#(wait)}"#
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        @Sendable func asked(_ function: String) throws -> Int {
            try String(contentsOfFile: trace, encoding: .utf8).components(separatedBy: " \(function)(").count - 1
        }
        try write(86_400)
        let bench = try await Bench("speed=1000 start=20") { $0.configuration = path }
        try await bench.untilIdle()
        try await eventually("stable") { try bench.value("cooling/state") == .string("stabilized") }
        bench.sim.trace(trace)
        try await eventually("the status is asked") { try asked("GetStatus") >= 20 }
        #expect(try asked("GetTemperatureF") == 0)
        try await bench.set("cooling/target", .integer(19))
        try await eventually("the temperature is asked after the change") { try asked("GetTemperatureF") >= 1 }
        try write(0)
        try await bench.call("reconfig_json")
        let before = try asked("GetTemperatureF")
        try await eventually("it is asked again and again") { try asked("GetTemperatureF") >= before + 5 }
        bench.sim.trace(nil)
        await bench.stop()
    }

    @Test(
        "each status of the SDK becomes one sentence with function, argument, number and name; the setting stays (A7-16)"
    )
    func everyStatus() async throws {
        let bench = try await Bench { $0.pollInterval = .seconds(60) }
        try await bench.untilIdle()
        let exposure = try bench.value("acquisition/exposure")
        for code in SDKStatusTable.names.keys.sorted() where code != SDKStatus.success.raw {
            bench.sim.fail("SetExposureTime", code)
            let error = await #expect(throws: DeviceError.self) {
                try await bench.set("acquisition/exposure", .float(0.5))
            }
            #expect(error?.vendorCode == Int(code))
            #expect(error?.vendorText == SDKStatusTable.names[code])
            #expect(error?.message.contains("SetExposureTime(0.5) was refused: ") == true, "\(code)")
            #expect(error?.message.contains("gives no further reason") == false, "\(code)")
            #expect(error?.message.hasSuffix("(\(code), \(SDKStatus(code).name))") == true, "\(code)")
            #expect(try bench.value("acquisition/exposure") == exposure)
        }
        await bench.stop()
    }

    @Test("each status as an answer to a software trigger becomes one sentence, and the acquisition goes on (A7-16)")
    func everyTrigger() async throws {
        let bench = try await Bench {
            $0.pollInterval = .seconds(60)
            $0.start.trigger = .software
        }
        try await bench.untilIdle()
        try await bench.call("start")
        for code in SDKStatusTable.names.keys.sorted() where code != SDKStatus.success.raw {
            bench.sim.fail("SendSoftwareTrigger", code)
            let error = await #expect(throws: DeviceError.self) { try await bench.call("software_trigger") }
            #expect(error?.vendorCode == Int(code) && error?.vendorText == SDKStatusTable.names[code])
            #expect(error?.message.hasPrefix("SendSoftwareTrigger() was refused: ") == true, "\(code)")
            #expect(error?.message.hasSuffix("(\(code), \(SDKStatus(code).name))") == true, "\(code)")
        }
        try await bench.call("software_trigger")
        guard case .array = try await bench.call("get_image", .float(30)) else {
            Issue.record("no image")
            return
        }
        try await bench.call("stop")
        await bench.stop()
    }

    @Test("each status as an answer to Initialize becomes one sentence, and the next attempt works (A7-16)")
    func everyOpening() async throws {
        let bench = try await Bench("speed=20 start=20 cameras=888:12859") { $0.pollInterval = .seconds(60) }
        try await bench.untilIdle()
        try await bench.call("stop_camera")
        for code in SDKStatusTable.names.keys.sorted() where code != SDKStatus.success.raw {
            bench.sim.fail("Initialize", code)
            let error = await #expect(throws: DeviceError.self) { try await bench.call("open_camera") }
            #expect(error?.vendorCode == Int(code) && error?.vendorText == SDKStatusTable.names[code])
            #expect(error?.message.hasPrefix("Initialize(") == true, "\(code)")
            #expect(error?.message.hasSuffix("(\(code), \(SDKStatus(code).name))") == true, "\(code)")
            #expect(try bench.value("message").string == error?.message)
        }
        try await bench.call("open_camera")
        #expect(try bench.value("state") == .string("idle"))
        await bench.stop()
    }

    @Test(
        "one setting that is refused at the opening stops none of the others, and is told (D4)",
        arguments: ["SetADChannel", "SetVSSpeed", "SetPreAmpGain", "SetImage", "SetExposureTime", "SetTriggerMode"])
    func oneRefusal(function: String) async throws {
        func calls(_ words: String) async throws -> (Set<String>, Bench) {
            let trace = FileManager.default.temporaryDirectory.appendingPathComponent("t-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: trace) }
            let sim = try StandIn(words)
            sim.trace(trace)
            let bench = try await Bench(on: sim) { $0.pollInterval = .seconds(60) }
            try await bench.untilIdle()
            sim.trace(nil)
            let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            let calls = lines.compactMap { $0.split(separator: " ").dropFirst(2).first.map(String.init) }
            // Questions about status and temperature come when they come.
            return (Set(calls.filter { !$0.hasPrefix("Get") && !$0.hasPrefix("Is") }), bench)
        }
        let (all, good) = try await calls("speed=20 start=20")
        let (sent, bench) = try await calls("speed=20 start=20 fail=\(function):20078:-1")
        #expect(sent == all && all.count > 25, "\(all.symmetricDifference(sent))")
        #expect(try good.value("message") == .string(""))
        let message = try #require(try bench.value("message").string)
        #expect(message.contains("\(function)(") && message.hasSuffix("(20078, DRV_INVALID_MODE)"), "\(message)")
        #expect(try bench.alarm("message").severity == .minor)
        await good.stop()
        await bench.stop()
    }

    @Test("a start that the SDK refuses, whatever the status, is told, recorded as failed, and leaves the camera idle")
    func everyStart() async throws {
        let bench = try await Bench {
            $0.pollInterval = .seconds(60)
            $0.start.mode = .kinetic
            $0.start.frames = 2
        }
        try await bench.untilIdle()
        for code in SDKStatusTable.names.keys.sorted() where code != SDKStatus.success.raw {
            bench.sim.fail("StartAcquisition", code)
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.vendorCode == Int(code))
            #expect(!bench.device.acquirer.isBusy)
        }
        try await bench.call("acquire")
        let records = try await bench.records()
        #expect(records.first?.state == .done)
        #expect(records.dropFirst().allSatisfy { $0.state == .failed })
        await bench.stop()
    }

    @Test("what only some SDKs and cameras have answers, or says that it is missing")
    func details() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        #expect(try await bench.call("sdk/get_pixel_size") == .tuple([.float(13), .float(13)]))
        #expect(try await bench.call("sdk/get_controller_card_model") == .string("USB"))
        #expect(try await bench.call("sdk/get_sensitivity") == .float(16))
        #expect(try await bench.call("sdk/get_size_of_circular_buffer").integer ?? 0 > 1)
        guard case .tuple(let versions) = try await bench.call("sdk/get_version_info") else {
            Issue.record("no tuple")
            return
        }
        #expect(versions.first?.string?.contains("stand-in") == true)
        try await bench.call("sdk/out_aux_port", .integer(2), .bool(true))
        #expect(try await bench.call("sdk/in_aux_port", .integer(2)) == .bool(true))
        #expect(try await bench.call("sdk/in_aux_port", .integer(3)) == .bool(false))
        let setting = try bench.start("sdk/set_dma_parameters", [.integer(0), .float(0.03)])
        let end = await setting.end()
        if !bench.sim.library.has(.setDMAParameters) {
            #expect(end.error?.message.contains("no function SetDMAParameters") == true)
        }
        for name in DetailCommands.names where name.hasPrefix("get_") || name.hasPrefix("is_") {
            let arguments: [DataValue] = name == "get_amp_desc" || name == "get_preamp_gain_text" ? [.integer(0)] : []
            let operation = try bench.start("sdk/" + name, arguments)
            #expect(await operation.end().state == .succeeded, "\(name)")
        }
        await bench.stop()
    }

    @Test("the cropped region may begin where the camera can have it, and is refused elsewhere with the reason")
    func crop() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        for (name, value) in [("width", 32), ("height", 16), ("left", 101), ("bottom", 51)] {
            try await bench.set("crop/" + name, .integer(Int64(value)))
        }
        try await bench.set("crop/active", .bool(true))
        #expect(try bench.value("image/columns") == .integer(32))
        #expect(try bench.value("image/rows") == .integer(16))
        try await bench.set("acquisition/limit", .integer(2))
        try await bench.call("acquire")
        guard case .array(let image) = try await bench.call("get_image") else {
            Issue.record("no image")
            return
        }
        #expect(image.shape == [16, 32])
        await bench.stop()
        let corner = try await Bench("speed=20 start=20 cameras=934:5")
        try await corner.untilIdle()
        await #expect(throws: DeviceError.self) { try await corner.set("crop/left", .integer(5)) }
        await corner.stop()
    }
}
