// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// Not every model has everything; what it lacks does not keep it away (C2, F2).
@Suite("cameras that lack something")
struct OtherModelTests {
    /// What a camera may refuse while it is opened with nothing special asked of it.
    static let questions = [
        "GetTemperatureRange", "GetNumberVSSpeeds", "GetVSSpeed", "GetNumberPreAmpGains", "GetPreAmpGain",
        "IsPreAmpGainAvailable", "GetNumberVSAmplitudes", "GetNumberHSSpeeds", "GetHSSpeed", "GetEMGainRange",
        "GetSizeOfCircularBuffer", "GetReadOutTime", "GetTECStatus", "IsCoolerOn",
    ]
    static let setters = [
        "SetADChannel", "SetOutputAmplifier", "SetHSSpeed", "SetPreAmpGain", "SetVSSpeed", "SetVSAmplitude",
        "SetBaselineClamp", "SetBaselineOffset", "SetEMGainMode", "SetEMAdvanced", "SetEMCCDGain",
        "SetIsolatedCropMode", "SetFrameTransferMode", "SetFastExtTrigger", "SetTriggerInvert", "SetImageRotate",
        "SetImageFlip", "SetCountConvertMode", "SetCountConvertWavelength", "SetFanMode", "SetMetaData",
        "PrepareAcquisition",
    ]

    @Test(
        "one that does not know a function, or has nothing to do for it, is opened without an alarm and takes images",
        arguments: questions + setters, [20991, 20992])
    func lacks(function: String, status: Int) async throws {
        let bench = try await Bench("speed=20 start=20 fail=\(function):\(status):-1")
        try await bench.untilIdle()
        #expect(try bench.value("message") == .string(""))
        #expect(try bench.alarm("message") == .none)
        #expect(!bench.logText.contains("A setting was refused"))
        try await bench.set("acquisition/limit", .integer(2))
        try await bench.call("acquire")
        await bench.stop()
    }

    @Test("what is asked of it and it does not have is told, when it is opened and later")
    func asked() async throws {
        let bench = try await Bench("speed=20 start=20 fail=SetVSSpeed:20991:-1 fail=SetFanMode:20992:-1") {
            $0.start.fan = .low
        }
        try await bench.untilIdle()
        #expect(try bench.value("message").string?.contains("SetFanMode") == true)
        #expect(try bench.alarm("message").severity == .minor)
        await #expect(throws: DeviceError.self) { try await bench.set("readout/vs_speed", .integer(1)) }
        #expect(try bench.value("readout/vs_speed") == .integer(0))
        await bench.stop()
    }

    @Test("one that does not answer while it is opened is lost, not taken for a simple one")
    func silent() async throws {
        let bench = try await Bench("speed=20 start=20 cameras=888:1 fail=GetVSSpeed:20013:1")
        try await bench.untilIdle()
        #expect(bench.logText.components(separatedBy: "The camera is open").count == 2)
        guard case .array(let speeds) = try bench.value("readout/vs_speeds") else {
            Issue.record("no speeds")
            return
        }
        #expect(speeds.count == 4)
        await bench.stop()
    }

    @Test("the trigger is inverted where the camera can", arguments: [("888", true), ("934", false)])
    func inversion(model: String, can: Bool) async throws {
        let bench = try await Bench("speed=20 start=20 cameras=\(model):1")
        try await bench.untilIdle()
        #expect(try bench.value("message") == .string(""))
        if can {
            try await bench.set("trigger/inverted", .bool(true))
        } else {
            await #expect(throws: DeviceError.self) { try await bench.set("trigger/inverted", .bool(true)) }
            #expect(throws: DeviceError.self) { try bench.sim.library.set(.setTriggerInvert, 1) }
            try bench.sim.library.set(.setTriggerInvert, 0)
        }
        #expect(try bench.value("trigger/inverted") == .bool(can))
        await bench.stop()
    }
}
