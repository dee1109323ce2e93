// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What the site's configuration says about one detector.
struct EigerSettings: Sendable {
    /// How its data come here.
    enum Retrieve: String, CaseIterable, Sendable {
        /// As the HDF5 files of the detector's filewriter.
        case filewriter
        /// Not at all: somebody else takes them, or the detector has none.
        case none
    }

    /// What happens to files on the detector.
    enum Removal: String, CaseIterable, Sendable {
        /// Own files are removed one by one, each after its copy was verified.
        case verified
        case never
    }

    /// Whether the detector is initialized without being asked.
    enum Initialization: String, CaseIterable, Sendable {
        case never
        /// When it answers and says that it is not.
        case ifNeeded = "if-na"
    }

    /// What happens after a series without any data.
    enum Watchdog: String, CaseIterable, Sendable {
        /// The alarm is raised.
        case report
        /// The detector's service is restarted and initialized, too.
        case recover
    }

    /// How the exposure of a series is shared among its frames.
    enum ExposurePolicy: String, CaseIterable, Sendable {
        /// Each frame takes its frame time less the readout, as with the seed IOC.
        case full
        /// The frames' exposures add up to what was asked.
        case exact
    }

    /// Where live images come from.
    enum LiveSource: String, CaseIterable, Sendable {
        /// The detector's monitor, at most ten per second.
        case monitor
        case off
    }

    var host = "127.0.0.1"
    var port = 80
    var apiVersion = "auto"
    /// Where files go; absolute.
    var folder = ""
    var filePrefix = "eiger_"
    var liveSource = LiveSource.monitor
    var retrieve = Retrieve.filewriter
    var removal = Removal.verified
    var initialization = Initialization.ifNeeded
    var pollIdle = Duration.seconds(1)
    var pollAcquiring = Duration.milliseconds(250)
    var pollSlow = Duration.seconds(10)
    var imagesPerFile = 1000
    var energyEpsilon = 0.05
    /// In Å.
    var wavelengthEpsilon = 0.0005
    var exposurePolicy = ExposurePolicy.full
    var watchdog = Watchdog.report
    /// Whether a detector that has lost its settings by a restart gets them back.
    var restoresConfiguration = true
    /// How many keys are read at the same time when they are discovered.
    var parallelReads = 1
    /// How long the end of the daemon waits for files; the rest is left to its next start.
    var collectGrace = Duration.seconds(60)
    /// A stop waits for the present image when it ends within this time, else it aborts.
    var stopWait = Duration.seconds(5)
    var timeouts = SIMPLONTimeouts()

    static let declarations: [Setting] = [
        .string("host", "Name or address of the detector control unit"),
        .integer("port", "Its HTTP port", default: 80, in: 1...65535),
        .choice("api_version", "The SIMPLON version to speak", ["auto", "1.6.0", "1.8.0"], default: "auto"),
        .path(
            "local_path",
            "Folder for the files, in or below the device's data folder; default: that folder itself"
        ).optional,
        .string("file_prefix", "Initial beginning of the files' names", default: "eiger_"),
        .choice(
            "live_source", "Where live images come from; off leaves the detector's monitor as it is",
            of: LiveSource.self, default: .monitor),
        .choice("retrieve", "How the data come here", of: Retrieve.self, default: .filewriter),
        .choice(
            "remove_from_detector", "Whether own files are removed from the detector once their copy is verified",
            of: Removal.self, default: .verified),
        .choice(
            "initialize_on_connect", "Whether a detector that is not initialized is initialized when it answers",
            of: Initialization.self, default: .ifNeeded),
        .duration(
            "poll_idle", "How often the state is asked", default: .seconds(1), in: .milliseconds(10) ... .seconds(3600)),
        .duration(
            "poll_acquiring", "How often the state is asked during a series", default: .milliseconds(250),
            in: .milliseconds(10) ... .seconds(60)),
        .duration(
            "poll_slow", "How often temperature, humidity and buffers are asked", default: .seconds(10),
            in: .milliseconds(10) ... .seconds(3600)),
        .integer(
            "images_per_file", "Images per data file; 0 puts all into the master file", default: 1000, in: 0...1_000_000
        ),
        .number(
            "energy_epsilon", "Smaller changes of the energy are not sent", unit: "eV", default: 0.05, in: 0...1000),
        .number(
            "wavelength_epsilon", "Smaller changes of the wavelength are not sent", unit: "angstrom", default: 0.0005,
            in: 0...10),
        .choice(
            "exposure_policy",
            "Whether each frame takes its full time less the readout, or the exposures add up exactly to what was asked",
            of: ExposurePolicy.self, default: .full),
        .choice(
            "watchdog", "What follows a series without data: an alarm, or a restart and an initialize, too",
            of: Watchdog.self, default: .report),
        .bool(
            "restore_configuration", "Whether a detector that lost its settings by a restart gets them back",
            default: true),
        .integer(
            "parallel_reads",
            "Keys read at the same time when they are discovered; second-generation units like 1 best",
            default: 1, in: 1...2),
        .duration(
            "collect_grace", "How long the end of the daemon waits for files; the rest is left to its next start",
            default: .seconds(60), in: .zero ... .seconds(3600)),
        .duration(
            "stop_wait", "A stop waits for the present image if it ends within this time, else it aborts",
            default: .seconds(5),
            in: .zero ... .seconds(3600)),
        .map("timeouts", "How long the detector may take", SIMPLONTimeouts.declarations),
    ]

    init() {}

    /// - Parameters:
    ///   - dataRoot: The folder for the device's data; absolute.
    init(_ settings: Settings, dataRoot: String) throws {
        host = try settings["host"]
        port = try settings["port"]
        apiVersion = try settings["api_version"]
        let path: String? = try settings["local_path"]
        folder = path ?? dataRoot
        guard folder == dataRoot || folder.hasPrefix(dataRoot + "/"), !folder.split(separator: "/").contains("..")
        else {
            throw settings.error(
                "is \(folder), which is not below the device's data folder \(dataRoot)", at: "local_path")
        }
        filePrefix = try settings["file_prefix"]
        liveSource = try Self.choice(settings, "live_source")
        if let objection = FilePrefix.objection(filePrefix) { throw settings.error(objection, at: "file_prefix") }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x40 }) else {
            throw settings.error("is no name or address of a host", at: "host")
        }
        retrieve = try Self.choice(settings, "retrieve")
        removal = try Self.choice(settings, "remove_from_detector")
        initialization = try Self.choice(settings, "initialize_on_connect")
        pollIdle = try settings["poll_idle"]
        pollAcquiring = try settings["poll_acquiring"]
        pollSlow = try settings["poll_slow"]
        imagesPerFile = try settings["images_per_file"]
        energyEpsilon = try settings["energy_epsilon"]
        wavelengthEpsilon = try settings["wavelength_epsilon"]
        exposurePolicy = try Self.choice(settings, "exposure_policy")
        watchdog = try Self.choice(settings, "watchdog")
        restoresConfiguration = try settings["restore_configuration"]
        parallelReads = try settings["parallel_reads"]
        collectGrace = try settings["collect_grace"]
        stopWait = try settings["stop_wait"]
        let limits: Settings? = try settings["timeouts"]
        if let limits { timeouts = try SIMPLONTimeouts(limits) }
    }

    private static func choice<Value: RawRepresentable<String>>(_ settings: Settings, _ name: String) throws -> Value {
        let text: String = try settings[name]
        guard let value = Value(rawValue: text) else {
            throw settings.error("is “\(text)”, which is not known", at: name)
        }
        return value
    }
}

extension EigerSettings {
    /// Up to which difference two values of a key count as equal, in the key's unit.
    func tolerance(of key: SIMPLONKey) -> Double {
        guard key.module == .detector else { return 0 }
        switch key.name {
        case "wavelength": return wavelengthEpsilon
        case "photon_energy", "incident_energy", "threshold_energy": return energyEpsilon
        case let name where name.hasPrefix("threshold/") && name.hasSuffix("/energy"): return energyEpsilon
        default: return 0
        }
    }
}

/// The beginning of the files' names, as the detector and this host can both have it.
enum FilePrefix {
    /// Why a text cannot begin a file's name; `nil` when it can.
    static func objection(_ prefix: String) -> String? {
        if prefix.isEmpty { return "is empty" }
        if prefix.utf8.count > 100 { return "is longer than 100 bytes" }
        if prefix.hasPrefix(".") { return "begins with a dot" }
        let allowed = prefix.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E, 0x2B: true
            default: false
            }
        }
        return allowed ? nil : "holds characters other than letters, digits, _ - . +"
    }
}
