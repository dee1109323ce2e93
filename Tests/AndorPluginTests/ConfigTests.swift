// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("AndorConfig.json")
struct ConfigTests {
    /// A file as the Python driver's users have it.
    static let text = """
        {"dllPath": "C:\\\\atmcd64d.dll", "iniPath": "./Detector.ini", "productModel": "iXon Ultra 888", "serialNumber": 12859,
         "fanMode": 0, "coolerOn": true, "targetTemperature": -60, "watchTemperature": true, "tempTolerance": 3, "setTempTimeOut": 60,
         "emGainMode": 3, "emAdvanced": false, "emGain": 100, "readoutMode": "Image",
         "readoutParameters": {"fullVerticalBining": {"modeId": 0},
            "singleTrack": {"modeId": 3, "singleTrackCenter": 100, "singleTrackHeight": 11},
            "multiTrack": {"modeId": 1, "multiTrackNumber": 4, "multiTrackHeight": 20, "multiTrackOffset": 0},
            "randomTrack": {"modeId": 2, "randomTrackNumber": 2, "randomTrackPositionList": [1, 5, 10, 14, 20, 24]},
            "image": {"modeId": 4, "setImageParameters":
            {"hbin": 1, "vbin": 1, "hstart": 540, "hend": 560, "vstart": 175, "vend": 195}}},
         "setShutterParameters": {"typ": 1, "mode": 1, "closingTime": 1, "openingTime": 2},
         "acquisitionMode": "Run Till Abort",
         "acquisitionParameters": {"runTillAbort": {"exposureTime": 0.04, "kineticCycleTime": 0}, "singleScan": {"exposureTime": 0.03},
            "accumulate": {"exposureTime": 0.02, "numberOfAccumulations": 5, "accumulateCycleTime": 0.2}, "kineticSeries":
            {"exposureTime": 0.01, "numberOfAccumulations": 2, "accumulateCycleTime": 0.1, "numberInKineticSeries": 9, "kineticCycleTime": 1}},
         "triggerMode": "External", "triggerParameters": ["Internal: 0", "External: 1"], "setHSSpeedParameters": {"typ": 0, "index": 3, "preAmpGain": 1},
         "setVSSpeedParameters": {"vsAmp": 0, "index": 3}, "dataWatcherWaitTime": 0, "tempWatcherWaitTime": 30,
         "countConvertMode": 0, "countConvertModeList": ["counts"], "countConvertWavelength": 780.0}
        """

    private func config(_ text: String) throws -> AndorConfig {
        try AndorConfig(JSON(parsing: text), over: CameraSetup())
    }

    @Test("every key is read")
    func keys() throws {
        let config = try config(Self.text)
        #expect(config.serialNumber == 12859)
        #expect(config.setup.target == -60 && config.setup.fan == .full && config.setup.cooler)
        #expect(config.tolerance == 3 && config.setTemperatureTimeout == 60)
        #expect(config.setup.emMode == .real && config.setup.emGain == 100)
        #expect(config.setup.region == ImageRegion(hstart: 540, hend: 560, vstart: 175, vend: 195))
        #expect(config.setup.shutter == ShutterSetup(type: .highOpens, mode: .open, closing: 1, opening: 2))
        #expect(config.setup.mode == .runTillAbort && config.setup.exposure == 0.04)
        #expect(config.setup.trigger == .external)
        #expect(config.setup.hsSpeed == 3 && config.setup.preAmpGain == 1 && config.setup.vsSpeed == 3)
        #expect(config.remarks.count == 1 && config.remarks[0].contains("atmcd64d.dll"))
        let kinetic = try self.config(
            Self.text.replacingOccurrences(
                of: "\"acquisitionMode\": \"Run Till Abort\"", with: "\"acquisitionMode\": \"Kinetic Series\""))
        #expect(kinetic.setup.frames == 9 && kinetic.setup.accumulations == 2 && kinetic.setup.kineticCycle == 1)
    }

    /// Replacements in ``text`` that make it wrong.
    static let mistakes = [
        ("\"fanMode\": 0", "\"fanMode\": 7"), ("\"coolerOn\": true", "\"coolerOn\": \"yes\""),
        ("\"emGain\": 100", "\"emGain\": 1e99"), ("\"readoutMode\": \"Image\"", "\"readoutMode\": \"Picture\""),
        ("\"acquisitionMode\": \"Run Till Abort\"", "\"acquisitionMode\": 5"),
        ("\"triggerMode\": \"External\"", "\"triggerMode\": \"Sometimes\""), ("\"hbin\": 1", "\"hbin\": 0"),
        ("\"setHSSpeedParameters\": {\"typ\": 0", "\"setHSSpeedParameters\": {\"typ\": -1"),
        ("\"exposureTime\": 0.04", "\"exposureTime\": -1"), ("\"tempTolerance\": 3", "\"tempTolerance\": null"),
        ("\"serialNumber\": 12859", "\"serialNumber\": \"12859\""),
        ("\"iniPath\": \"./Detector.ini\"", "\"iniPath\": 7"),
        ("\"vsAmp\": 0", "\"vsAmp\": 5"), ("\"closingTime\": 1", "\"closingTime\": 1.5"),
        ("\"countConvertMode\": 0", "\"countConvertMode\": 3"),
        ("\"countConvertWavelength\": 780.0", "\"countConvertWavelength\": 0"),
    ]

    @Test("a wrong value is told by its key, never taken", arguments: mistakes)
    func wrong(good: String, bad: String) {
        let key = bad.split(separator: "\"")[0]
        #expect(Self.text.contains(good))
        do {
            _ = try config(Self.text.replacingOccurrences(of: good, with: bad))
            Issue.record("\(bad) must be refused")
        } catch {
            #expect("\(error)".contains(key) || "\(error)".contains("typ"), "\(error)")
        }
    }

    @Test("truncated, oversized and foreign files are refused; a mutated one never crashes")
    func hostile() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("config-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/AndorConfig.json"
        let bytes = Array(Self.text.utf8)
        for length in stride(from: 0, to: bytes.count - 1, by: 37) {
            try Data(bytes[..<length]).write(to: URL(fileURLWithPath: path))
            #expect(throws: DeviceError.self) { _ = try AndorConfig.load(path, over: CameraSetup()) }
        }
        try Data(repeating: 32, count: (1 << 20) + 1).write(to: URL(fileURLWithPath: path))
        #expect(throws: DeviceError.self) { _ = try AndorConfig.load(path, over: CameraSetup()) }
        try Data([0xFF, 0xFE]).write(to: URL(fileURLWithPath: path))
        #expect(throws: DeviceError.self) { _ = try AndorConfig.load(path, over: CameraSetup()) }
        #expect(throws: DeviceError.self) { _ = try AndorConfig.load(folder + "/none", over: CameraSetup()) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
            }
            if let json = try? JSON(parsing: String(decoding: mutated, as: UTF8.self)) {
                _ = try? AndorConfig(json, over: CameraSetup())
            }
        }
    }

    /// One key that is changed alone: what is written, and the functions of the SDK that are called for it.
    struct Change {
        /// The key of the file, or the one above it.
        let key: String
        /// What the file has otherwise than ``text`` before and after, because the key acts only there.
        var base: [(String, String)] = []
        let good: String
        let bad: String
        let calls: [String]

        init(_ key: String, in base: [(String, String)] = [], _ good: String, _ bad: String, _ calls: String...) {
            (self.key, self.base, self.good, self.bad, self.calls) = (key, base, good, bad, calls)
        }
    }

    private static func read(_ mode: String) -> [(String, String)] {
        [("\"readoutMode\": \"Image\"", "\"readoutMode\": \"\(mode)\"")]
    }
    private static func take(_ mode: String) -> [(String, String)] {
        [("\"acquisitionMode\": \"Run Till Abort\"", "\"acquisitionMode\": \"\(mode)\"")]
    }

    static let cooling: [Change] = [
        Change("fanMode", "\"fanMode\": 0", "\"fanMode\": 1", "SetFanMode(1)"),
        Change("coolerOn", "\"coolerOn\": true", "\"coolerOn\": false", "CoolerOFF()"),
        Change("targetTemperature", "\"targetTemperature\": 20", "\"targetTemperature\": 10", "SetTemperature(10)"),
        Change("watchTemperature", "\"watchTemperature\": true", "\"watchTemperature\": false"),
        Change("tempTolerance", "\"tempTolerance\": 3", "\"tempTolerance\": 4"),
        Change("setTempTimeOut", "\"setTempTimeOut\": 60", "\"setTempTimeOut\": 61"),
        Change("dataWatcherWaitTime", "\"dataWatcherWaitTime\": 0", "\"dataWatcherWaitTime\": 0.1"),
        Change("tempWatcherWaitTime", "\"tempWatcherWaitTime\": 30", "\"tempWatcherWaitTime\": 31"),
    ]

    static let gain: [Change] = [
        Change("emGainMode", "\"emGainMode\": 3", "\"emGainMode\": 2", "SetEMGainMode(2)", "SetEMCCDGain(100)"),
        Change("emAdvanced", "\"emAdvanced\": false", "\"emAdvanced\": true", "SetEMAdvanced(1)", "SetEMCCDGain(100)"),
        Change("emGain", "\"emGain\": 100", "\"emGain\": 50", "SetEMCCDGain(50)"),
    ]

    static let reading: [Change] = [
        Change("readoutMode", "\"Image\"", "\"FVB\"", "SetReadMode(0)", "SetFVBHBin(1)"),
        Change(
            "readoutMode", "\"Image\"", "\"Single-Track\"", "SetReadMode(3)", "SetSingleTrack(100,11)",
            "SetSingleTrackHBin(1)"),
        Change(
            "readoutMode", "\"Image\"", "\"Multi-Track\"", "SetReadMode(1)", "SetMultiTrack(4,20,0)",
            "SetMultiTrackHBin(1)"),
        Change(
            "readoutMode", "\"Image\"", "\"Random-Track\"", "SetReadMode(2)", "SetRandomTracks(2)",
            "SetMultiTrackHBin(1)"),
        Change("readoutParameters", "\"modeId\": 0", "\"modeId\": 1"),
        // What belongs to a mode that is not chosen is not sent.
        Change("readoutParameters", "\"singleTrackCenter\": 100", "\"singleTrackCenter\": 101"),
        Change(
            "readoutParameters", in: read("Single-Track"), "\"singleTrackCenter\": 100", "\"singleTrackCenter\": 101",
            "SetSingleTrack(101,11)"),
        Change(
            "readoutParameters", in: read("Single-Track"), "\"singleTrackHeight\": 11", "\"singleTrackHeight\": 9",
            "SetSingleTrack(100,9)"),
        Change(
            "readoutParameters", in: read("Multi-Track"), "\"multiTrackNumber\": 4", "\"multiTrackNumber\": 5",
            "SetMultiTrack(5,20,0)"),
        Change(
            "readoutParameters", in: read("Multi-Track"), "\"multiTrackHeight\": 20", "\"multiTrackHeight\": 10",
            "SetMultiTrack(4,10,0)"),
        Change(
            "readoutParameters", in: read("Multi-Track"), "\"multiTrackOffset\": 0", "\"multiTrackOffset\": 3",
            "SetMultiTrack(4,20,3)"),
        Change(
            "readoutParameters", in: read("Random-Track"), "\"randomTrackNumber\": 2", "\"randomTrackNumber\": 3",
            "SetRandomTracks(3)"),
        Change("readoutParameters", in: read("Random-Track"), "[1, 5,", "[2, 5,", "SetRandomTracks(2)"),
        Change("readoutParameters", "\"hbin\": 1", "\"hbin\": 3", "SetImage(3,1,540,560,175,195)"),
        Change("readoutParameters", "\"vbin\": 1", "\"vbin\": 7", "SetImage(1,7,540,560,175,195)"),
        Change("readoutParameters", "\"hstart\": 540", "\"hstart\": 530", "SetImage(1,1,530,560,175,195)"),
        Change("readoutParameters", "\"hend\": 560", "\"hend\": 570", "SetImage(1,1,540,570,175,195)"),
        Change("readoutParameters", "\"vstart\": 175", "\"vstart\": 170", "SetImage(1,1,540,560,170,195)"),
        Change("readoutParameters", "\"vend\": 195", "\"vend\": 205", "SetImage(1,1,540,560,175,205)"),
    ]

    static let acquisition: [Change] = [
        Change(
            "acquisitionMode", "\"Run Till Abort\"", "\"Single Scan\"", "SetAcquisitionMode(1)",
            "SetExposureTime(0.03)",
            "SetNumberAccumulations(1)", "SetAccumulationCycleTime(0)", "SetNumberKinetics(1)", "SetKineticCycleTime(0)"
        ),
        Change(
            "acquisitionMode", "\"Run Till Abort\"", "\"Accumulate\"", "SetAcquisitionMode(2)", "SetExposureTime(0.02)",
            "SetNumberAccumulations(5)", "SetAccumulationCycleTime(0.2)", "SetNumberKinetics(1)",
            "SetKineticCycleTime(0)"),
        // The last of the modes: the length of the series stays where the file says nothing of it.
        Change(
            "acquisitionMode", "\"Run Till Abort\"", "\"Kinetic Series\"", "SetAcquisitionMode(3)",
            "SetExposureTime(0.01)", "SetNumberAccumulations(2)", "SetAccumulationCycleTime(0.1)",
            "SetNumberKinetics(9)",
            "SetKineticCycleTime(1)"),
        Change("acquisitionParameters", "\"exposureTime\": 0.04", "\"exposureTime\": 0.05", "SetExposureTime(0.05)"),
        Change(
            "acquisitionParameters", "0.04, \"kineticCycleTime\": 0", "0.04, \"kineticCycleTime\": 0.5",
            "SetKineticCycleTime(0.5)"),
        Change(
            "acquisitionParameters", in: take("Single Scan"), "\"exposureTime\": 0.03", "\"exposureTime\": 0.05",
            "SetExposureTime(0.05)"),
        Change(
            "acquisitionParameters", in: take("Accumulate"), "\"exposureTime\": 0.02", "\"exposureTime\": 0.05",
            "SetExposureTime(0.05)"),
        Change(
            "acquisitionParameters", in: take("Accumulate"), "\"numberOfAccumulations\": 5",
            "\"numberOfAccumulations\": 6",
            "SetNumberAccumulations(6)"),
        Change(
            "acquisitionParameters", in: take("Accumulate"), "\"accumulateCycleTime\": 0.2",
            "\"accumulateCycleTime\": 0.3",
            "SetAccumulationCycleTime(0.3)"),
        Change(
            "acquisitionParameters", in: take("Kinetic Series"), "\"exposureTime\": 0.01", "\"exposureTime\": 0.05",
            "SetExposureTime(0.05)"),
        Change(
            "acquisitionParameters", in: take("Kinetic Series"), "\"numberOfAccumulations\": 2",
            "\"numberOfAccumulations\": 3", "SetNumberAccumulations(3)"),
        Change(
            "acquisitionParameters", in: take("Kinetic Series"), "\"accumulateCycleTime\": 0.1",
            "\"accumulateCycleTime\": 0.15", "SetAccumulationCycleTime(0.15)"),
        Change(
            "acquisitionParameters", in: take("Kinetic Series"), "\"numberInKineticSeries\": 9",
            "\"numberInKineticSeries\": 8", "SetNumberKinetics(8)"),
        Change(
            "acquisitionParameters", in: take("Kinetic Series"), "\"kineticCycleTime\": 1", "\"kineticCycleTime\": 2",
            "SetKineticCycleTime(2)"),
        Change("triggerMode", "\"triggerMode\": \"External\"", "\"triggerMode\": \"Internal\"", "SetTriggerMode(0)"),
        Change(
            "triggerMode", "\"triggerMode\": \"External\"", "\"triggerMode\": \"Software Trigger\"",
            "SetTriggerMode(10)"),
        Change(
            "triggerMode", "\"triggerMode\": \"External\"", "\"triggerMode\": \"External Start\"", "SetTriggerMode(6)"),
        Change(
            "triggerMode", "\"triggerMode\": \"External\"", "\"triggerMode\": \"External Exposure\"",
            "SetTriggerMode(7)"),
        Change("triggerParameters", "[\"Internal: 0\"", "[\"Internal: null\""),
    ]

    static let chain: [Change] = [
        Change(
            "setShutterParameters", "\"typ\": 1, \"mode\": 1", "\"typ\": 0, \"mode\": 1", "SetShutterEx(0,1,1,2,1)"),
        Change(
            "setShutterParameters", "\"typ\": 1, \"mode\": 1", "\"typ\": 1, \"mode\": 2", "SetShutterEx(1,2,1,2,2)"),
        Change("setShutterParameters", "\"closingTime\": 1", "\"closingTime\": 4", "SetShutterEx(1,1,4,2,1)"),
        Change("setShutterParameters", "\"openingTime\": 2", "\"openingTime\": 3", "SetShutterEx(1,1,1,3,1)"),
        Change(
            "setHSSpeedParameters", "\"typ\": 0, \"index\": 3", "\"typ\": 0, \"index\": 2", "SetHSSpeed(0,2)",
            "SetPreAmpGain(1)"),
        Change("setHSSpeedParameters", "\"preAmpGain\": 1", "\"preAmpGain\": 0", "SetPreAmpGain(0)"),
        Change(
            "setHSSpeedParameters", "\"typ\": 0, \"index\": 3", "\"typ\": 1, \"index\": 1", "SetOutputAmplifier(1)",
            "SetHSSpeed(1,1)", "SetPreAmpGain(1)"),
        Change("setVSSpeedParameters", "\"vsAmp\": 0", "\"vsAmp\": 1", "SetVSAmplitude(1)"),
        Change(
            "setVSSpeedParameters", "\"vsAmp\": 0, \"index\": 3", "\"vsAmp\": 0, \"index\": 2", "SetVSSpeed(2)"),
        Change("countConvertMode", "\"countConvertMode\": 0", "\"countConvertMode\": 1", "SetCountConvertMode(1)"),
        Change("countConvertModeList", "[\"counts\"]", "[\"electrons\"]"),
        Change(
            "countConvertWavelength", "\"countConvertWavelength\": 780.0", "\"countConvertWavelength\": 700",
            "SetCountConvertWavelength(700)"),
    ]

    static let immutable: [(String, String, String)] = [
        ("dllPath", "C:\\\\atmcd64d.dll", "C:\\\\other.dll"), ("iniPath", "./Detector.ini", "./Other.ini"),
        ("serialNumber", "\"serialNumber\": 12859", "\"serialNumber\": 12851"),
        ("productModel", "iXon Ultra 888", "iXon Ultra 897"),
    ]

    @Test("every key of the file has its change in the next test or is one that cannot change (E7.6)")
    func everyKey() {
        let changes = Self.cooling + Self.gain + Self.reading + Self.acquisition + Self.chain
        #expect(Set(changes.map(\.key) + Self.immutable.map(\.0)) == AndorConfig.known)
        #expect(Set(Self.immutable.map(\.0)) == Set(AndorConfig.immutable))
    }

    @Test(
        "reconfig_json sends what differs and nothing else, key by key (E7.6)",
        arguments: ["cooling", "gain", "reading", "acquisition", "chain"])
    func reconfig(section: String) async throws {
        let sections = [
            "cooling": Self.cooling, "gain": Self.gain, "reading": Self.reading, "acquisition": Self.acquisition,
            "chain": Self.chain,
        ]
        let file = try ConfigFileInUse(Self.startText)
        defer { file.remove() }
        let bench = try await Self.bench(file)
        #expect(try bench.value("image/columns") == .integer(21))
        #expect(try bench.value("cooling/tolerance") == .float(3))
        for change in try #require(sections[section]) {
            // The cooling alone is nothing that the SDK gets ready for.
            let prepares = change.calls.isEmpty || section == "cooling" ? [] : ["PrepareAcquisition()"]
            let text = try file.write(Self.startText, change.base)
            try await bench.call("reconfig_json")
            try file.write(text, [(change.good, change.bad)])
            let sent = try await file.traced(bench.sim) { try await bench.call("reconfig_json") }
            #expect(sent == change.calls + prepares, "\(change.base) \(change.bad)")
            try file.write(Self.startText)
            try await bench.call("reconfig_json")
        }
        await bench.stop()
    }

    @Test("a file for another model is fitted to the camera when it is opened, and by reconfig_json in the same way")
    func otherModel() async throws {
        let text =
            #"{"emGainMode": 3, "emGain": 100, "targetTemperature": -150, "setHSSpeedParameters": {"typ": 1}, "#
            + #""readoutParameters": {"image": {"setImageParameters": {"hend": 5000, "vend": 10}}}, "fanMode": 0}"#
        let file = try ConfigFileInUse(text)
        defer { file.remove() }
        let bench = try await Bench("speed=20 start=20 cameras=934:5") {
            $0.configuration = file.path
            $0.start = StartSettings()
        }
        try await bench.untilIdle()
        for change in ["\"fanMode\": 0", "\"fanMode\": 1"] {
            try file.write(text, [("\"fanMode\": 0", change)])
            try await bench.call("reconfig_json")
            #expect(try bench.value("message") == .string(""))
            #expect(try bench.value("cooling/target") == .integer(-120))
            #expect(try bench.value("readout/amplifier") == .integer(0) && bench.value("em/gain") == .integer(0))
            #expect(try bench.value("image/hend") == .integer(1024) && bench.value("image/rows") == .integer(10))
        }
        #expect(try bench.value("cooling/fan") == .string("low"))
        await bench.stop()
    }

    @Test("keys that cannot change are refused by name, and nothing is sent (E7.6)")
    func immutableKeys() async throws {
        let file = try ConfigFileInUse(Self.startText)
        defer { file.remove() }
        let bench = try await Self.bench(file)
        for (key, good, bad) in Self.immutable {
            // Another key that changes with it is not applied either.
            try file.write(Self.startText, [(good, bad), ("\"emGain\": 100", "\"emGain\": 50")])
            let before = bench.sim.counter("calls", of: -1)
            #expect(try await bench.call("reconfig_json") == .null)
            let message = try #require(try bench.value("message").string)
            #expect(message.contains(key) && message.contains("cannot change"), "\(message)")
            #expect(bench.sim.counter("calls", of: -1) == before)
        }
        await bench.stop()
    }

    @Test("reconfig_json stops an acquisition first, and what the site sets over the file stays (E7.6)")
    func reconfigWhileAcquiring() async throws {
        let file = try ConfigFileInUse(Self.startText)
        defer { file.remove() }
        let bench = try await Self.bench(file) { $0.start.trigger = .internal }
        try await bench.call("start")
        try file.write(Self.startText, [("\"emGain\": 100", "\"emGain\": 50")])
        let sent = try await file.traced(bench.sim) { try await bench.call("reconfig_json") }
        #expect(sent == ["AbortAcquisition()", "SetEMCCDGain(50)", "PrepareAcquisition()"])
        #expect(!bench.device.acquirer.isBusy)
        #expect(try bench.value("trigger/mode") == .string("internal"))
        #expect(try await bench.records().first?.state == .done)
        await bench.stop()
    }

    private static let startText = text.replacingOccurrences(
        of: "\"targetTemperature\": -60", with: "\"targetTemperature\": 20")

    /// A camera that is configured by the file alone, and is not asked anything else meanwhile.
    private static func bench(_ file: ConfigFileInUse, _ change: (inout CameraSettings) -> Void = { _ in }) async throws
        -> Bench
    {
        let bench = try await Bench {
            $0.configuration = file.path
            $0.start = StartSettings()
            $0.pollInterval = .seconds(60)
            change(&$0)
        }
        try await bench.untilIdle()
        return bench
    }
}

/// A configuration file that a test rewrites, and a trace beside it.
struct ConfigFileInUse {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json").path
    private var trace: String { path + ".trace" }

    init(_ text: String) throws { try write(text) }

    func remove() { for file in [path, trace] { try? FileManager.default.removeItem(atPath: file) } }

    /// Writes a text with some words exchanged, each of which it must have.
    @discardableResult
    func write(_ text: String, _ changes: [(String, String)] = []) throws -> String {
        var text = text
        for (old, new) in changes {
            #expect(text.contains(old), "\(old)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return text
    }

    /// What the SDK was told during something.
    func traced(_ sim: StandIn, _ body: () async throws -> Void) async throws -> [String] {
        try? FileManager.default.removeItem(atPath: trace)
        sim.trace(trace)
        try await body()
        sim.trace(nil)
        // All but questions and waits: a second Initialize would be seen.
        return try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").compactMap { line in
            let call = line.split(separator: " ").dropFirst(2).first ?? ""
            return ["Get", "Is", "Wait", "CancelWait"].contains { call.hasPrefix($0) } ? nil : String(call)
        }
    }
}
