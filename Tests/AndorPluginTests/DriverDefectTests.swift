// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// What went wrong with the Python driver and has no other test: A7 is the list of its defects.
@Suite("defects of the Python driver")
struct DriverDefectTests {
    @Test(
        "a file that lies anywhere is read; one with no keys at all gives the whole sensor, and later keeps what holds (A7-1, A7-14)"
    )
    func files() async throws {
        #expect(try AndorConfig(JSON(parsing: "{}"), over: CameraSetup()).setup == CameraSetup())
        let file = try ConfigFileInUse("{}")
        defer { file.remove() }
        let bench = try await Bench {
            $0.configuration = file.path
            $0.start = StartSettings()
        }
        try await bench.untilIdle()
        #expect(try bench.value("image/columns") == .integer(1024) && bench.value("image/rows") == .integer(1024))
        let settings: [(String, DataValue)] = [
            ("acquisition/exposure", .float(0.25)), ("image/hend", .integer(100)), ("em/gain", .integer(7)),
            ("cooling/target", .integer(5)), ("cooling/tolerance", .float(2)), ("shutter/mode", .string("closed")),
        ]
        for (name, value) in settings { try await bench.set(name, value) }
        try await bench.call("reconfig_json")
        for (name, value) in settings { #expect(try bench.value(name) == value, "\(name)") }
        try file.write(#"{"emGain": 8}"#)
        try await bench.call("reconfig_json")
        #expect(try bench.value("em/gain") == .integer(8) && bench.value("image/columns") == .integer(100))
        #expect(try bench.value("message") == .string(""))
        await bench.stop()
    }

    @Test("the driver's file may name the library, if it is one of this system; the site's own path comes first (A7-1)")
    func libraryInFile() throws {
        func find(_ path: String, _ configured: String? = nil) throws -> String {
            let file = try ConfigFileInUse("{\"dllPath\": \"\(path)\"}")
            defer { file.remove() }
            return SDKPlace.find(configured: configured, driverFile: file.path, isSimulated: false)
        }
        #expect(try find(StandIn.built) == StandIn.built)
        #expect(try find(StandIn.built, "/opt/libandor.so") == "/opt/libandor.so")
        let usual = SDKPlace.find(configured: nil, driverFile: "", isSimulated: false)
        #expect(try find("./atmcd64d.dll") == usual)
        #expect(try find(#filePath) == usual)
    }

    @Test("each format of the pipeline holds the right numbers in the right shape (A6, A7-3)")
    func formats() throws {
        let pixels: [UInt16] = [0, 300, 600, 900, 1200, 1500]
        let row = try #require(
            ArrayValue(.uint16, shape: [1, 6], bytes: pixels.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }))
        let text = "\u{00}\u{00}\u{01},\u{02}X\u{03}\u{84}\u{04}\u{B0}\u{05}\u{DC}"
        #expect(PipelineFormat.string.value(of: row) == .string(text))
        #expect(PipelineFormat.bytes.value(of: row) == .bytes([0, 0, 1, 44, 2, 88, 3, 132, 4, 176, 5, 220]))
        #expect(PipelineFormat.ndarray.value(of: row) == .array(row))
        let bright = try #require(
            ArrayValue(.uint16, shape: [2, 3], bytes: [0, 0x80, 0xFF, 0xFF, 1, 0, 2, 0, 3, 0, 4, 0]))
        guard case .array(let signed) = PipelineFormat.ndarrayC.value(of: bright) else {
            Issue.record("no array")
            return
        }
        #expect(signed.elementType == .int16 && signed.shape == [3, 2])
        #expect(signed.elements(as: Int16.self) == [-32768, -1, 1, 2, 3, 4])
        let sums = try #require(ArrayValue(.int32, shape: [1, 2], bytes: [0, 1, 0, 0, 0, 0, 1, 0]))
        #expect(PipelineFormat.bytes.value(of: sums) == .bytes([1, 0, 255, 255]))
    }

    @Test("binning and regions that are no squares have their shape in every format (A7-3)")
    func shapes() async throws {
        let bench = try await Bench {
            $0.start.region = [1, 40, 1, 6]
            $0.start.binning = [4, 2]
        }
        try await bench.untilIdle()
        try await bench.set("acquisition/limit", .integer(2))
        try await bench.call("acquire")
        for (format, shape) in [("ndarray", [3, 10]), ("ndarray-c", [10, 3])] {
            try await bench.set("pipeline/format", .string(format))
            guard case .array(let image) = try await bench.call("get_data_from_pipeline") else {
                Issue.record("no image")
                continue
            }
            #expect(image.shape == shape)
        }
        await bench.stop()
    }

    @Test("a call that fails in mid-series is told, ends the watcher, and the next series works (A7-4)")
    func failureInSeries() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        for function in ["GetImages16", "GetNumberNewImages"] {
            try await bench.call("start_acquisition_with_watcher")
            try await eventually("images come") { try bench.number("acquisition/images") >= 1 }
            bench.sim.fail(function, 20052, 3)
            try await eventually("the watcher has ended") {
                try await bench.call("data_watcher_is_working") == .bool(false)
            }
            let record = try #require(try await bench.records().first)
            #expect(record.state == .failed)
            #expect(record.result?.contains(function) == true, "\(record.result ?? "")")
            bench.sim.fail(function, 20052, 0)
            try await eventually("the camera is idle") { try bench.value("state") == .string("idle") }
            try await bench.call("clear_pipeline")
            try await bench.set("acquisition/limit", .integer(3))
            try await bench.call("start_acquisition_with_watcher")
            try await eventually("the next series is complete") {
                try await bench.call("data_watcher_is_working") == .bool(false)
            }
            #expect(try await bench.call("pipeline_size") == .integer(3))
            #expect(try await bench.records().first?.state == .done)
            try await bench.set("acquisition/limit", .integer(0))
        }
        await bench.stop()
    }

    @Test("a status that cannot be asked for a while is told, and the camera is not given up for it (A7-4)")
    func strangeStatus() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        bench.sim.fail("GetStatus", 20052, -1)
        try await eventually("it is told") { try bench.value("message").string?.contains("GetStatus") == true }
        #expect(try bench.alarm("message").severity == .minor)
        bench.sim.fail("GetStatus", 20052, 0)
        try await eventually("all is well") { try bench.value("message") == .string("") }
        #expect(try bench.value("state") == .string("idle"))
        #expect(bench.logText.components(separatedBy: "The camera is open").count == 2)
        await bench.stop()
    }

    @Test("the watcher waits for the camera's signal and fetches all new images at once (A7-5)")
    func noPolling() async throws {
        let trace = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).trace").path
        defer { try? FileManager.default.removeItem(atPath: trace) }
        let bench = try await Bench("manual=1 start=20")
        try await bench.untilIdle()
        bench.sim.trace(trace)
        @Sendable func calls(_ function: String) throws -> Int {
            try String(contentsOfFile: trace, encoding: .utf8).components(separatedBy: " \(function)(").count - 1
        }
        try await bench.call("start")
        try await eventually("it waits") { try calls("WaitForAcquisitionByHandleTimeOut") >= 5 }
        // One look for each wait, and the first: nothing turns in circles.
        #expect(try calls("GetNumberNewImages") <= 2 * (calls("WaitForAcquisitionByHandleTimeOut") + 2))
        #expect(try calls("GetImages16") == 0)
        bench.sim.advance(seconds: bench.sim.cycle * 50.5)
        try await eventually("all are fetched") { bench.sim.counter("retrieved") == 50 }
        #expect(try calls("GetImages16") == 1)
        try await bench.call("stop")
        bench.sim.trace(nil)
        await bench.stop()
    }

    @Test("images of an earlier series say whose they are, and can be forgotten at the start (A7-6)")
    func earlierImages() async throws {
        let bench = try await Bench {
            $0.start.mode = .kinetic
            $0.start.frames = 2
        }
        try await bench.untilIdle()
        func series() async throws -> [String] {
            var names: [String] = []
            while case .dictionary(let entries) = try await bench.call("get_frame") {
                names.append(entries.first { $0.key == .string("acquisition") }?.value.string ?? "")
            }
            return names
        }
        for _ in 0..<2 { try await bench.call("acquire") }
        let ids = try await bench.records().map(\.id).reversed().flatMap { [$0, $0] }
        #expect(try await series() == ids)
        try await bench.call("acquire")
        try await bench.set("pipeline/clear_on_start", .bool(true))
        try await bench.call("acquire")
        let last = try #require(try await bench.records().first?.id)
        #expect(try await series() == [last, last])
        await bench.stop()
    }

    @Test("external start, external exposure and every other trigger that the camera has take images (A7-10)")
    func triggers() async throws {
        let bench = try await Bench("manual=1 start=20")
        try await bench.untilIdle()
        try await bench.set("trigger/mode", .string("external_start"))
        try await bench.call("start")
        #expect(try bench.value("state") == .string("armed"))
        bench.sim.trigger()
        bench.sim.advance(seconds: bench.sim.cycle * 3.5)
        try await eventually("one pulse starts them all") { try bench.number("acquisition/images") == 3 }
        try await bench.call("stop")
        try await bench.set("trigger/mode", .string("external_exposure"))
        try await bench.call("start")
        bench.sim.trigger(edge: 1)
        bench.sim.advance(seconds: 0.5)
        bench.sim.trigger(edge: 0)
        bench.sim.advance(seconds: 1)
        try await eventually("the gate makes one") { try bench.number("acquisition/images") == 1 }
        try await bench.call("stop")
        #expect(try await bench.records().allSatisfy { $0.state == .done })
        await bench.stop()
    }

    @Test(
        "the A/D converter is chosen without the amplifier, unless the site wants both (A7-12)",
        arguments: [false, true])
    func amplifier(isCoupled: Bool) async throws {
        let bench = try await Bench { $0.couplesAmplifierToChannel = isCoupled }
        try await bench.untilIdle()
        try await bench.call("set_output_amplifier", .integer(1))
        try await bench.call("set_adc_channel", .integer(0))
        #expect(try await bench.call("get_adc_channel") == .integer(0))
        #expect(try bench.value("readout/amplifier") == .integer(isCoupled ? 0 : 1))
        await bench.stop()
    }

    @Test("both cameras that were looked at, and only the one that is used stays open (A7-13)")
    func search() async throws {
        let bench = try await Bench("speed=20 start=20 cameras=888:1,897:2,888:3") { $0.serialNumber = 3 }
        try await bench.untilIdle()
        #expect(try bench.value("serial_number") == .integer(3))
        #expect((100...102).map { bench.sim.counter("initialized", of: $0) } == [0, 0, 1])
        await bench.stop()
        #expect(bench.sim.counter("initialized", of: 102) == 0)
    }

    @Test("a series that ends by itself ends its watcher, and a stop at that very moment is no error (A7-15)")
    func naturalEnd() async throws {
        let bench = try await Bench("manual=1 start=20") {
            $0.start.mode = .kinetic
            $0.start.frames = 5
        }
        try await bench.untilIdle()
        for round in 1...20 {
            try await bench.call("start_acquisition_with_watcher")
            #expect(try await bench.call("data_watcher_is_working") == .bool(true))
            bench.sim.advance(seconds: bench.sim.cycle * 5.5)
            if round % 2 == 0 { try await bench.call("stop_data_watcher") }
            try await eventually("it has ended") { try await bench.call("data_watcher_is_working") == .bool(false) }
            #expect(try await bench.call("clear_pipeline") == .integer(5))
            #expect(try await bench.records().first?.state == .done)
        }
        #expect(!bench.logText.contains("20073"))
        await bench.stop()
    }

    @Test(
        "the fan runs unless it is told not to; off beside a cold set point is warned of, a tripped cooler shown (A7-17)"
    )
    func fan() async throws {
        let plain = try await Bench("manual=1 start=20") { $0.start.target = -80 }
        try await plain.untilIdle()
        #expect(try plain.value("cooling/fan") == .string("full"))
        #expect(plain.sim.counter("fan") == 0)
        #expect(!plain.logText.contains("the fan is off"))
        await plain.stop()
        // As the driver's own file has it.
        let file = try ConfigFileInUse(#"{"fanMode": 2, "coolerOn": true, "targetTemperature": -80}"#)
        defer { file.remove() }
        let bench = try await Bench("manual=1 start=20") {
            $0.configuration = file.path
            $0.start = StartSettings()
        }
        try await bench.untilIdle()
        #expect(bench.sim.counter("fan") == 2)
        #expect(bench.logText.contains("the fan is off while the camera cools to -80 °C"))
        #expect(try bench.value("cooling/tripped") == .bool(false))
        bench.sim.advance(seconds: 700)
        try await eventually("the cooler protects itself") { try bench.value("cooling/tripped") == .bool(true) }
        #expect(try bench.alarm("cooling/tripped").severity == .major)
        try await bench.set("cooling/fan", .string("full"))
        #expect(bench.sim.counter("fan") == 0)
        await bench.stop()
        // Where water carries the heat away nobody is warned, however the fan was set off.
        for isWaterCooled in [true, false] {
            let cooled = try await Bench("manual=1 start=20") {
                $0.isWaterCooled = isWaterCooled
                $0.configuration = file.path
                $0.start.target = -60
            }
            try await cooled.untilIdle()
            #expect(cooled.sim.counter("fan") == 2)
            #expect(cooled.logText.contains("the fan is off while the camera cools to -60 °C") != isWaterCooled)
            await cooled.stop()
        }
    }
}
