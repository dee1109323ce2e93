// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A parameter that is one setting of the camera: how it is shown and what a write changes.
struct SettingBinding: Sendable {
    /// What a write asks for; the closure changes the wanted setup.
    typealias Change =
        @Sendable (@escaping @Sendable (inout CameraSetup, CameraFacts) throws -> Void) async throws -> Void

    let parameter: AnyParameter
    let show: @Sendable (CameraSetup) -> Void
    private let attach: @Sendable (@escaping Change) -> Void

    /// Says what a write does.
    func bind(_ change: @escaping Change) { attach(change) }

    /// A parameter for a value of the setup.
    static func value<Value: ParameterValue & Equatable>(
        _ name: String, _ description: String, unit: String = "", limits: ClosedRange<Double>? = nil,
        precision: Int? = nil, _ path: any WritableKeyPath<CameraSetup, Value> & Sendable,
        adjust: @escaping @Sendable (inout CameraSetup, CameraFacts) throws -> Void = { _, _ in }
    ) -> SettingBinding {
        let parameter = Parameter<Value>(name, description, unit: unit, limits: limits, precision: precision)
        return SettingBinding(
            parameter: parameter, show: { parameter.publish($0[keyPath: path]) },
            attach: { change in
                parameter.onWrite { value, _ in
                    try await change { setup, facts in
                        setup[keyPath: path] = value
                        try adjust(&setup, facts)
                    }
                }
            })
    }

    /// A single edge of the region moves the others until the binning divides the size again.
    @Sendable private static func trim(_ setup: inout CameraSetup, _ facts: CameraFacts) {
        setup.region = setup.region.trimmed(toWidth: facts.sensorWidth, height: facts.sensorHeight)
    }

    /// Settings with whole numbers that index a list of the camera's.
    private static let index = 0.0...63.0
    private static let pixels = 1.0...65536.0
    private static let seconds = 0.0...1e6

    /// All settings, by groups.
    static var all: [SettingBinding] { acquisition + readout + region + light + cold }

    private static var acquisition: [SettingBinding] {
        [
            .value("acquisition/mode", "How many images an acquisition has", \.mode),
            .value(
                "acquisition/exposure", "Exposure that is asked for", unit: "s", limits: seconds, precision: 6,
                \.exposure),
            .value("acquisition/frames", "Images of a kinetic series", limits: 1...2e9, \.frames),
            .value("acquisition/accumulations", "Scans that are added to one image", limits: 1...1e6, \.accumulations),
            .value(
                "acquisition/accumulate_cycle", "From scan to scan; 0: as fast as possible", unit: "s", limits: seconds,
                precision: 6,
                \.accumulateCycle),
            .value(
                "acquisition/kinetic_cycle", "From image to image; 0: as fast as possible", unit: "s", limits: seconds,
                precision: 6,
                \.kineticCycle),
            .value("acquisition/fast_rows", "Rows of one image in fast kinetics", limits: pixels, \.fastRows),
            .value(
                "acquisition/fast_offset", "Rows below the first image in fast kinetics", limits: 0...65535,
                \.fastOffset),
            .value("trigger/mode", "What starts an exposure", \.trigger),
            .value("trigger/fast", "Do not clean the sensor completely before an external trigger", \.fastTrigger),
            .value("trigger/inverted", "The trigger's falling edge counts", \.triggerInverted),
        ]
    }

    private static var readout: [SettingBinding] {
        [
            .value("readout/mode", "Which part of the sensor is read and how", \.readMode),
            .value("readout/channel", "A/D converter", limits: index, \.channel),
            .value("readout/amplifier", "Output amplifier: 0 with EM gain, 1 conventional", limits: index, \.amplifier),
            .value("readout/hs_speed", "Horizontal speed, an index of hs_speeds", limits: index, \.hsSpeed),
            .value("readout/vs_speed", "Vertical speed, an index of vs_speeds", limits: index, \.vsSpeed),
            .value("readout/vs_amplitude", "Extra voltage of the vertical clocks", limits: 0...4, \.vsAmplitude),
            .value("readout/preamp_gain", "Pre-amplifier gain, an index of preamp_gains", limits: index, \.preAmpGain),
            .value("readout/baseline_clamp", "Hold the baseline at a constant level", \.baselineClamp),
            .value(
                "readout/baseline_offset", "Counts added to the baseline, in steps of 100", limits: -1000...1000,
                \.baselineOffset),
            .value("readout/high_capacity", "Room for more electrons, at less sensitivity", \.highCapacity),
            .value("readout/frame_transfer", "Expose while the image before is read", \.frameTransfer),
            .value("em/mode", "What the EM gain's number means", \.emMode),
            .value("em/advanced", "Allow EM gain above 300, which ages the sensor", \.emAdvanced),
            .value("em/gain", "EM gain", limits: 0...4095, \.emGain),
            .value("count_convert/mode", "What pixels count", \.countConvert),
            .value(
                "count_convert/wavelength", "Wavelength of the photons", unit: "nm", limits: 1...1e6, precision: 1,
                \.wavelength),
        ]
    }

    private static var region: [SettingBinding] {
        [
            .value("image/hbin", "Columns that are added", limits: pixels, \.region.hbin, adjust: trim),
            .value("image/vbin", "Rows that are added", limits: pixels, \.region.vbin, adjust: trim),
            .value("image/hstart", "First column", unit: "px", limits: pixels, \.region.hstart, adjust: trim),
            .value("image/hend", "Last column", unit: "px", limits: pixels, \.region.hend, adjust: trim),
            .value("image/vstart", "First row", unit: "px", limits: pixels, \.region.vstart, adjust: trim),
            .value("image/vend", "Last row", unit: "px", limits: pixels, \.region.vend, adjust: trim),
            .value(
                "image/first_x", "First column, counted from 0; the region moves", unit: "px", limits: 0...65535,
                \.firstColumn, adjust: trim),
            .value(
                "image/first_y", "First row, counted from 0; the region moves", unit: "px", limits: 0...65535,
                \.firstRow, adjust: trim),
            .value(
                "image/size_x", "Columns of the sensor that are read", unit: "px", limits: pixels, \.sizeX, adjust: trim
            ),
            .value(
                "image/size_y", "Rows of the sensor that are read", unit: "px", limits: pixels, \.sizeY, adjust: trim),
            .value("image/flip_horizontal", "Mirror left and right", \.flipHorizontal),
            .value("image/flip_vertical", "Mirror up and down", \.flipVertical),
            .value("image/rotation", "Turn the image, before it is mirrored", \.rotation),
            .value("tracks/centre", "Row of the single track's middle", unit: "px", limits: pixels, \.trackCentre),
            .value("tracks/height", "Rows of each track", unit: "px", limits: pixels, \.trackHeight),
            .value("tracks/number", "Tracks in the mode multi_track", limits: 1...64, \.trackNumber),
            .value(
                "tracks/offset", "Rows by which multiple tracks are moved up", unit: "px", limits: -65536...65536,
                \.trackOffset),
            .value(
                "tracks/hbin", "Columns that are added, in tracks and full vertical binning", limits: pixels, \.trackBin
            ),
            .value("tracks/rows", "First and last row of each track in the mode random_track", \.trackRows),
            .value("crop/active", "Read an isolated region only; no light may fall outside of it", \.crop.isActive),
            .value("crop/left", "First column of the region", unit: "px", limits: pixels, \.crop.left),
            .value("crop/bottom", "First row of the region", unit: "px", limits: pixels, \.crop.bottom),
            .value("crop/width", "Columns of the region", unit: "px", limits: pixels, \.crop.width),
            .value("crop/height", "Rows of the region", unit: "px", limits: pixels, \.crop.height),
            .value("crop/hbin", "Columns of the region that are added", limits: pixels, \.crop.hbin),
            .value("crop/vbin", "Rows of the region that are added", limits: pixels, \.crop.vbin),
        ]
    }

    private static var light: [SettingBinding] {
        [
            .value("shutter/type", "Which level of its line opens the shutter", \.shutter.type),
            .value("shutter/mode", "When the shutter is open", \.shutter.mode),
            .value("shutter/open", "Open the shutter or close it for good", \.isShutterOpen),
            .value(
                "shutter/closing_time", "Time the shutter takes to close", unit: "ms", limits: 0...100_000,
                \.shutter.closing),
            .value(
                "shutter/opening_time", "Time the shutter takes to open", unit: "ms", limits: 0...100_000,
                \.shutter.opening),
        ]
    }

    private static var cold: [SettingBinding] {
        [
            .value("cooling/cooler", "Whether the cooler is on", \.cooler),
            .value("cooling/target", "Set point of the cooler", unit: "degC", limits: -200...100, \.target),
            .value("cooling/fan", "The fan's speed", \.fan),
        ]
    }
}
