// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// What the site's configuration says about one camera.
struct CameraSettings: Sendable {
    /// What happens to the camera's cooling when it is closed.
    enum ShutdownPolicy: String, CaseIterable, SettingConvertible, Sendable {
        /// Warm for cameras that need it, immediate for the others.
        case automatic
        /// Cooler off and closed at once.
        case immediate
        /// Closed once the sensor is warm.
        case warm
        /// Closed with the cooler running on.
        case keepCold = "keep_cold"
    }

    /// What a full pipeline does.
    enum Overflow: String, CaseIterable, SettingConvertible, Sendable {
        case dropOldest = "drop_oldest"
        case stop
    }

    var serialNumber = 0
    var library = ""
    var directory = "/usr/local/etc/andor"
    var simulation = ""
    var configuration = ""
    var shutdown = ShutdownPolicy.automatic
    var warmUpTo = -20.0
    var warmUpTimeout = Duration.seconds(1800)
    var isFibreCoupled = false
    var isWaterCooled = false
    var shutterClosedWhenIdle = false
    var requiresStable = false
    var applyWhenIdle = false
    var couplesAmplifierToChannel = false
    var emGainMax: Int?
    var pipeline = Pipeline.Bounds()
    var frameMemory = 1 << 30
    var overflow = Overflow.dropOldest
    var format = PipelineFormat.string
    var clearsPipelineOnStart = false
    var liveInterval = Duration.milliseconds(200)
    var pollInterval = Duration.seconds(1)
    /// A call of the SDK that takes longer is shown; not for the site to choose.
    var stuckCallAfter = Duration.seconds(5)
    /// What is sent to the camera when it is opened, over the configuration file.
    var start = StartSettings()

    static let declarations: [Setting] = [
        .integer("serial_number", "Serial number of the camera; 0: the first one", default: 0, in: 0...10_000_000),
        .string("sdk_library", "Path of Andor's libandor.so; default: DAQD_ANDOR_SDK, then the loader's search")
            .optional,
        .string("sdk_directory", "Folder of the SDK's own files", default: "/usr/local/etc/andor"),
        .bool("simulation", "Use the stand-in that comes with daqd instead of the SDK", default: false),
        .string(
            "simulated",
            "What the stand-in has and does, in its own words: cameras=888:12859,897:7342 speed=1 start=20",
            default: "cameras=888:12859,897:7342"),
        .path("configuration", "An AndorConfig.json of the Python driver").optional,
        .choice("shutdown", "What becomes of the cooling at the end", of: ShutdownPolicy.self, default: .automatic),
        .number(
            "warm_up_to", "A warm shutdown waits until the sensor has this temperature", unit: "degC", default: -20,
            in: -100...20),
        .duration(
            "warm_up_timeout", "How long it waits at most", default: .seconds(1800), in: .zero ... .seconds(7200)),
        .bool("water_cooled", "Water carries the heat away, so that the fan may be off", default: false),
        .bool("fibre_coupled", "The sensor has a fibre-optic window and must warm up slowly", default: false),
        .bool(
            "shutter_closed_when_idle", "Keep the shutter closed between acquisitions, and as it is set in each",
            default: false),
        .bool(
            "require_stable", "Start acquisitions only while the sensor's temperature is stable at its set point",
            default: false),
        .bool(
            "apply_when_idle",
            "Keep settings that come during an acquisition and send them after it, instead of refusing them",
            default: false),
        .bool(
            "couple_amplifier",
            "set_adc_channel selects the output amplifier of the same number, too, as the Python driver did",
            default: false),
        .integer("em_gain_max", "The highest EM gain that anybody may set", in: 1...1000).optional,
        .integer("pipeline_images", "Images that wait to be fetched at most", default: 256, in: 1...1_000_000),
        .integer(
            "pipeline_bytes", "Their bytes at most", unit: "B", default: 536_870_912, in: 65_536...1_099_511_627_776),
        .integer(
            "frame_memory",
            "Memory for images, whoever holds them; when it is used up the oldest images in pipelines go, and new ones wait in the "
                + "camera's buffer", unit: "B", default: 1_073_741_824, in: 33_554_432...1_099_511_627_776),
        .choice(
            "pipeline_overflow", "What a full pipeline does: the oldest image goes, or the acquisition stops",
            of: Overflow.self,
            default: .dropOldest),
        .choice(
            "pipeline_format", "What get_data_from_pipeline returns", PipelineFormat.choices, default: "string"),
        .bool("clear_pipeline_on_start", "Forget old images when an acquisition starts", default: false),
        .duration(
            "live_interval", "How often the live image is shown at most", default: .milliseconds(200),
            in: .milliseconds(10) ... .seconds(60)),
        .duration(
            "poll", "How often status and temperature are asked", default: .seconds(1),
            in: .milliseconds(10) ... .seconds(60)),
        .map(
            "start", "Settings that are sent when the camera is opened, over the configuration file",
            StartSettings.declarations),
    ]

    init() {}

    init(_ settings: Settings) throws {
        serialNumber = try settings["serial_number"]
        directory = try settings["sdk_directory"]
        let path: String? = try settings["sdk_library"]
        let isSimulated: Bool = try settings["simulation"]
        if isSimulated { simulation = try settings["simulated"] }
        configuration = try (settings["configuration"] as String?) ?? ""
        shutdown = try settings["shutdown"]
        warmUpTo = try settings["warm_up_to"]
        warmUpTimeout = try settings["warm_up_timeout"]
        isFibreCoupled = try settings["fibre_coupled"]
        isWaterCooled = try settings["water_cooled"]
        shutterClosedWhenIdle = try settings["shutter_closed_when_idle"]
        requiresStable = try settings["require_stable"]
        applyWhenIdle = try settings["apply_when_idle"]
        couplesAmplifierToChannel = try settings["couple_amplifier"]
        emGainMax = try settings["em_gain_max"]
        pipeline.images = try settings["pipeline_images"]
        pipeline.bytes = try settings["pipeline_bytes"]
        frameMemory = try settings["frame_memory"]
        overflow = try settings["pipeline_overflow"]
        let format: String = try settings["pipeline_format"]
        self.format = PipelineFormat(rawValue: format) ?? .string
        clearsPipelineOnStart = try settings["clear_pipeline_on_start"]
        liveInterval = try settings["live_interval"]
        pollInterval = try settings["poll"]
        if let map: Settings = try settings["start"] { start = try StartSettings(map) }
        library = SDKPlace.find(configured: path, driverFile: configuration, isSimulated: isSimulated)
    }
}

/// Where the library is looked for.
enum SDKPlace {
    /// The configured path, else what the Python driver's file names, else the environment's, else the loader's own search and
    /// then `/usr/local/lib`; the stand-in lies beside the plugin.
    static func find(configured: String?, driverFile: String, isSimulated: Bool) -> String {
        if isSimulated { return standIn }
        if let configured, !configured.isEmpty { return configured }
        if let named = named(in: driverFile) { return named }
        if let named = unsafe getenv("DAQD_ANDOR_SDK") { return unsafe String(cString: named) }
        return byLoader
    }

    /// A name alone: the loader looks for it.
    static let byLoader = "libandor.so"

    /// `dllPath` of the Python driver's file, where it is a library of this system; most files have a Windows one.
    private static func named(in file: String) -> String? {
        guard !file.isEmpty, let config = try? AndorConfig.load(file, over: CameraSetup()),
            let path = config.json["dllPath"]?.string, path.contains("/"), isLibrary(path)
        else { return nil }
        return path
    }

    private static func isLibrary(_ path: String) -> Bool {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { _ = close(descriptor) }
        var magic = [UInt8](repeating: 0, count: 4)
        return unsafe Glibc.read(descriptor, &magic, 4) == 4 && magic == [0x7F, 0x45, 0x4C, 0x46]
    }

    /// The loader finds it beside the plugin that asks, by the plugin's own run path.
    static let standIn = "libandor_sim.so"
}

/// The first settings of a camera, in the site's configuration.
struct StartSettings: Sendable {
    var trigger: TriggerMode?
    var mode: AcquisitionMode?
    var exposure: Double?
    var kineticCycle: Double?
    var frames: Int?
    var cooler: Bool?
    var target: Int?
    var fan: FanMode?
    var channel: Int?
    var amplifier: Int?
    var hsSpeed: Int?
    var preAmpGain: Int?
    var vsSpeed: Int?
    var vsAmplitude: Int?
    var baselineClamp: Bool?
    var emMode: EMGainMode?
    var emAdvanced: Bool?
    var emGain: Int?
    var countConvert: CountConvertMode?
    var readMode: ReadMode?
    var frameTransfer: Bool?
    var region: [Int]?
    var binning: [Int]?
    var shutter: ShutterMode?

    static let declarations: [Setting] = [
        .choice("trigger_mode", "What starts an exposure", TriggerMode.choices).optional,
        .choice("acquisition_mode", "How many images an acquisition has", AcquisitionMode.choices).optional,
        .number("exposure", "Exposure", unit: "s", in: 0...1e6).optional,
        .number("kinetic_cycle", "From image to image; 0: as fast as possible", unit: "s", in: 0...1e6).optional,
        .integer("frames", "Images of a kinetic series", in: 1...2_000_000_000).optional,
        .bool("cooler", "Whether the cooler is on; default: on where there is a set point, else as it is").optional,
        .integer("target_temperature", "Set point of the cooler; default: as it is", unit: "degC", in: -200...100)
            .optional,
        .choice("fan", "The fan's speed", FanMode.choices).optional,
        .integer("channel", "A/D converter", in: 0...63).optional,
        .integer("amplifier", "Output amplifier: 0 with EM gain, 1 conventional", in: 0...63).optional,
        .integer("hs_speed", "Horizontal speed, an index; 0: the fastest", in: 0...63).optional,
        .integer("preamp_gain", "Pre-amplifier gain, an index", in: 0...63).optional,
        .integer("vs_speed", "Vertical speed, an index", in: 0...63).optional,
        .integer("vs_amplitude", "Extra voltage of the vertical clocks", in: 0...4).optional,
        .bool("baseline_clamp", "Hold the baseline at a constant level").optional,
        .choice("em_gain_mode", "What the EM gain's number means", EMGainMode.choices).optional,
        .bool("em_advanced", "Allow EM gain above 300, which ages the sensor").optional,
        .integer("em_gain", "EM gain", in: 0...4095).optional,
        .choice("count_convert", "What pixels count", CountConvertMode.choices).optional,
        .choice("read_mode", "Which part of the sensor is read and how", ReadMode.choices).optional,
        .bool("frame_transfer", "Expose while the image before is read").optional,
        .list("region", "First and last column, first and last row, from 1", of: .integer(from: 1, to: nil, unit: nil))
            .optional,
        .list("binning", "Columns and rows that are added", of: .integer(from: 1, to: nil, unit: nil)).optional,
        .choice("shutter", "When the shutter is open", ShutterMode.choices).optional,
    ]

    init() {}

    init(_ settings: Settings) throws {
        func choice<Value: SDKChoice>(_ name: String) throws -> Value? {
            let text: String? = try settings[name]
            return text.flatMap { Value(rawValue: $0) }
        }
        trigger = try choice("trigger_mode")
        mode = try choice("acquisition_mode")
        exposure = try settings["exposure"]
        kineticCycle = try settings["kinetic_cycle"]
        frames = try settings["frames"]
        cooler = try settings["cooler"]
        target = try settings["target_temperature"]
        fan = try choice("fan")
        channel = try settings["channel"]
        amplifier = try settings["amplifier"]
        hsSpeed = try settings["hs_speed"]
        preAmpGain = try settings["preamp_gain"]
        vsSpeed = try settings["vs_speed"]
        vsAmplitude = try settings["vs_amplitude"]
        baselineClamp = try settings["baseline_clamp"]
        emMode = try choice("em_gain_mode")
        emAdvanced = try settings["em_advanced"]
        emGain = try settings["em_gain"]
        countConvert = try choice("count_convert")
        readMode = try choice("read_mode")
        frameTransfer = try settings["frame_transfer"]
        region = try settings["region"]
        binning = try settings["binning"]
        shutter = try choice("shutter")
        if let region, region.count != 4 { throw settings.error("needs four numbers", at: "region") }
        if let binning, binning.count != 2 { throw settings.error("needs two numbers", at: "binning") }
    }

    func apply(to setup: inout CameraSetup) {
        setup.trigger = trigger ?? setup.trigger
        setup.mode = mode ?? setup.mode
        setup.exposure = exposure ?? setup.exposure
        setup.kineticCycle = kineticCycle ?? setup.kineticCycle
        setup.frames = frames ?? setup.frames
        setup.cooler = cooler ?? setup.cooler
        setup.target = target ?? setup.target
        setup.fan = fan ?? setup.fan
        setup.channel = channel ?? setup.channel
        setup.amplifier = amplifier ?? setup.amplifier
        setup.hsSpeed = hsSpeed ?? setup.hsSpeed
        setup.preAmpGain = preAmpGain ?? setup.preAmpGain
        setup.vsSpeed = vsSpeed ?? setup.vsSpeed
        setup.vsAmplitude = vsAmplitude ?? setup.vsAmplitude
        setup.baselineClamp = baselineClamp ?? setup.baselineClamp
        setup.emMode = emMode ?? setup.emMode
        setup.emAdvanced = emAdvanced ?? setup.emAdvanced
        setup.emGain = emGain ?? setup.emGain
        setup.countConvert = countConvert ?? setup.countConvert
        setup.readMode = readMode ?? setup.readMode
        setup.frameTransfer = frameTransfer ?? setup.frameTransfer
        setup.shutter.mode = shutter ?? setup.shutter.mode
        if let region {
            (setup.region.hstart, setup.region.hend) = (region[0], region[1])
            (setup.region.vstart, setup.region.vend) = (region[2], region[3])
        }
        if let binning { (setup.region.hbin, setup.region.vbin) = (binning[0], binning[1]) }
    }
}
