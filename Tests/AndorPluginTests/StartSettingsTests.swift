// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("settings of the site that are sent when a camera is opened")
struct StartSettingsTests {
    /// Each setting, as the file has it, the parameter that it sets, and what that has then; none of them is a default.
    static let all: [(name: String, text: String, parameter: String, value: DataValue)] = [
        ("trigger_mode", "software", "trigger/mode", .string("software")),
        ("acquisition_mode", "kinetic", "acquisition/mode", .string("kinetic")),
        ("exposure", "0.25", "acquisition/exposure", .float(0.25)),
        ("kinetic_cycle", "1.5", "acquisition/kinetic_cycle", .float(1.5)),
        ("frames", "7", "acquisition/frames", .integer(7)),
        ("cooler", "false", "cooling/cooler", .bool(false)),
        ("target_temperature", "-30", "cooling/target", .integer(-30)), ("fan", "low", "cooling/fan", .string("low")),
        ("channel", "0", "readout/channel", .integer(0)), ("amplifier", "1", "readout/amplifier", .integer(1)),
        ("hs_speed", "1", "readout/hs_speed", .integer(1)), ("preamp_gain", "1", "readout/preamp_gain", .integer(1)),
        ("vs_speed", "2", "readout/vs_speed", .integer(2)), ("vs_amplitude", "3", "readout/vs_amplitude", .integer(3)),
        ("baseline_clamp", "false", "readout/baseline_clamp", .bool(false)),
        ("em_gain_mode", "real", "em/mode", .string("real")), ("em_advanced", "true", "em/advanced", .bool(true)),
        ("em_gain", "40", "em/gain", .integer(40)),
        ("count_convert", "electrons", "count_convert/mode", .string("electrons")),
        ("read_mode", "full_vertical_binning", "readout/mode", .string("full_vertical_binning")),
        ("frame_transfer", "true", "readout/frame_transfer", .bool(true)),
        ("region", "[11, 50, 21, 40]", "image/hstart", .integer(11)), ("binning", "[2, 4]", "image/vbin", .integer(4)),
        ("shutter", "automatic", "shutter/mode", .string("automatic")),
    ]

    @Test("each reaches the camera, alone")
    func each() async throws {
        #expect(Set(Self.all.map(\.name)) == Set(StartSettings.declarations.map(\.name)))
        let standard = StartSettings()
        for (name, text, parameter, value) in Self.all {
            var line = "{\(name): \(text)}"
            // Counts are converted above the lowest pre-amplifier gain, with an EM gain of ten.
            if name == "count_convert" { line = "{\(name): \(text), preamp_gain: 1, em_gain: 40}" }
            let start = try StartSettings(Settings(parsing: line, as: StartSettings.declarations))
            var setup = CameraSetup()
            standard.apply(to: &setup)
            #expect(setup == CameraSetup())
            start.apply(to: &setup)
            // The one converter that the stand-in has is the default, too.
            #expect(setup != CameraSetup() || name == "channel", "\(name)")
            let bench = try await Bench("speed=20 start=20 cameras=888:1") { $0.start = start }
            try await bench.untilIdle()
            #expect(try bench.value(parameter) == value, "\(name)")
            #expect(try bench.value("message") == .string(""), "\(name)")
            await bench.stop()
        }
    }
}
