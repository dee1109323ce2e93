// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("settings of a camera")
struct SettingTests {
    @Test("what is written reaches the SDK, what the camera made of it is read back")
    func writes() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        try await bench.set("acquisition/exposure", .float(0.0123456))
        #expect(abs(try bench.number("acquisition/actual_exposure") - 0.01235) < 1e-6)
        #expect(try bench.number("acquisition/frame_rate") > 1)
        guard case .float(let cleaning) = try await bench.call("sdk/get_keep_clean_time") else {
            Issue.record("no time")
            return
        }
        let (exposure, readout) = try (
            bench.number("acquisition/actual_exposure"), bench.number("acquisition/readout_time")
        )
        #expect(cleaning > 0)
        #expect(abs(try bench.number("acquisition/minimum_period") - exposure - readout - cleaning) < 1e-9)
        try await bench.set("image/hbin", .integer(3))
        #expect(try bench.value("image/hend") == .integer(6))
        #expect(try bench.value("image/columns") == .integer(2))
        try await bench.set("image/hbin", .integer(1))
        try await bench.set("image/first_x", .integer(100))
        #expect(try bench.value("image/hstart") == .integer(101))
        try await bench.set("image/size_x", .integer(5000))
        #expect(try bench.value("image/hend") == .integer(1024))
        try await bench.set("readout/mode", .string("full_vertical_binning"))
        #expect(try bench.value("image/rows") == .integer(1))
        try await bench.set("readout/mode", .string("image"))
        try await bench.set("readout/amplifier", .integer(1))
        #expect(try bench.value("readout/hs_speeds") == .array(ArrayValue([1.0, Double(Float(0.1))])))
        await #expect(throws: DeviceError.self) { try await bench.set("readout/hs_speed", .integer(3)) }
        #expect(try bench.value("readout/hs_speed") == .integer(0))
        await bench.stop()
    }

    @Test("EM gain is kept from harm: above 300 only when allowed, never above range or the site's limit (A7-11)")
    func gain() async throws {
        let bench = try await Bench("speed=20 start=-20") { $0.emGainMax = 900 }
        try await bench.untilIdle()
        try await bench.set("em/mode", .string("real"))
        try await bench.set("em/gain", .integer(300))
        await expect(bench, 301, "allow it by")
        try await bench.call("set_em_advanced", .bool(true))
        try await bench.set("em/gain", .integer(800))
        await expect(bench, 950, "em_gain_max")
        #expect(try bench.value("em/gain") == .integer(800))
        #expect(bench.logText.contains("ages the sensor"))
        await bench.stop()
    }

    private func expect(_ bench: Bench, _ gain: Int64, _ part: String) async {
        do {
            try await bench.set("em/gain", .integer(gain))
            Issue.record("gain \(gain) must be refused")
        } catch {
            #expect("\(error)".contains(part), "\(error)")
        }
    }

    @Test("the driver's functions take positions and names, lists come as lists, pairs as tuples (A7-2)")
    func driverFunctions() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        #expect(try await bench.call("get_detector") == .tuple([.integer(1024), .integer(1024)]))
        #expect(try await bench.call("get_head_model") == .bytes(Array("DU888_BV".utf8)))
        #expect(try await bench.call("get_camera_serial_number") == .integer(12859))
        #expect(try await bench.call("get_status") == .integer(20073))
        #expect(try await bench.call("get_preamp_gains") == .list([.float(1), .float(2)]))
        #expect(try await bench.call("get_bit_depth") == .list([.integer(16)]))
        #expect(try await bench.call("get_bit_depth", .integer(0)) == .integer(16))
        try await bench.call("set_vs_speed", .float(2.0))
        #expect(try bench.value("readout/vs_speed") == .integer(2))
        try await bench.call("set_hs_speed", .integer(0), .float(12))
        #expect(try bench.value("readout/hs_speed") == .integer(2))
        try await bench.call(
            "set_image",
            named: [
                ("bin", .tuple([.integer(2), .integer(1)])),
                ("roi", .tuple([.integer(1), .integer(20), .integer(5), .integer(9)])),
            ])
        #expect(try bench.value("image/columns") == .integer(10))
        let odd = await #expect(throws: DeviceError.self) {
            try await bench.call(
                "set_image", .tuple([.integer(3), .integer(1)]),
                .tuple([.integer(1), .integer(20), .integer(5), .integer(9)]))
        }
        #expect(odd?.code == .outOfRange && odd?.message.hasSuffix("(20099, DRV_BINNING_ERROR)") == true)
        try await bench.call("set_acquisition_mode", .integer(7))
        #expect(try bench.value("acquisition/frames") == .integer(7))
        #expect(try bench.value("acquisition/mode") == .string("kinetic"))
        try await bench.call("set_acquisition_mode")
        #expect(try bench.value("acquisition/mode") == .string("run_till_abort"))
        try await bench.call("shutter", .bool(false))
        #expect(bench.sim.counter("shutter_mode") == 2)
        try await bench.call("cooler", .bool(false))
        #expect(try await bench.call("is_cooler_on") == .bool(false))
        await #expect(throws: DeviceError.self) { try await bench.call("set_temperature_until_reach", .integer(-10)) }
        guard case .tuple(let temperature) = try await bench.call("get_temperature_f") else {
            Issue.record("no tuple")
            return
        }
        #expect(temperature.last == .string("DRV_TEMP_OFF"))
        guard case .dictionary(let words) = try await bench.call("get_capabilities") else {
            Issue.record("no dictionary")
            return
        }
        #expect(words.first { $0.key == .string("ulCameraType") }?.value == .integer(21))
        await bench.stop()
    }

    @Test("every function of the Python driver and every name of the sets is there (A7-2)")
    func names() async throws {
        let bench = try await Bench()
        for set in bench.device.nameSets {
            let view = NameView(set, of: bench.node, on: bench.site)
            #expect(view.members.count == set.entries.count)
            for entry in set.entries {
                switch entry.source {
                case .command(let path): #expect(bench.node.command(path) != nil, "\(set.name) \(entry.name)")
                case .parameter(let path): #expect(bench.node.parameter(path) != nil, "\(set.name) \(entry.name)")
                default: break
                }
            }
            #expect(Set(set.entries.map(\.name)).count == set.entries.count)
            view.close()
        }
        await bench.stop()
    }

    @Test(
        "each status that a call can give becomes one clear message with its number (A7-16)",
        arguments: SDKStatusTable.names.keys.sorted())
    func statuses(code: UInt32) {
        let status = SDKStatus(code)
        guard status != .success else { return }
        let error = status.error("SetImage", "1, 1")
        #expect(error.vendorCode == Int(code))
        #expect(error.vendorText == status.name)
        #expect(error.message.hasPrefix("SetImage(1, 1) was refused: "))
        #expect(error.message.hasSuffix(" (\(code), \(status.name))"))
        #expect(error.description == error.message)
        #expect(!error.message.contains("no further reason"))
        #expect(!error.message.contains("\n"))
    }

    @Test("a status that nobody knows is its number")
    func unknownStatus() {
        #expect(SDKStatus(29999).name == "29999")
        #expect(SDKStatus(29999).error("X").message.hasSuffix("no further reason (29999)"))
    }

    @Test("settings that a camera does not have are reported and do not stop the others (A7-10)")
    func otherModel() async throws {
        let bench = try await Bench("speed=20 cameras=420:77") {
            $0.start.emGain = 10
            $0.start.region = [1, 100, 1, 50]
        }
        try await bench.untilIdle()
        #expect(try bench.value("image/columns") == .integer(100))
        await #expect(throws: DeviceError.self) { try await bench.set("em/gain", .integer(20)) }
        #expect(try await bench.call("get_hs_speeds", .integer(0)) != .list([]))
        try await bench.set("acquisition/limit", .integer(3))
        try await bench.call("acquire")
        await bench.stop()
    }
}

@Suite("opening, cooling and closing a camera")
struct LifecycleTests {
    @Test("a library that is not there, or is no SDK, is told with the missing names; nothing else breaks (A7-1)")
    func wrongLibrary() async throws {
        let bench = try await Bench { $0.library = "/nowhere/libandor.so" }
        try await eventually("the reason is shown") {
            try bench.value("message").string?.contains("/nowhere/libandor.so") == true
        }
        await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        await bench.stop()
        do {
            _ = try SDKLibrary(path: "libc.so.6")
            Issue.record("the C library is not the SDK")
        } catch {
            #expect(error.message.contains("StartAcquisition"), "\(error)")
        }
    }

    @Test("the log has the SDK's file and its checksum, a parameter its version (D1.3)")
    func version() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        #expect(try bench.value("sdk/version") == .string("2.104.0.0 (stand-in), driver 1.0 (stand-in)"))
        let digest = SHA256.hash(Array(try Data(contentsOf: URL(fileURLWithPath: bench.sim.path)))).hex
        #expect(bench.logText.contains(digest) && bench.logText.contains(bench.sim.path))
        #expect(bench.logText.contains("2.104.0.0 (stand-in)"))
        await bench.stop()
    }

    @Test("a camera is chosen by its serial number; one that is not there is told with those that are (A7-13)")
    func serials() async throws {
        let second = try await Bench { $0.serialNumber = 7342 }
        try await second.untilIdle()
        #expect(try second.value("model") == .string("DU897_BV"))
        #expect(second.sim.counter("initialized", of: 100) == 0)
        await second.stop()
        let absent = try await Bench { $0.serialNumber = 4711 }
        try await eventually("the reason is shown") {
            let text = try absent.value("message").string ?? ""
            return text.contains("12859") && text.contains("7342")
        }
        await absent.stop()
    }

    @Test(
        "two cameras of one library run side by side; every call finds its own camera selected, never two at once (A7-8)"
    )
    func twoCameras() async throws {
        let sim = try StandIn("speed=20 start=20")
        let pool = TransportPool()
        let first = try await Bench(on: sim, pool: pool) { $0.serialNumber = 12859 }
        let second = try await Bench(name: "other", on: sim, pool: pool) { $0.serialNumber = 7342 }
        try await first.untilIdle()
        try await second.untilIdle()
        for bench in [first, second] { try await bench.set("acquisition/limit", .integer(100)) }
        async let one: DataValue = first.call("acquire")
        async let two: DataValue = second.call("acquire")
        _ = try await (one, two)
        for (bench, serial) in [(first, 12859), (second, 7342)] {
            guard case .array(let images) = try await bench.call("get_images", .integer(200)) else {
                Issue.record("no images")
                continue
            }
            let pixels = try #require(images.elements(as: UInt16.self))
            #expect(images.shape[0] == 100)
            #expect((0..<100).allSatisfy { pixels[$0 * 48] == UInt16($0 + 1) && pixels[$0 * 48 + 2] == UInt16(serial) })
        }
        #expect(sim.counter("violations", of: -1) == 0)
        await first.stop()
        await second.stop()
    }

    @Test("cooling: progress on the way, null at the end, cancellation, and the time-out only warns (E7.5)")
    func cooling() async throws {
        let bench = try await Bench("speed=2000 start=20")
        try await bench.untilIdle()
        let cooling = try bench.start("set_temperature_until_reach", [.integer(-50)])
        try await bench.call("start")
        try await bench.call("stop")
        #expect(try await cooling.result() == .null)
        #expect(abs(try bench.number("cooling/temperature") + 50) <= 5.5)
        try await eventually("stable") { try bench.value("cooling/state") == .string("stabilized") }
        let far = try bench.start("set_temperature_until_reach", [.integer(-120), .float(0.2)])
        #expect(try await far.result() == .null)
        #expect(bench.logText.contains("not reached in time"))
        let cancelled = try bench.start("set_temperature_until_reach", [.integer(-110)])
        cancelled.cancel()
        #expect(await cancelled.end().state == .cancelled)
        await bench.stop()
    }

    @Test("the policies leave the camera as they say (A7-13)", arguments: CameraSettings.ShutdownPolicy.allCases)
    func policies(policy: CameraSettings.ShutdownPolicy) async throws {
        // Only a warm-up needs a fast clock; with one, a delay of the test would warm the sensor where it must be let go cold.
        let bench = try await Bench("speed=\(policy == .warm ? 200 : 1) start=-80 classic=1") {
            $0.shutdown = policy
            $0.start.target = -80
        }
        try await bench.untilIdle()
        try await bench.call("start")
        try await bench.call("stop_camera")
        #expect(try bench.value("state") == .string("closed"))
        #expect(bench.sim.counter("initialized") == 0)
        #expect(bench.sim.counter("cooler") == (policy == .keepCold ? 1 : 0))
        #expect(bench.sim.counter("keep_cold") == (policy == .keepCold ? 1 : 0))
        if policy == .warm { #expect(bench.sim.counter("thermal_abuse") == 0) }
        if policy == .immediate { #expect(bench.sim.counter("thermal_abuse") == 1) }
        await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        try await bench.call("open_camera")
        try await bench.untilIdle()
        await bench.stop()
    }

    @Test("a second request ends the wait for the warm-up at once and leaves the camera cooling")
    func interruptedWarmUp() async throws {
        let bench = try await Bench("speed=1 start=-80") {
            $0.shutdown = .warm
            $0.start.target = -80
        }
        try await bench.untilIdle()
        let closing = try bench.start("stop_camera")
        try await eventually("it is warming") { try bench.value("state") == .string("warming") }
        try await bench.call("stop_camera")
        _ = try await closing.result()
        #expect(bench.sim.counter("initialized") == 0)
        #expect(bench.sim.counter("cooler") == 1)
        #expect(bench.sim.counter("keep_cold") == 1)
        await bench.stop()
    }

    @Test("a sensor that is not warm in time is closed with the cooler off, and the log says so (D7)")
    func lateWarmUp() async throws {
        let bench = try await Bench("speed=1 start=-80") {
            $0.shutdown = .warm
            $0.warmUpTimeout = .milliseconds(50)
            $0.start.target = -80
        }
        try await bench.untilIdle()
        try await bench.call("stop_camera")
        #expect(try bench.value("state") == .string("closed"))
        #expect(bench.sim.counter("initialized") == 0)
        #expect(bench.sim.counter("cooler") == 0 && bench.sim.counter("keep_cold") == 0)
        #expect(bench.logText.contains("not warm in time"))
        await bench.stop()
    }

    @Test("a temperature that the camera hides is not taken for a warm one (C6, D7)")
    func hiddenWarmUp() async throws {
        let bench = try await Bench("speed=1 start=-80") {
            $0.shutdown = .warm
            $0.start.target = -80
        }
        try await bench.untilIdle()
        bench.sim.fail("GetTemperatureF", 20072, -1)
        let closing = try bench.start("stop_camera")
        try await eventually("it waits") { try bench.value("message").string?.contains("does not tell") == true }
        #expect(try bench.value("state") == .string("warming"))
        bench.sim.fail("GetTemperatureF", 20072, 0)
        try await eventually("it tells") { try bench.value("message").string?.contains("-7") == true }
        try await bench.call("stop_camera")
        _ = try await closing.result()
        await bench.stop()
    }

    @Test("which cameras must be warm before they are closed: by family, a CCD by its PCI card (D7)")
    func families() {
        func mustWarmUp(_ type: UInt32, card: UInt32) -> Bool {
            var capabilities = CameraCapabilities()
            (capabilities.cameraType, capabilities.pciCard) = (type, card)
            return capabilities.mustWarmUp
        }
        #expect((0...31).filter { mustWarmUp($0, card: 0) } == [2, 5, 10, 18, 30])
        #expect((0...31).filter { mustWarmUp($0, card: 5_000_000) } == [2, 4, 5, 10, 18, 30])
    }

    @Test("nothing blocks while the SDK's Initialize hangs: commands answer, states are shown (A7-9)")
    func hangingInitialize() async throws {
        // However busy the machine is: longer, until everything was asked while it hung.
        for seconds in [1, 5, 25, 125] {
            let bench = try await Bench("speed=20 init_ms=\(1000 * seconds)")
            #expect(try await bench.call("data_watcher_is_working") == .bool(false))
            #expect(try await bench.call("get_data_from_pipeline") == .null)
            let refusal = await #expect(throws: DeviceError.self) { try await bench.call("get_detector") }
            let isInTime = refusal != nil && bench.sim.counter("initialized") == 0
            if isInTime { #expect(["absent", "opening"].contains(try bench.value("state").string)) }
            try await eventually("the camera is open", within: .seconds(300)) {
                try bench.value("state") == .string("idle")
            }
            await bench.stop()
            if isInTime { return }
        }
        Issue.record("the camera was open before anything could be asked")
    }

    @Test("a call in which the SDK hangs is shown while it does, the opening one, too, and no longer afterwards (D2)")
    func stuckCall() async throws {
        let bench = try await Bench("speed=20 start=20 init_ms=3000") { $0.stuckCallAfter = .milliseconds(20) }
        @Sendable func shows(_ text: String) throws -> Bool {
            try bench.value("sdk/call").string?.contains(text) == true && bench.alarm("sdk/call").severity == .minor
        }
        try await eventually("the opening call is shown") { try shows("open emccd") }
        try await bench.untilIdle()
        try await eventually("it is over") { try bench.value("sdk/call") == .string("") }
        bench.sim.hang("GetTemperatureF", milliseconds: 3000)
        try await eventually("the hanging call is shown") { try shows("GetTemperatureF") }
        #expect(bench.logText.contains("takes unusually long"))
        try await eventually("it is over") { try bench.value("sdk/call") == .string("") }
        #expect(try bench.alarm("sdk/call").severity == .none)
        await bench.stop()
    }

    @Test("faults of a start are told and leave the camera idle", arguments: [20017, 20010, 20099, 20013] as [UInt32])
    func startFaults(code: UInt32) async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        bench.sim.fail("StartAcquisition", code)
        do {
            try await bench.call("acquire")
            Issue.record("the start must fail")
        } catch let error as DeviceError {
            #expect(error.vendorCode == Int(code))
        }
        #expect(try await bench.records().first?.state == .failed)
        #expect(!bench.device.acquirer.isBusy)
        try await bench.set("acquisition/limit", .integer(2))
        try await eventually("it works again") { (try? await bench.call("acquire")) != nil }
        await bench.stop()
    }
}
