// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// What the Python driver did in particular, and what its users ask for beside it.
@Suite("the driver's functions in detail")
struct DriverContractTests {
    @Test(
        "get_images16 has all images that are new, and all of a range, however many; only the watcher's count as its (A4)"
    )
    func manyImages() async throws {
        let bench = try await Bench("manual=1 start=20")
        try await bench.untilIdle()
        try await bench.set("pipeline/format", .string("ndarray"))
        try await bench.call("start_acquisition")
        #expect(try await bench.call("data_watcher_is_working") == .bool(false))
        bench.sim.advance(seconds: try bench.number("acquisition/actual_kinetic_cycle") * 700.5)
        func indexes(_ value: DataValue) -> [Int] {
            guard case .list(let images) = value else { return [] }
            return images.map { image in
                guard case .array(let pixels) = image else { return 0 }
                return Int(pixels.elements(as: UInt16.self)?.first ?? 0)
            }
        }
        #expect(indexes(try await bench.call("get_images16")) == Array(1...700))
        let range = DataValue.tuple([.integer(10), .integer(610)])
        #expect(indexes(try await bench.call("get_images16", range)) == Array(10...610))
        let beyond = await #expect(throws: DeviceError.self) {
            try await bench.call("get_images16", .tuple([.integer(699), .integer(701)]))
        }
        #expect(beyond?.vendorCode == 20049)
        try await bench.call("abort_acquisition")
        try await bench.call("start_acquisition_with_watcher")
        #expect(try await bench.call("data_watcher_is_working") == .bool(true))
        try await bench.call("stop_data_watcher")
        #expect(try await bench.call("data_watcher_is_working") == .bool(false))
        await bench.stop()
    }

    @Test("set_temperature_until_reach asks only for the tolerance, as the driver did (A4)")
    func tolerance() async throws {
        let bench = try await Bench("manual=1 start=20")
        try await bench.untilIdle()
        let cooling = try bench.start("set_temperature_until_reach", [.integer(14)])
        try await eventually("the set point is sent") { try bench.value("cooling/target") == .integer(14) }
        bench.sim.advance(seconds: 15)
        // Within 5 °C, not within the 3 °C from which on the SDK says more than that.
        try await eventually("on its way") { try bench.number("cooling/temperature") < 19 }
        #expect(try bench.value("cooling/state") == .string("not_reached"))
        #expect(try await cooling.result() == .null)
        #expect(try bench.value("cooling/state") == .string("not_reached"))
        await bench.stop()
    }

    @Test("get_capabilities says every word in names, too (C5)")
    func capabilities() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        guard case .dictionary(let entries) = try await bench.call("get_capabilities") else {
            Issue.record("no dictionary")
            return
        }
        let words = Dictionary(uniqueKeysWithValues: entries.map { ($0.key.string ?? "", $0.value) })
        func names(_ key: String) -> [String] {
            guard case .list(let list)? = words[key] else { return [] }
            return list.compactMap(\.string)
        }
        #expect(words["camera_type"] == .string("iXon Ultra") && words["pixel_colour"] == .string("MONO"))
        #expect(
            names("acquisition_modes") == ["SINGLE", "VIDEO", "ACCUMULATE", "KINETIC", "FASTKINETICS"])
        #expect(
            names("read_modes") == ["FULLIMAGE", "SUBIMAGE", "SINGLETRACK", "FVB", "MULTITRACK", "RANDOMTRACK"])
        #expect(names("frame_transfer_read_modes") == ["FULLIMAGE", "SUBIMAGE", "SINGLETRACK", "FVB"])
        #expect(
            names("trigger_modes") == [
                "INTERNAL", "EXTERNAL", "CONTINUOUS", "EXTERNALSTART", "EXTERNALEXPOSURE", "INVERTED",
            ])
        #expect(names("pixel_modes") == ["16BIT", "32BIT"])
        #expect(names("em_gain_modes") == ["8BIT", "12BIT", "LINEAR12", "REAL12"])
        #expect(
            names("get_functions") == [
                "TEMPERATURE", "TARGETTEMPERATURE", "TEMPERATURERANGE", "DETECTORSIZE", "EMCCDGAIN", "BASELINECLAMP",
            ])
        #expect(names("set_functions").contains("EXTENDED_CROP_MODE") && names("features").contains("COUNTCONVERT"))
        #expect(words["features2"] == .list([]) && words["pci_card_speed"] == .integer(0))
        // What a newer SDK says beyond the header has no name, and is not left out.
        #expect(CapabilityNames.of(0x8000_0001, ["A"]) == .list([.string("A"), .string("0x80000000")]))
        await bench.stop()
    }

    @Test("list_cameras tells every serial number and who has the camera; those of nobody are let go again (A4)")
    func cameras() async throws {
        let bench = try await Bench()
        try await bench.untilIdle()
        try await bench.call("start")
        #expect("\(try await bench.call("list_cameras"))".contains("not asked while emccd takes images"))
        #expect(bench.sim.counter("initialized", of: 101) == 0)
        try await bench.call("stop")
        for _ in 0..<2 {
            guard case .list(let list) = try await bench.call("list_cameras") else {
                Issue.record("no list")
                return
            }
            let cameras = list.map { item -> [String: DataValue] in
                guard case .dictionary(let entries) = item else { return [:] }
                return Dictionary(uniqueKeysWithValues: entries.map { ($0.key.string ?? "", $0.value) })
            }
            #expect(cameras.map { $0["serial_number"] } == [.integer(12859), .integer(7342)])
            #expect(cameras.map { $0["device"] } == [.string("emccd"), .null])
            #expect(bench.sim.counter("initialized", of: 100) == 1)
            #expect(bench.sim.counter("initialized", of: 101) == 0)
        }
        #expect(try await bench.call("get_camera_serial_number") == .integer(12859))
        await bench.stop()
    }

    @Test("list_cameras says why a camera cannot be asked, and works while the device itself has none")
    func absentCameras() async throws {
        let bench = try await Bench { $0.serialNumber = 4711 }
        try await eventually("the reason is shown") {
            try bench.value("message").string?.contains("4711 was not found") == true
        }
        let sim = try StandIn("speed=20 start=20 fail=Initialize:20096:100000")
        let broken = try await Bench(on: sim)
        for (device, part) in [(bench, "7342"), (broken, "DRV_LOAD_FIRMWARE_ERROR")] {
            let list = try await device.call("list_cameras")
            #expect("\(list)".contains(part), "\(list)")
        }
        await bench.stop()
        await broken.stop()
    }

    @Test("emccd_x has a get method for every parameter, and a set method for those that can be written (D6)")
    func everyParameter() async throws {
        let bench = try await Bench()
        let set = try #require(bench.device.nameSets.first { $0.name == "emccd_x" })
        let names = Set(set.entries.map(\.name))
        for parameter in bench.node.parameters {
            let name = parameter.name.replacing("/", with: "_")
            #expect(names.contains(name) || names.contains("get_" + name), "\(parameter.name)")
        }
        await bench.stop()
    }

    @Test("the library is looked for by the loader first, then where Andor's installer puts it (D1.1)")
    func loaderOrder() throws {
        #expect(SDKLibrary.places("libandor.so") == ["libandor.so", "/usr/local/lib/libandor.so"])
        #expect(SDKLibrary.places("/opt/libandor.so") == ["/opt/libandor.so"])
        if getenv("DAQD_ANDOR_SDK") == nil {
            #expect(SDKPlace.find(configured: nil, driverFile: "", isSimulated: false) == "libandor.so")
        }
    }

    @Test("sums of scans are shown as what they are: 32 bits, in the live image's type and in areaDetector's record")
    func sums() async throws {
        let bench = try await Bench {
            $0.start.mode = .accumulate
            $0.start.region = [1, 8, 1, 6]
        }
        try await bench.untilIdle()
        let live = try #require(bench.node.parameter("live/image"))
        let names = try #require(bench.device.nameSets.first { $0.name == "areadetector" })
        let record = try #require(names.entries.first { $0.name == "DataType_RBV" })
        guard case .parameter("image/pixel_type") = record.source else {
            Issue.record("\(record.source)")
            return
        }
        for (mode, type, label) in [("accumulate", ElementType.int32, "Int32"), ("single_scan", .uint16, "UInt16")] {
            try await bench.set("acquisition/mode", .string(mode))
            try await bench.set("acquisition/accumulations", .integer(3))
            try await bench.call("acquire")
            guard case .array(let declared, _) = live.metadata.type, case .array(let image) = live.sample.value else {
                Issue.record("no image")
                return
            }
            #expect(declared == type && image.elementType == type)
            let value = try #require(try bench.value("image/pixel_type").string)
            #expect(record.labels[value] == label)
        }
        await bench.stop()
    }
}
