// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What is known of SIMPLON keys without asking a detector.
enum KeyCatalog {
    /// A key whose parameter exists before the first connection.
    struct Declaration: Sendable {
        var key: SIMPLONKey
        var type: ValueType
        var unit = ""
        var access = Access.readWrite
        var summary: String

        init(
            _ key: SIMPLONKey, _ type: ValueType, _ unit: String = "", _ access: Access = .readWrite, _ summary: String
        ) {
            self.key = key
            self.type = type
            self.unit = unit
            self.access = access
            self.summary = summary
        }
    }

    private static let float = ValueType.number(.float64)
    private static let uint = ValueType.number(.uint64)
    private static let text = ValueType.string(capacity: 0)

    /// Keys that every generation has and that a series needs.
    static let declarations: [Declaration] = [
        Declaration(
            .detector("auto_summation"), .bool, "", .readWrite, "Whether short frames are summed in the detector"),
        Declaration(.detector("bit_depth_image"), uint, "", .read, "Bits per pixel of the images"),
        Declaration(.detector("compression"), text, "", .readWrite, "How images are compressed"),
        Declaration(.detector("count_time"), float, "s", .readWrite, "Exposure of one image"),
        Declaration(
            .detector("countrate_correction_applied"), .bool, "", .readWrite,
            "Whether the count rate correction is applied"),
        Declaration(.detector("description"), text, "", .read, "Model of the detector"),
        Declaration(.detector("detector_number"), text, "", .read, "Serial number"),
        Declaration(.detector("detector_readout_time"), float, "s", .read, "Dead time between two images"),
        Declaration(
            .detector("flatfield_correction_applied"), .bool, "", .readWrite,
            "Whether the flat field correction is applied"),
        Declaration(.detector("frame_time"), float, "s", .readWrite, "From the start of one image to the next"),
        Declaration(.detector("nimages"), uint, "", .readWrite, "Images per trigger"),
        Declaration(.detector("ntrigger"), uint, "", .readWrite, "Triggers of a series"),
        Declaration(.detector("photon_energy"), float, "eV", .readWrite, "Energy of the photons"),
        Declaration(.detector("pixel_mask_applied"), .bool, "", .readWrite, "Whether the pixel mask is applied"),
        Declaration(.detector("software_version"), text, "", .read, "Version of the detector's software"),
        Declaration(.detector("threshold_energy"), float, "eV", .readWrite, "Threshold of the counters"),
        Declaration(.detector("trigger_mode"), text, "", .readWrite, "What starts images"),
        Declaration(.detector("x_pixels_in_detector"), uint, "", .read, "Columns of an image"),
        Declaration(.detector("y_pixels_in_detector"), uint, "", .read, "Rows of an image"),
        Declaration(SIMPLONKey(.detector, .status, "state"), text, "", .read, "State of the detector"),
        Declaration(SIMPLONKey(.detector, .status, "time"), text, "", .read, "Time on the detector's own clock"),
        Declaration(.filewriter("compression_enabled"), .bool, "", .readWrite, "Whether files hold compressed images"),
        Declaration(.filewriter("mode"), text, "", .readWrite, "Whether the detector writes files"),
        Declaration(
            .filewriter("name_pattern"), text, "", .readWrite, "Names of the files; $id stands for the series' number"),
        Declaration(
            .filewriter("nimages_per_file"), uint, "", .readWrite, "Images per data file; 0: all in the master file"),
        Declaration(SIMPLONKey(.filewriter, .status, "buffer_free"), uint, "", .read, "Free memory for files"),
        Declaration(SIMPLONKey(.filewriter, .status, "state"), text, "", .read, "State of the filewriter"),
    ]

    /// Keys that real units have although their lists omit them.
    static func omissions(_ module: SIMPLONKey.Module, _ task: SIMPLONKey.Task) -> [String] {
        switch (module, task) {
        case (.detector, .config): ["wavelength", "nexpi"]
        case (.detector, .status), (.stream, .status): ["error"]
        default: []
        }
    }

    /// Pictures and tables of up to 100 MB, never read with the others.
    static func isLarge(_ name: String) -> Bool {
        let last = name.split(separator: "/").last ?? ""
        return ["flatfield", "pixel_mask", "countrate_correction_table", "countrate_correction_lookup_table"].contains(
            last)
    }

    /// Status keys that are asked again and again while the detector is idle.
    static func isPolled(_ key: SIMPLONKey) -> Bool {
        guard key.task == .status, key.module != .monitor else { return false }
        return key.name != "files" && !(key.module == .detector && key.name == "state")
    }

    /// Status keys that are asked during a series too.
    static let polledWhileAcquiring: [SIMPLONKey] = [
        SIMPLONKey(.filewriter, .status, "state"), SIMPLONKey(.filewriter, .status, "buffer_free"),
        SIMPLONKey(.stream, .status, "dropped"),
    ]

    /// Digits after the point for displays.
    static func precision(_ type: ValueType, unit: String) -> Int? {
        guard type == .number(.float64) else { return nil }
        return unit == "s" ? 6 : 3
    }
}
