// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The records of areaDetector's Eiger driver. Source: areaDetector/ADEiger, `eiger.template`, `eiger1.template`, `eiger2.template`.
extension AreaDetectorNames {
    private static let triggerModes = [
        "ints": "Internal Series", "inte": "Internal Enable", "exts": "External Series", "exte": "External Enable",
        "continuous": "Continuous", "extg": "External Gate",
    ]
    private static let triggerMode = FrontendType.enumeration([
        "Internal Series", "Internal Enable", "External Series", "External Enable", "Continuous", "External Gate",
    ])
    private static let compressions = ["lz4": "LZ4", "bslz4": "BS LZ4", "none": "None"]
    private static let headerDetails = ["none": "None", "basic": "Basic", "all": "All"]
    private static let downUp = FrontendType.enumeration(["Down", "Up"])
    private static let links = ["down": "Down", "up": "Up"]

    static let eigerRecords: [RecordRow] = [
        .read("Description_RBV", .config("description"), .string),
        .read("SensorThickness_RBV", .config("sensor_thickness"), .double, unit: "m", precision: 6),
        .read("SensorMaterial_RBV", .config("sensor_material"), .string),
        .read("CountCutoff_RBV", .config("countrate_correction_count_cutoff"), .long),
        .read("XPixelSize_RBV", .config("x_pixel_size"), .double, unit: "m", precision: 6),
        .read("YPixelSize_RBV", .config("y_pixel_size"), .double, unit: "m", precision: 6),
        .read("DeadTime_RBV", .config("detector_readout_time"), .double, unit: "s", precision: 9),
        .read("BitDepthImage_RBV", .config("bit_depth_image"), .long),
        .command("Restart", "restart", ["Done", "Restart"]),
        .command("Initialize", "initialize", ["Done", "Initialize"]),
        .read("State_RBV", .status("state"), .string), .read("Error_RBV", .status("error"), .string),
        .read("Temp0_RBV", .parameter("status/temperature"), .double, unit: "C", precision: 3),
        .read("Humid0_RBV", .parameter("status/humidity"), .double, unit: "%", precision: 3),
        // Energies
        .both("PhotonEnergy", .config("photon_energy"), .double, unit: "eV", precision: 3),
        .both("ThresholdEnergy", .config("threshold_energy"), .double, unit: "eV", precision: 3),
        .both("Wavelength", .config("wavelength"), .double, unit: "Angstrom", precision: 4),
        .inert("EnergyEps", .double, 0.05), .inert("WavelengthEps", .double, 0.0005),
        // Triggers
        .both("TriggerMode", .direct("trigger_mode"), triggerMode, labels: triggerModes),
        .both("NumTriggers", .config("ntrigger"), .long),
        .both("ManualTrigger", .series("manual_trigger"), disableEnable),
        .command("Trigger", "software_trigger", nil),
        .both("TriggerExposure", .series("trigger_exposure"), .double, unit: "s", precision: 4),
        .read("Armed", .series("armed"), .enumeration(["Unarmed", "Armed"])),
        .read("SequenceId", .series("number"), .long),
        // Readout
        .both("ROIMode", .config("roi_mode"), .enumeration(["Disable", "4M"]), labels: ["disabled": "Disable"]),
        .both(
            "CompressionAlgo", .config("compression"), .enumeration(["LZ4", "BS LZ4", "None"]), labels: compressions),
        .both("FlatfieldApplied", .config("flatfield_correction_applied"), disableEnable, initial: "Enable"),
        .both("CountrateCorrApplied", .config("countrate_correction_applied"), disableEnable, initial: "Enable"),
        .both("PixelMaskApplied", .config("pixel_mask_applied"), disableEnable, initial: "Enable"),
        .both("AutoSummation", .config("auto_summation"), disableEnable, initial: "Enable"),
        .inert("SignedData", .enumeration(["Unsigned", "Signed"]), "Unsigned"),
        .inert("DataSource", .enumeration(["None", "FileWriter", "Stream"]), "FileWriter"),
        // Filewriter
        .write("FWEnable", .direct("file_writer"), disableEnable),
        .read("FWEnable_RBV", .filewriter("mode"), disableEnable, labels: enabled, initial: "Enable"),
        .both("FWCompression", .filewriter("compression_enabled"), disableEnable, initial: "Enable"),
        .both("FWNamePattern", .filewriter("name_pattern"), text),
        .both("FWNImagesPerFile", .filewriter("nimages_per_file"), .long, initial: 1000),
        .both("FWAutoRemove", .parameter("files/auto_remove"), disableEnable),
        .read("FWFree_RBV", .parameter("buffer/free"), .double, unit: "GB", precision: 3, scale: 1e-9),
        .read("FWState_RBV", .parameter("filewriter/status/state"), .string),
        .command("FWClear", "filewriter/command/clear", ["Done", "Clear"]),
        .both(
            "FWHDF5Format", .filewriter("format"), .enumeration(["Legacy", "v2024.2"]),
            labels: ["hdf5 nexus legacy nxmx": "Legacy", "hdf5 nexus v2024.2 nxmx": "v2024.2"]),
        .both("SaveFiles", .parameter("files/fetch"), noYes),
        .inert("FileOwner", .string, ""), .inert("FileOwnerGrp", .string, ""),
        .both("FilePerms", .parameter("files/permissions"), .long, initial: 0o644),
        // Stream
        .both("StreamEnable", .stream("mode"), disableEnable, labels: enabled),
        .read("StreamDropped_RBV", .parameter("stream/status/dropped"), .long),
        .read("StreamState_RBV", .parameter("stream/status/state"), .string),
        .both(
            "StreamHdrDetail", .stream("header_detail"), .enumeration(["None", "Basic", "All"]), labels: headerDetails),
        .write("StreamHdrAppendix", .stream("header_appendix"), .characters(1024)),
        .write("StreamImgAppendix", .stream("image_appendix"), .characters(1024)),
        .inert("StreamDecompress", disableEnable, "Enable"),
        .inert("StreamVersion", .enumeration(["Stream", "Stream2"]), "Stream"), .inert("StreamAsTSSource", noYes, "No"),
        // Monitor
        .both("MonitorEnable", .parameter("live/enabled"), disableEnable),
        .both("MonitorTimeout", .parameter("live/timeout"), .long, unit: "ms", initial: 500),
        .read("MonitorState_RBV", .parameter("monitor/status/state"), .string),
        // Geometry
        .both("DetDist", .config("detector_distance"), .double, unit: "m", precision: 6),
        .both("BeamX", .config("beam_center_x"), .double, unit: "pixel", precision: 3),
        .both("BeamY", .config("beam_center_y"), .double, unit: "pixel", precision: 3),
        angle("ChiStart", "chi_start"), angle("ChiIncr", "chi_increment"), angle("KappaStart", "kappa_start"),
        angle("KappaIncr", "kappa_increment"), angle("OmegaStart", "omega_start"),
        angle("OmegaIncr", "omega_increment"),
        angle("PhiStart", "phi_start"), angle("PhiIncr", "phi_increment"), angle("TwoThetaStart", "two_theta_start"),
        angle("TwoThetaIncr", "two_theta_increment"),
        // The first generation's
        link(0), link(1), link(2), link(3),
        .read("DCUBufferFree_RBV", .status("builder/dcu_buffer_free"), .double, unit: "%", precision: 1),
    ]

    static let secondGenerationRecords: [RecordRow] = [
        .both("TriggerStartDelay", .config("trigger_start_delay"), .double, unit: "s", precision: 4),
        .both(
            "ExtGateMode", .config("extg_mode"), .enumeration(["HDR", "Pump & Probe"]),
            labels: ["single": "HDR", "hdr": "HDR", "double": "Pump & Probe", "pump_and_probe": "Pump & Probe"]),
        .both("HVResetTime", .direct("hv_reset_time"), .double, unit: "s", precision: 1, initial: 30),
        .command("HVReset", "direct/hv_reset", ["Done", "Reset"]),
        .read("HVState_RBV", .status("high_voltage/state"), .string),
        .both(
            "CountingMode", .config("counting_mode"), .enumeration(["Normal", "Retrigger"]),
            labels: ["normal": "Normal", "retrigger": "Retrigger"]),
        thresholdMode(1), threshold(2), thresholdMode(2), threshold(3), thresholdMode(3), threshold(4),
        thresholdMode(4),
        .both("ThresholdDiffEnable", .config("threshold/difference/mode"), disableEnable, labels: enabled),
    ]

    private static func angle(_ name: String, _ key: String) -> RecordRow {
        .both(name, .config(key), .double, unit: "deg", precision: 4)
    }

    private static func link(_ number: Int) -> RecordRow {
        .read("Link\(number)_RBV", .status("link_\(number)"), downUp, labels: links)
    }

    private static func threshold(_ number: Int) -> RecordRow {
        .both("Threshold\(number)Energy", .config("threshold/\(number)/energy"), .double, unit: "eV", precision: 3)
    }

    private static func thresholdMode(_ number: Int) -> RecordRow {
        .both("Threshold\(number)Enable", .config("threshold/\(number)/mode"), disableEnable, labels: enabled)
    }
}
