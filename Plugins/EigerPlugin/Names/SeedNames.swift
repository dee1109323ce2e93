// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The 25 process variables of the caproto IOC `dectris_eiger_ioc`, so that its clients go on unchanged.
///
/// Names, types, labels and first values are that IOC's; units, limits and digits are the detector's, readbacks are read-only,
/// and a number outside the detector's limits is refused when it is written. Settings go to the detector with `Configure`.
/// Source: BAMresearch/dectris_eiger_ioc, `dectris_eiger_ioc.py`.
enum SeedNames {
    static let set = NameSet(
        "seed", summary: "The process variables of the IOC dectris_eiger_ioc",
        entries: [
            text("DetectorState", .status("state"), "State of the detector: idle, ready, acquire …", away: "unknown"),
            number("DetectorTemperature", .parameter("status/temperature"), -999.9, .read, precision: 1),
            text("DetectorTime", .status("time"), "Time on the detector's own clock", away: "unknown"),
            number("CountTime_RBV", .config("count_time"), 600, .read),
            number("FrameTime_RBV", .config("frame_time"), 10, .read),
            number("ThresholdEnergy", .series("threshold_energy"), 4025, .readWrite, precision: 1),
            number("PhotonEnergy", .series("photon_energy"), 8050, .readWrite, precision: 1),
            number("FrameTime", .series("frame_time"), 10, .readWrite),
            number("CountTime", .series("exposure_time"), 600, .readWrite),
            flag("CountRateCorrection", .series("count_rate_correction"), true),
            flag("FlatFieldCorrection", .parameter("seed/flat_field_correction"), false),
            flag("PixelMaskCorrection", .parameter("seed/pixel_mask_correction"), false),
            command("Restart", "restart"), busy("Restart_RBV", .busy("restart")),
            command("Initialize", "initialize"), busy("Initialize_RBV", .busy("initialize")),
            command("Configure", "seed/configure"), busy("Configure_RBV", .parameter("seed/configuring")),
            command("Trigger", "seed/acquire", off: "stop"), busy("Trigger_RBV", .parameter("seed/triggering")),
            NameEntry("OutputFilePrefix", .series("file_prefix")) { $0.type = .string },
            text("LatestFile", .parameter("files/latest"), "File that was stored last"),
            text("LatestFileData", .parameter("files/latest_data"), "Data file that was stored last"),
            text("LatestFileMain", .parameter("files/latest_master"), "Master file that was stored last"),
            number("SecondsRemaining", .parameter("seed/seconds_remaining"), 0, .read, precision: 0),
        ])

    private static let offOn = ["Off", "On"]

    private static func text(
        _ name: String, _ source: NameSource, _ description: String, away: String? = nil
    ) -> NameEntry {
        NameEntry(name, source) { entry in
            let shape = NameShape(type: .string, disconnected: away.map { .string($0) })
            shape.apply(&entry, .read)
            entry.description = description
        }
    }

    /// A readback shows -999 while there is no true value.
    private static func number(
        _ name: String, _ source: NameSource, _ initial: Double, _ access: Access, precision: Int = 6
    ) -> NameEntry {
        NameEntry(name, source) { entry in
            let shape = NameShape(
                type: .double, precision: precision, initial: .float(initial),
                disconnected: access == .read ? .float(-999) : nil)
            shape.apply(&entry, access)
        }
    }

    private static func flag(_ name: String, _ source: NameSource, _ initial: Bool) -> NameEntry {
        NameEntry(name, source) { entry in
            entry.type = .enumeration(offOn)
            entry.initial = .string(offOn[initial ? 1 : 0])
        }
    }

    /// On from the write until the command has ended, and for a second at least: clients wait to see it.
    private static func command(_ name: String, _ path: String, off: String? = nil) -> NameEntry {
        NameEntry(name, .command(path)) { entry in
            entry.type = .enumeration(offOn)
            entry.completion = .operation
            entry.dwellSeconds = 1
            entry.off = off
        }
    }

    private static func busy(_ name: String, _ source: NameSource) -> NameEntry {
        NameEntry(name, source) { entry in
            entry.type = .enumeration(offOn)
            entry.access = .read
            entry.initial = .string("Off")
        }
    }
}
