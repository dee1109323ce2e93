// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQStorage
import Foundation
import HTTPTesting
import Testing

@testable import EigerSimulator

/// What eiger-sim must do, by the numbers of its list of requirements (K2); finer tests are in the other suites.
@Suite("Requirements of eiger-sim")
struct RequirementTests {
    static let first = "/detector/api/1.6.0"
    static let second = "/detector/api/1.8.0"

    @Test("K2-1: the program takes model, port 0, APIs, speed, script and seed, and prints its port as JSON")
    func program() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("script-\(UUID().uuidString).yaml")
        try "steps: [{fault: status, path: '*/api/version', status: 503, times: 1}]".write(
            to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let path = file.path
        let (line, replies) = try await blocking {
            let program = try ChildProgram(
                ChildProgram.built("eiger-sim"),
                [
                    "--model", "eiger2-1m", "--port", "0", "--api", "1.6.0,1.8.0", "--speed", "10", "--script", path,
                    "--seed", "3",
                ])
            let line = try JSON(parsing: try program.firstLine())
            let port = Int(line["http"]?.integer ?? 0)
            var replies: [Int] = []
            // The step at 0 s may come a moment after the first line.
            for _ in 0..<200 where !replies.contains(503) {
                replies.append(try RawConnection(port: port).ask("GET /detector/api/version").status)
            }
            replies.append(try RawConnection(port: port).ask("GET /detector/api/version").status)
            _ = try program.end(SIGTERM)
            return (line, replies)
        }
        #expect(line["model"] == "eiger2-1m")
        #expect(line["api"] == .array(["1.6.0", "1.8.0"]))
        #expect(line["url"]?.string?.hasPrefix("http://127.0.0.1:") == true)
        #expect(replies.suffix(2) == [503, 200])
    }

    @Test("K2-2: every model tells its size, description and thresholds", arguments: DetectorModel.all)
    func models(model: DetectorModel) throws {
        let configuration = DetectorConfiguration(model, model.family.firmware)
        let store = configuration.store
        #expect(store.count("x_pixels_in_detector") == model.columns)
        #expect(store.count("y_pixels_in_detector") == model.rows)
        #expect(store.text("description").hasPrefix(model.family.title))
        #expect(store.key("threshold/\(model.thresholds)/energy") != nil)
        #expect(store.key("threshold/\(model.thresholds + 1)/energy") == nil)
        #expect(model.thresholds == (model.name.hasPrefix("eiger2") ? 2 : model.name.hasPrefix("eiger") ? 1 : 4))
        let shortest = try #require(store.key("frame_time")?.minimum)
        #expect(abs(shortest - min(model.shortestFrameSeconds, model.shortestFrameSeconds8Bit)) < 1e-9)
    }

    @Test("K2-3: both trees at the same time, each with its own keys, commands and file list; others are refused")
    func trees() async throws {
        let bench = try Bench { $0.apis = ["1.8.0", "1.6.0"] }
        for path in ["/detector/api/version", "/stream/api/version/"] {
            #expect(try await bench.json("GET", path)["value"] == "1.8.0")
        }
        try await bench.json("PUT", "\(Self.first)/command/initialize")
        let early = try await bench.json("GET", "\(Self.first)/config/keys").array ?? []
        let late = try await bench.json("GET", "\(Self.second)/config/keys").array ?? []
        #expect(early.contains("wavelength"))
        #expect(!late.contains("wavelength"))
        #expect(!early.contains("counting_mode"))
        #expect(late.contains("counting_mode"))
        #expect(try await bench.ask("GET", "\(Self.first)/config/counting_mode").status == 404)
        #expect(try await bench.json("GET", "\(Self.second)/config/wavelength")["unit"] == "angstrom")
        #expect(try await bench.json("GET", "\(Self.first)/command/keys").array?.contains("status_update") == true)
        #expect(try await bench.json("GET", "\(Self.second)/command/keys").array?.contains("status_update") == false)
        #expect(try await bench.ask("PUT", "\(Self.second)/command/status_update").status == 404)
        for path in ["/filewriter/api/1.6.0/files", "/filewriter/api/1.6.0/files/", "/filewriter/api/1.8.0/files"] {
            #expect(try await bench.json("GET", path) == .array([]))
        }
        #expect(try await bench.json("GET", "/filewriter/api/1.8.0/status/files")["value"] == .array([]))
        #expect(try await bench.ask("GET", "/filewriter/api/1.6.0/status/files").status == 404)
        #expect(try await bench.json("GET", "/filewriter/api/1.6.0/config/transfer_mode")["value"] == "HTTP")
        let bytes = try await bench.json("GET", "/filewriter/api/1.8.0/status/buffer_free")["value"]?.integer
        let kilobytes = try await bench.json("GET", "/filewriter/api/1.6.0/status/buffer_free")["value"]?.integer
        #expect(kilobytes == bytes.map { $0 / 1024 })
        let refused = try await bench.ask("GET", "/detector/api/1.5.0/config/count_time")
        #expect(refused.status == 404)
        #expect(refused.text.contains("1.5.0 is not supported; this is 1.6.0, 1.8.0"))
        // A value put in one tree is the value of the other.
        try await bench.json("PUT", "\(Self.first)/config/nimages", #"{"value":7}"#)
        #expect(try await bench.json("GET", "\(Self.second)/config/nimages")["value"] == 7)
    }

    /// What a real EIGER 500K with API 1.6.0 answered (K3): value, least, most, unit.
    static let recorded: [(String, JSON, JSON?, JSON?, String?)] = [
        ("count_time", 0.0998950004577637, 2.99990006169537e-06, .number(1800), "s"),
        ("frame_time", 0.0999950021505356, 0.000110111112007871, .number(360000), "s"),
        ("nimages", 1, 1, .number(2e9), nil), ("ntrigger", 289, 1, .number(2e9), nil),
        ("photon_energy", 8047.77978515625, .number(5000), .number(36000), "eV"),
        ("threshold_energy", 4023.88989257812, .number(2700), .number(18000), "eV"),
        ("wavelength", 1.54060125351, 0.344400525093, 2.479683876037, "angstrom"),
        (
            "detector_readout_time", 7.46420664654579e-06, .number(-3.4028234663852886e38),
            .number(3.4028234663852886e38), "s"
        ),
        ("sensor_thickness", 0.00044999999227002263, nil, nil, "m"),
        ("x_pixel_size", 7.50000035623088e-05, nil, nil, "m"),
        ("x_pixels_in_detector", 1030, 0, .number(4_294_967_295), nil), ("y_pixels_in_detector", 514, nil, nil, nil),
        ("bit_depth_image", 32, nil, nil, nil), ("bit_depth_readout", 12, nil, nil, nil),
        ("countrate_correction_count_cutoff", 184755, nil, nil, nil), ("compression", "bslz4", nil, nil, nil),
        ("trigger_mode", "exts", nil, nil, nil), ("roi_mode", "disabled", nil, nil, nil),
        ("element", "Cu", nil, nil, nil), ("description", "Dectris Eiger 500K", nil, nil, nil),
        ("detector_number", "E-01-0165", nil, nil, nil), ("software_version", "1.6.6", nil, nil, nil),
        ("data_collection_date", "2010-13-13 12:21", nil, nil, nil), ("number_of_excluded_pixels", 8, nil, nil, nil),
    ]

    @Test("K2-4: envelopes with unit, limits, choices and access; the recorded values of a real EIGER 500K (K3)")
    func envelopes() async throws {
        let bench = try Bench { $0.model = "eiger-500k" }
        #expect(try await bench.json("GET", "/detector/api/version")["value"] == "1.6.0")
        try await bench.json("PUT", "\(Self.first)/command/initialize")
        for (name, value, least, most, unit) in Self.recorded {
            let reply = try await bench.json("GET", "\(Self.first)/config/\(name)")
            #expect(reply["value"] == value, "\(name): \(reply.text)")
            if let least { #expect(reply["min"] == least, "\(name): \(reply.text)") }
            if let most { #expect(reply["max"] == most, "\(name): \(reply.text)") }
            #expect(reply["unit"]?.string == unit, "\(name)")
        }
        let keys = "\(Self.first)/config"
        #expect(try await bench.json("GET", "\(keys)/compression")["allowed_values"] == .array(["lz4", "bslz4"]))
        let modes = try await bench.json("GET", "\(keys)/trigger_mode")["allowed_values"]
        #expect(modes == .array(["ints", "exts", "inte", "exte"]))
        #expect(try await bench.json("GET", "\(keys)/roi_mode")["allowed_values"] == "disabled")
        #expect(try await bench.json("GET", "\(keys)/element")["allowed_values"]?.array?.count == 35)
        #expect(try await bench.json("GET", "\(keys)/auto_summation")["max"] == .integer(1 << 31))
        let state = try await bench.json("GET", "\(Self.first)/status/state")
        #expect(state["critical_values"] == .array(["na", "error"]))
        #expect(state["critical_limits"] == .array([.null, .null]))
        #expect(state["time"]?.string?.isEmpty == false)
        let temperature = try await bench.json("GET", "\(Self.first)/status/board_000/th0_temp")
        #expect(temperature["value"] == 24.879453125)
        #expect(temperature["critical_limits"] == .array([15.0, 37.5]))
        #expect(try await bench.json("GET", "\(Self.first)/status/board_000/th0_humidity")["value"] == 3.552)
        #expect(try await bench.json("GET", "\(Self.first)/status/builder/dcu_buffer_free")["value"] == 100.0)
    }

    @Test("K2-4: quirks are switched one by one")
    func quirks() async throws {
        let plain = try Bench { $0.quirks = [] }
        let odd = try Bench {
            $0.quirks = [.nullAfterInitialize, .differenceMode, .nullFiles, .emptyReplies, .noNexpi, .dummyLimits]
        }
        for bench in [plain, odd] {
            #expect(try await bench.ask("PUT", "\(Self.second)/command/initialize").status == 200)
        }
        let energy = ("\(Self.second)/config/photon_energy", #"{"value":9000}"#)
        #expect(try await plain.json("PUT", energy.0, energy.1).array?.count == 10)
        #expect(try await odd.json("PUT", energy.0, energy.1) == .null)
        #expect(try await odd.json("PUT", energy.0, energy.1).array?.count == 10)
        for (bench, name) in [(plain, "threshold/difference/mode"), (odd, "difference_mode")] {
            try await bench.set("detector", "threshold/2/mode", "\"enabled\"")
            let changed = try await bench.json(
                "PUT", "\(Self.second)/config/threshold/difference/mode", #"{"value":"enabled"}"#)
            #expect(changed.array?.contains(.string("difference_mode")) == (name == "difference_mode"))
        }
        let files = "/filewriter/api/1.8.0/status/files"
        #expect(try await plain.json("GET", files)["value"] == .array([]))
        #expect(try await odd.json("GET", files)["value"] == .null)
        #expect(try await plain.ask("PUT", "/filewriter/api/1.8.0/command/clear").text == "{}")
        #expect(try await odd.ask("PUT", "/filewriter/api/1.8.0/command/clear").text == "")
        #expect(try await plain.ask("GET", "\(Self.second)/config/nexpi").status == 200)
        #expect(try await odd.ask("GET", "\(Self.second)/config/nexpi").status == 404)
        #expect(try await plain.json("GET", "\(Self.second)/config/auto_summation")["max"] == nil)
        #expect(try await odd.json("GET", "\(Self.second)/config/auto_summation")["max"] != nil)
    }

    @Test("K2-5: values are checked, changes listed, twins of arrays follow; DELETE puts a custom array back")
    func values() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        for (key, value) in [
            ("count_time", "-5"), ("trigger_mode", "\"bogus\""), ("x_pixels_in_detector", "5"), ("nimages", "\"1\""),
        ] {
            let reply = try await bench.ask("PUT", "\(Self.second)/config/\(key)", #"{"value":\#(value)}"#)
            #expect((400..<500).contains(reply.status) && reply.text.contains(key), "\(key): \(reply.text)")
        }
        let mask = [UInt8](repeating: 0, count: 512 * 1028 * 4)
        func darray(_ bytes: [UInt8], rows: Int = 512, type: String = "<u4") -> String {
            let data = String(decoding: Base64.encode(bytes), as: UTF8.self)
            return #"{"value":{"__darray__":[1,0,0],"type":"\#(type)","shape":[\#(rows),1028],"filters":["base64"],"#
                + #""data":"\#(data)"}}"#
        }
        let path = "\(Self.second)/config/pixel_mask"
        let own = try await bench.json("GET", path)
        let changed = try await bench.json("PUT", path, darray(mask))
        #expect(changed == .array(["pixel_mask", "threshold/1/pixel_mask"]))
        #expect(try await bench.json("GET", "\(Self.second)/config/threshold/1/pixel_mask") != own)
        for bad in [darray([1, 2, 3]), darray(mask, rows: 513), darray(mask, type: "<f4"), #"{"value":5}"#] {
            #expect(try await bench.ask("PUT", path, bad).status == 400)
        }
        #expect(try await bench.ask("DELETE", path).status == 204)
        #expect(try await bench.json("GET", path) == own)
        #expect(try await bench.ask("DELETE", "\(Self.second)/config/count_time").status == 405)
        let tiff = try await bench.ask("GET", path, headers: "Accept: application/tiff\r\n")
        #expect(tiff["Content-Type"] == "application/tiff")
        #expect(try TIFF(tiff.body).bitsPerPixel == 32)
    }

    @Test("K2-6: commands take an empty body or {}; the lenient mode also {\"value\": \"arm\"}, and serves 1.6.0")
    func bodies() async throws {
        let strict = try Bench()
        try await strict.command("initialize", "{}")
        #expect(try await strict.ask("PUT", "\(Self.second)/command/arm", #"{"value":"arm"}"#).status == 400)
        let lenient = try Bench { $0.isLenient = true }
        try await lenient.json("PUT", "\(Self.first)/command/initialize", #"{"value":"initialize"}"#)
        #expect(try await lenient.command("arm", #"{"value":"arm"}"#)["sequence id"] == 1)
    }

    @Test("K2-7: a series disarms itself, in 1.6 only ints; series numbers begin at 1 after initialize")
    func disarming() async throws {
        for (model, mode, states) in [
            ("eiger2-500k", "ints", "idle"), ("eiger2-500k", "inte", "idle"), ("eiger-500k", "ints", "idle"),
            ("eiger-500k", "inte", "ready"),
        ] {
            let bench = try Bench {
                $0.model = model
                $0.apis = ["1.6.0", "1.8.0"]
                if model == "eiger-500k" { $0.apis = ["1.6.0"] }
            }
            let base = model == "eiger-500k" ? Self.first : Self.second
            #expect(try await bench.ask("GET", "\(base)/config/count_time").status == 404)
            try await bench.json("PUT", "\(base)/command/initialize")
            for (key, value) in [("ntrigger", "1"), ("trigger_mode", "\"\(mode)\""), ("frame_time", "0.02")] {
                try await bench.json("PUT", "\(base)/config/\(key)", #"{"value":\#(value)}"#)
            }
            #expect(try await bench.json("PUT", "\(base)/command/arm")["sequence id"] == 1)
            let answer = try await bench.json("PUT", "\(base)/command/trigger")
            #expect(answer == (model == "eiger-500k" ? .object([("sequence id", -1)]) : .object([])))
            try await bench.wait("\(model) \(mode) is \(states)") {
                try await bench.json("GET", "\(base)/status/state")["value"]?.string == states
            }
            if states == "ready" { #expect(try await bench.ask("PUT", "\(base)/command/trigger").status == 400) }
            try await bench.json("PUT", "\(base)/command/disarm")
            #expect(try await bench.json("PUT", "\(base)/command/arm")["sequence id"] == 2)
            try await bench.json("PUT", "\(base)/command/initialize")
            #expect(try await bench.json("PUT", "\(base)/command/arm")["sequence id"] == 1)
        }
    }

    @Test("K2-8: extg adds up gates to images and waits for disarm; eies takes an image between two edges")
    func signals() async throws {
        let bench = try Bench()
        try await bench.prepare(images: 2, perFile: 10)
        try await bench.set("detector", "nexpi", "3")
        try await bench.set("detector", "trigger_mode", "\"extg\"")
        try await bench.set("detector", "ntrigger", "2")
        #expect(try await bench.ask("PUT", "\(Self.second)/command/arm").text.contains("ntrigger 1"))
        try await bench.set("detector", "extg_mode", "\"single\"")
        try await bench.set("detector", "ntrigger", "1")
        try await bench.command("arm")
        for gate in 1...6 {
            try await bench.wait("gate \(gate) is awaited") { try await bench.state() == "ready" }
            #expect(try await bench.json("POST", "/sim/trigger", #"{"edges":1,"width":0.01}"#)["taken"] == 1)
        }
        try await bench.wait("the last gate ends") { try await bench.state() == "ready" }
        #expect(try await bench.json("POST", "/sim/trigger", #"{"edges":1}"#)["taken"] == 0)
        try await bench.command("disarm")
        #expect(try await bench.written().first?["images"] == 2)
        try await bench.set("detector", "nimages", "1")
        try await bench.set("detector", "trigger_mode", "\"eies\"")
        try await bench.set("detector", "ntrigger", "5")
        try await bench.command("arm")
        #expect(try await bench.json("POST", "/sim/trigger", #"{"edges":7,"period":0.05}"#)["taken"] == 5)
        #expect(try await bench.state() == "idle")
        try await bench.command("disarm")
        #expect(try await bench.written().first { $0["series"] == 2 }?["images"] == 4)
    }

    @Test(
        "K2-9: cancel, abort and disarm leave short files and no later ones", arguments: ["cancel", "abort", "disarm"])
    func endings(command: String) async throws {
        let bench = try Bench(speed: 20)
        try await bench.prepare(images: 10_000, perFile: 4, frameTime: 1)
        try await bench.command("arm")
        async let trigger = bench.ask("PUT", "\(Self.second)/command/trigger")
        try await bench.wait("the first file") { try await bench.files().count > 1 }
        #expect(try await bench.command(command)["sequence id"] == 1)
        #expect(try await trigger.status == 200)
        try await bench.command("disarm")
        let written = try await bench.written().filter { $0["fate"] == "present" }
        let images = written.compactMap { $0["images"]?.integer }.reduce(0, +)
        #expect(images < 10_000)
        #expect(written.count == Int(images + 3) / 4 + 1)
    }

    @Test(
        "K2-10: real HDF5 in both layouts, all compressions, with and without data files",
        arguments: FileLayout.allCases, [0, 2])
    func files(layout: FileLayout, perFile: Int) async throws {
        let bench = try Bench()
        try await bench.prepare(images: 5, perFile: perFile)
        try await bench.set("detector", "threshold/2/mode", "\"enabled\"")
        try await bench.set("filewriter", "format", "\"\(layout.rawValue)\"")
        let folder = try TemporaryDirectory()
        for (series, codec) in PixelCodec.allCases.enumerated() {
            try await bench.set("detector", "compression", "\"\(codec.rawValue)\"")
            try await bench.series()
            for name in try await bench.files() {
                let body = try await bench.ask("GET", "/data/\(name)").body
                try Data(body).write(to: URL(fileURLWithPath: folder.path(name)))
                #expect(try await bench.ask("DELETE", "/data/\(name)").status == 204)
            }
            let master = folder.path("series_\(series + 1)_master.h5")
            let shape = try await HDF5.run { try Self.shape(master, layout, perFile: perFile) }
            #expect(shape == (layout == .legacy ? [perFile == 0 ? 5 : 2, 512, 1028] : [5, 2, 512, 1028]))
        }
    }

    @HDF5
    private static func shape(_ master: String, _ layout: FileLayout, perFile: Int) throws -> [Int] {
        let file = try HDF5File.open(master)
        let isLinked = layout == .legacy && perFile > 0
        let data = try file.dataset(isLinked ? "/entry/data/data_000001" : "/entry/data/data")
        #expect(try data.storage == (layout == .legacy ? .chunked : .virtual))
        if layout == .v2024 {
            let energies = try file.dataset("/entry/instrument/detector/threshold_2_channel/threshold_energy")
            #expect(try energies.shape == [1])
        }
        return try data.shape
    }

    @Test("K2-13: each image carries its number, so that a test can check every stored frame")
    func marks() async throws {
        let model = DetectorModel.all[0]
        let ring = try FrameRing(
            FramePattern(model, seed: 3), FrameFormat(bits: 16, codec: .bslz4, masksToZero: false))
        for image in [UInt32(0), 7, 70_000] {
            let mark = FrameMark(image: image, series: 5)
            let pixels = try ring.pixels(mark, count: model.pixels)
            #expect((0..<8).map { pixels[$0 * 2] } == mark.bytes)
        }
    }

    @Test("K2-14: restart loses state, numbers and files; reboot and shutdown silence the unit")
    func system() async throws {
        let bench = try Bench { $0.rebootSeconds = 20 }
        try await bench.prepare(images: 1, perFile: 1)
        try await bench.series()
        try await bench.json("PUT", "/system/api/1.8.0/command/restart")
        #expect(try await bench.state() == "na")
        #expect(try await bench.files().isEmpty)
        try await bench.json("PUT", "/system/api/1.8.0/command/reboot")
        await #expect(throws: (any Error).self) { try await bench.state() }
        try await bench.wait("it has booted") { (try? await bench.state()) == "na" }
        try await bench.json("PUT", "/system/api/1.8.0/command/shutdown")
        await #expect(throws: (any Error).self) { try await bench.state() }
        try await bench.order(#"{"fault":"power_on"}"#)
        #expect(try await bench.state() == "na")
        #expect(try await bench.json("GET", "/system/api/1.8.0/command/keys").array?.count == 5)
    }

    @Test("K2-16: replies come in one segment with their length, without chunks, on a connection that is kept")
    func segments() async throws {
        let bench = try Bench()
        let port = bench.simulation.port
        try await blocking {
            let connection = try RawConnection(port: port)
            for _ in 0..<20 {
                _ = connection.send("GET /detector/api/1.8.0/status/state HTTP/1.1\r\nHost: x\r\n\r\n")
                let text = String(decoding: connection.receive() ?? [], as: UTF8.self)
                #expect(text.contains("Content-Length: ") && text.hasSuffix("}") && text.utf8.count <= 512)
                #expect(!text.lowercased().contains("transfer-encoding"))
            }
        }
    }

    @Test("K2-17: the log tells method, path, body, state and status of every request, in order")
    func log() async throws {
        let bench = try Bench()
        try await bench.command("initialize")
        try await bench.set("detector", "nimages", "2")
        let lines = try await bench.ask("GET", "/sim/log").text.split(separator: "\n")
        let last = try JSON(parsing: String(try #require(lines.last)))
        #expect(last["method"] == "PUT")
        #expect(last["path"] == "/detector/api/1.8.0/config/nimages")
        #expect(last["body"] == #"{"value":2}"#)
        #expect(last["state"] == "idle")
        #expect(last["status"] == 200)
    }

    @Test("K2-18: with a manual clock time passes only when told; several units live in one process")
    func clock() async throws {
        let bench = try Bench { $0.hasManualClock = true }
        let other = try Bench()
        #expect(try await other.ask("POST", "/sim/clock", #"{"advance":1}"#).status == 400)
        async let done = bench.command("initialize")
        try await bench.wait("it initializes") { try await bench.state() == "initialize" }
        try await bench.wait("somebody waits") {
            try await bench.json("GET", "/sim/clock")["next"]?.double.map { $0 >= 2 } ?? false
        }
        #expect(try await bench.json("GET", "/sim/clock")["now"] == 0.0)
        #expect(try await bench.json("POST", "/sim/clock", #"{"advance":2}"#)["now"] == 2.0)
        _ = try await done
        #expect(try await bench.state() == "idle")
        for body in [#"{"advance":-1}"#, "{}", #"{"advance":"x"}"#] {
            #expect(try await bench.ask("POST", "/sim/clock", body).status == 400)
        }
    }
}
