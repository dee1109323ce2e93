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
         "readoutParameters": {"image": {"modeId": 4, "setImageParameters":
            {"hbin": 1, "vbin": 1, "hstart": 540, "hend": 560, "vstart": 175, "vend": 195}}},
         "setShutterParameters": {"typ": 1, "mode": 1, "closingTime": 1, "openingTime": 2},
         "acquisitionMode": "Run Till Abort",
         "acquisitionParameters": {"runTillAbort": {"exposureTime": 0.04, "kineticCycleTime": 0}, "kineticSeries":
            {"exposureTime": 0.01, "numberOfAccumulations": 2, "accumulateCycleTime": 0.1, "numberInKineticSeries": 9, "kineticCycleTime": 1}},
         "triggerMode": "External", "setHSSpeedParameters": {"typ": 0, "index": 3, "preAmpGain": 1},
         "setVSSpeedParameters": {"vsAmp": 0, "index": 3}, "dataWatcherWaitTime": 0, "tempWatcherWaitTime": 30,
         "countConvertMode": 0, "countConvertWavelength": 780.0}
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
        #expect(config.remarks.isEmpty)
        let kinetic = try self.config(
            Self.text.replacingOccurrences(
                of: "\"acquisitionMode\": \"Run Till Abort\"", with: "\"acquisitionMode\": \"Kinetic Series\""))
        #expect(kinetic.setup.frames == 9 && kinetic.setup.accumulations == 2 && kinetic.setup.kineticCycle == 1)
    }

    @Test(
        "a wrong value is told by its key, never taken",
        arguments: [
            ("\"fanMode\": 0", "\"fanMode\": 7"), ("\"coolerOn\": true", "\"coolerOn\": \"yes\""),
            ("\"emGain\": 100", "\"emGain\": 1e99"), ("\"readoutMode\": \"Image\"", "\"readoutMode\": \"Picture\""),
            ("\"acquisitionMode\": \"Run Till Abort\"", "\"acquisitionMode\": 5"),
            ("\"triggerMode\": \"External\"", "\"triggerMode\": \"Sometimes\""), ("\"hbin\": 1", "\"hbin\": 0"),
            ("\"setHSSpeedParameters\": {\"typ\": 0", "\"setHSSpeedParameters\": {\"typ\": -1"),
            ("\"exposureTime\": 0.04", "\"exposureTime\": -1"), ("\"tempTolerance\": 3", "\"tempTolerance\": null"),
        ])
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

    /// Every key that may change, alone: what is written, and the functions of the SDK that are called for it.
    static let changes: [(String, String, [String])] = [
        ("\"fanMode\": 0", "\"fanMode\": 1", ["SetFanMode(1)"]),
        ("\"coolerOn\": true", "\"coolerOn\": false", ["CoolerOFF()"]),
        ("\"targetTemperature\": 20", "\"targetTemperature\": 10", ["SetTemperature(10)"]),
        ("\"watchTemperature\": true", "\"watchTemperature\": false", []),
        ("\"tempTolerance\": 3", "\"tempTolerance\": 4", []), ("\"setTempTimeOut\": 60", "\"setTempTimeOut\": 61", []),
        ("\"emGainMode\": 3", "\"emGainMode\": 2", ["SetEMGainMode(2)", "SetEMCCDGain(100)"]),
        ("\"emAdvanced\": false", "\"emAdvanced\": true", ["SetEMAdvanced(1)", "SetEMCCDGain(100)"]),
        ("\"emGain\": 100", "\"emGain\": 50", ["SetEMCCDGain(50)"]),
        ("\"readoutMode\": \"Image\"", "\"readoutMode\": \"FVB\"", ["SetReadMode(0)"]),
        ("\"vend\": 195", "\"vend\": 205", ["SetImage(1,1,540,560,175,205)"]),
        ("\"hbin\": 1", "\"hbin\": 3", ["SetImage(3,1,540,560,175,195)"]),
        ("\"typ\": 1, \"mode\": 1", "\"typ\": 0, \"mode\": 1", ["SetShutterEx(0,1,1,2,1)"]),
        ("\"typ\": 1, \"mode\": 1", "\"typ\": 1, \"mode\": 2", ["SetShutterEx(1,2,1,2,2)"]),
        ("\"closingTime\": 1", "\"closingTime\": 4", ["SetShutterEx(1,1,4,2,1)"]),
        ("\"openingTime\": 2", "\"openingTime\": 3", ["SetShutterEx(1,1,1,3,1)"]),
        (
            "\"acquisitionMode\": \"Run Till Abort\"", "\"acquisitionMode\": \"Kinetic Series\"",
            [
                "SetAcquisitionMode(3)", "SetExposureTime(0.01)", "SetNumberAccumulations(2)",
                "SetAccumulationCycleTime(0.1)", "SetNumberKinetics(9)", "SetKineticCycleTime(1)",
            ]
        ),
        ("\"exposureTime\": 0.04", "\"exposureTime\": 0.05", ["SetExposureTime(0.05)"]),
        (
            "\"exposureTime\": 0.04, \"kineticCycleTime\": 0", "\"exposureTime\": 0.04, \"kineticCycleTime\": 0.5",
            ["SetKineticCycleTime(0.5)"]
        ),
        ("\"triggerMode\": \"External\"", "\"triggerMode\": \"Internal\"", ["SetTriggerMode(0)"]),
        ("\"typ\": 0, \"index\": 3", "\"typ\": 0, \"index\": 2", ["SetHSSpeed(0,2)", "SetPreAmpGain(1)"]),
        ("\"preAmpGain\": 1", "\"preAmpGain\": 0", ["SetPreAmpGain(0)"]),
        (
            "\"typ\": 0, \"index\": 3", "\"typ\": 1, \"index\": 1",
            ["SetOutputAmplifier(1)", "SetHSSpeed(1,1)", "SetPreAmpGain(1)"]
        ),
        ("\"vsAmp\": 0", "\"vsAmp\": 1", ["SetVSAmplitude(1)"]),
        ("\"vsAmp\": 0, \"index\": 3", "\"vsAmp\": 0, \"index\": 2", ["SetVSSpeed(2)"]),
        ("\"dataWatcherWaitTime\": 0", "\"dataWatcherWaitTime\": 0.1", []),
        ("\"tempWatcherWaitTime\": 30", "\"tempWatcherWaitTime\": 31", []),
        ("\"countConvertMode\": 0", "\"countConvertMode\": 1", ["SetCountConvertMode(1)"]),
        ("\"countConvertWavelength\": 780.0", "\"countConvertWavelength\": 700", ["SetCountConvertWavelength(700)"]),
    ]

    @Test("reconfig_json sends what differs and nothing else, key by key (E7.6); keys that cannot change are refused")
    func reconfig() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json").path
        let trace = path + ".trace"
        defer { for file in [path, trace] { try? FileManager.default.removeItem(atPath: file) } }
        let text = Self.text.replacingOccurrences(of: "\"targetTemperature\": -60", with: "\"targetTemperature\": 20")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let bench = try await Bench {
            $0.configuration = path
            $0.start = StartSettings()
            $0.pollInterval = .seconds(60)
        }
        try await bench.untilIdle()
        #expect(try bench.value("image/columns") == .integer(21))
        #expect(try bench.value("cooling/tolerance") == .float(3))
        for (good, bad, calls) in Self.changes {
            try? FileManager.default.removeItem(atPath: trace)
            #expect(text.contains(good), "\(good)")
            try text.replacingOccurrences(of: good, with: bad).write(toFile: path, atomically: true, encoding: .utf8)
            bench.sim.trace(trace)
            try await bench.call("reconfig_json")
            bench.sim.trace(nil)
            let sent = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").compactMap { line in
                line.split(separator: " ").dropFirst(2).first { $0.hasPrefix("Set") || $0.hasPrefix("Cooler") }.map(
                    String.init)
            }
            #expect(sent == calls, "\(bad)")
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try await bench.call("reconfig_json")
        }
        for (good, bad) in [
            ("C:\\\\atmcd64d.dll", "C:\\\\other.dll"), ("./Detector.ini", "./Other.ini"),
            ("\"serialNumber\": 12859", "\"serialNumber\": 12851"), ("iXon Ultra 888", "iXon Ultra 897"),
        ] {
            #expect(text.contains(good), "\(good)")
            try text.replacingOccurrences(of: good, with: bad).write(toFile: path, atomically: true, encoding: .utf8)
            let before = bench.sim.counter("calls", of: -1)
            #expect(try await bench.call("reconfig_json") == .null)
            #expect(try bench.value("message").string?.contains("cannot change") == true)
            #expect(bench.sim.counter("calls", of: -1) == before)
        }
        await bench.stop()
    }
}
