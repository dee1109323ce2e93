// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import Synchronization
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// areaDetector's records as scripts and ophyd use them.
@Suite("areaDetector names")
struct AreaDetectorNamesTests {
    @Test("every name has a value of its type, and all but those of other generations have something behind them")
    func complete() async throws {
        let stage = try await NameStage("areadetector")
        var missing: [String] = []
        for member in stage.view.members {
            let sample = member.sample
            switch member.entry.type {
            case .short, .long, .double: #expect(sample.value.double != nil, "\(member.name) \(sample.value.json.text)")
            case .enumeration(let labels):
                if case .command = member.entry.source { continue }
                #expect(labels.contains(sample.value.string ?? "?"), "\(member.name) \(sample.value.json.text)")
            case nil: #expect(member.name == "ArrayData")
            default: #expect(sample.value.string != nil, "\(member.name) \(sample.value.json.text)")
            }
            if sample.alarm.message.contains("at present") { missing.append(member.name) }
        }
        // The simulated EIGER2 has no stream keys of later firmware, no links, two thresholds.
        let others = ["Link", "DCUBufferFree", "Threshold3", "Threshold4", "ExtGateMode", "Stream", "FWHDF5Format"]
        #expect(missing.filter { name in !others.contains { name.hasPrefix($0) } } == [])
        await stage.end()
    }

    @Test("times go to the detector at once, and both readbacks follow")
    func times() async throws {
        let stage = try await NameStage("areadetector")
        #expect(try await stage.put("AcquireTime", .float(0.25)) == .float(0.25))
        #expect(try stage.value("AcquireTime_RBV") == .float(0.25))
        // The same number for both, as scripts do: the detector takes its readout time off.
        try await stage.put("AcquireTime", .float(0.5))
        try await stage.put("AcquirePeriod", .float(0.5))
        #expect(try stage.value("AcquirePeriod_RBV") == .float(0.5))
        let count = try #require(try stage.value("AcquireTime_RBV").double)
        #expect(count <= 0.5 && count > 0.499)
        await stage.end()
    }

    @Test("a number out of range is clamped, and the readback tells")
    func clamps() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("NumImages", .integer(0))
        #expect(try stage.value("NumImages_RBV") == .integer(1))
        try await stage.put("BinX", .integer(4))
        #expect(try stage.value("BinX_RBV") == .integer(1))
        let limits = try #require(try stage.member("AcquireTime").metadata.limits)
        try await stage.put("AcquireTime", .float(-1))
        #expect(try stage.value("AcquireTime_RBV") == .float(limits.lowerBound))
        await stage.end()
    }

    @Test("enumerations by their strings and by their numbers")
    func enumerations() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("TriggerMode", .string("Internal Enable"))
        #expect(try stage.value("TriggerMode_RBV") == .string("Internal Enable"))
        #expect(try stage.bench.value("detector/config/trigger_mode") == .string("inte"))
        try await stage.put("TriggerMode", .integer(0))
        #expect(try stage.bench.value("detector/config/trigger_mode") == .string("ints"))
        try await stage.put("FlatfieldApplied", .string("Disable"))
        #expect(try stage.bench.value("detector/config/flatfield_correction_applied") == .bool(false))
        try await stage.put("FWEnable", .string("Enable"))
        #expect(try stage.bench.value("filewriter/config/mode") == .string("enabled"))
        #expect(try stage.value("FWEnable_RBV") == .string("Enable"))
        try await stage.put("CompressionAlgo", .string("LZ4"))
        #expect(try stage.bench.value("detector/config/compression") == .string("lz4"))
        await stage.end()
    }

    @Test("Internal Enable with several images set: the image count is 1 first")
    func internalEnable() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("NumImages", .integer(5))
        try await stage.put("TriggerMode", .string("Internal Enable"))
        #expect(try stage.value("NumImages_RBV") == .integer(1))
        await stage.end()
    }

    @Test("Acquire takes the detector's own settings, Acquire_RBV shows 1 and 0, the put ends with the files")
    func acquire() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("FWNamePattern", .string("ad_$id"))
        try await stage.put("FWEnable", .string("Enable"))
        try await stage.put("AcquirePeriod", .float(0.05))
        try await stage.put("NumImages", .integer(4))
        let seen = try await stage.shown("Acquire_RBV") { try await stage.put("Acquire", .integer(1)) }
        #expect(seen == [.string("Done"), .string("Acquiring"), .string("Done")])
        #expect(stage.bench.names == ["ad_1_data_000001.h5", "ad_1_master.h5"])
        #expect(try stage.value("NumImagesCounter_RBV") == .integer(4))
        try await eventually("the counter follows") { try stage.value("ArrayCounter_RBV") == .integer(4) }
        #expect(try stage.value("FullFileName_RBV") == .string(stage.bench.data + "/ad_1_master.h5"))
        #expect(try stage.value("DetectorState_RBV") == .string("Idle"))
        await stage.end()
    }

    @Test("Acquire = 0 in any state; the readback falls at once, the files come behind")
    func stop() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("Acquire", .integer(0))
        try await stage.put("FWEnable", .string("Enable"))
        try await stage.put("AcquirePeriod", .float(0.1))
        try await stage.put("NumImages", .integer(600))
        async let done = stage.put("Acquire", .integer(1))
        try await eventually("the detector exposes") { try stage.value("DetectorState_RBV") == .string("Acquire") }
        try await stage.put("Acquire", .integer(0))
        try await eventually("the readback falls") { try stage.value("Acquire_RBV") == .string("Done") }
        _ = try await done
        #expect(try await stage.bench.records().first?.state == .aborted)
        await stage.end()
    }

    @Test("manual triggers: queued up to those still expected, one more is refused")
    func manualTriggers() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("ManualTrigger", .string("Enable"))
        try await stage.put("FWEnable", .string("Enable"))
        try await stage.put("NumImages", .integer(1))
        try await stage.put("NumTriggers", .integer(3))
        try await stage.put("AcquirePeriod", .float(0.05))
        async let done = stage.put("Acquire", .integer(1))
        try await eventually("it is armed") { try stage.value("Armed") == .string("Armed") }
        async let one = stage.put("Trigger", .integer(1))
        async let two = stage.put("Trigger", .integer(1))
        async let three = stage.put("Trigger", .integer(1))
        _ = try await (one, two, three)
        _ = try await done
        #expect(try await stage.bench.records().first?.frames.received == 3)
        await #expect(throws: DeviceError.self) { try await stage.put("Trigger", .integer(1)) }
        await stage.end()
    }

    @Test("single: one image whatever NumImages says; continuous: series until it is stopped")
    func imageModes() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("FWEnable", .string("Enable"))
        try await stage.put("NumImages", .integer(7))
        try await stage.put("AcquirePeriod", .float(0.02))
        try await stage.put("ImageMode", .string("Single"))
        try await stage.put("Acquire", .integer(1))
        #expect(try await stage.bench.records().first?.frames.received == 1)
        try await stage.put("ImageMode", .string("Continuous"))
        async let done = stage.put("Acquire", .integer(1))
        try await eventually("it goes on") { try await stage.bench.records().count >= 4 }
        try await stage.put("Acquire", .integer(0))
        _ = try await done
        let count = try await stage.bench.records().count
        #expect(try stage.value("Acquire_RBV") == .string("Done"))
        #expect(try await stage.bench.records().count == count)
        await stage.end()
    }

    @Test("settings written at the same time all hold at the end")
    func concurrent() async throws {
        let stage = try await NameStage("areadetector")
        for _ in 0..<3 {
            async let mode = stage.put("TriggerMode", .string("External Series"))
            async let images = stage.put("NumImages", .integer(3))
            async let period = stage.put("AcquirePeriod", .float(0.2))
            async let time = stage.put("AcquireTime", .float(0.1))
            _ = try await (mode, images, period, time)
            #expect(try stage.value("TriggerMode_RBV") == .string("External Series"))
            #expect(try stage.value("NumImages_RBV") == .integer(3))
            #expect(try stage.value("AcquirePeriod_RBV") == .float(0.2))
            #expect(try stage.value("AcquireTime_RBV") == .float(0.1))
            try await stage.put("AcquirePeriod", .float(1))
            try await stage.put("AcquireTime", .float(0.9))
        }
        await stage.end()
    }

    @Test("the folder for files may be below the device's data folder, never elsewhere")
    func folder() async throws {
        let stage = try await NameStage("areadetector")
        try await stage.put("FilePath", .string(stage.bench.data + "/today/run1/"))
        #expect(try stage.value("FilePath_RBV").string?.hasSuffix("/data/today/run1") == true)
        #expect(try stage.value("FilePathExists_RBV") == .string("Yes"))
        for path in ["/etc", "../elsewhere", stage.bench.data + "/../other"] {
            await #expect(throws: DeviceError.self) { try await stage.put("FilePath", .string(path)) }
        }
        try await stage.put("FWEnable", .string("Enable"))
        try await stage.put("AcquirePeriod", .float(0.02))
        try await stage.put("FilePerms", .integer(0o600))
        try await stage.put("Acquire", .integer(1))
        let path = stage.bench.data + "/today/run1/series_1_master.h5"
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        await stage.end()
    }

    @Test("what is inert takes writes, reads them back, and sends nothing")
    func inert() async throws {
        let stage = try await NameStage("areadetector")
        let before = try await stage.simulated.requests().filter { $0.hasPrefix("PUT") }
        try await stage.put("AutoSave", .string("Yes"))
        #expect(try stage.value("AutoSave_RBV") == .string("Yes"))
        try await stage.put("FileNumber", .integer(7))
        #expect(try stage.value("FileNumber_RBV") == .integer(7))
        #expect(try await stage.simulated.requests().filter { $0.hasPrefix("PUT") } == before)
        await stage.end()
    }
}
