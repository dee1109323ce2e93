// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The attributes and methods of the Python package `dectris_eiger`; what belongs to one of its objects stands behind a slash.
///
/// A property `x` is a parameter; frontends that call methods offer it as `get_x` and `set_x` as the package does. Writes go to the
/// detector at once. What a later descendant of the package added follows its own. Source: README and code of `dectris_eiger` 0.3.1.
enum PackageNames {
    static let set = NameSet(
        "dectris_eiger", summary: "The attributes and methods of the Python package dectris_eiger",
        entries: detector + additions + filewriter + buffer + streamAndMonitor)

    private static let detector: [NameEntry] = [
        read("state", .status("state")),
        read("temperature", .parameter("status/temperature")), read("humidity", .parameter("status/humidity")),
        both("count_time", .config("count_time")), both("frame_time", .config("frame_time")),
        both("nimages", .config("nimages")), both("ntrigger", .config("ntrigger")),
        both("energy", .config("photon_energy")), both("wavelength", .config("wavelength")),
        both("threshold", .config("threshold_energy")),
        both("flatfield_enabled", .config("flatfield_correction_applied")),
        both("auto_summation_enabled", .config("auto_summation")),
        both("rate_correction_enabled", .config("countrate_correction_applied")),
        both("trigger_mode", .config("trigger_mode")),
        read("bit_depth", .config("bit_depth_readout")), read("readout_time", .config("detector_readout_time")),
        read("description", .config("description")), read("sensor_material", .config("sensor_material")),
        read("sensor_thickness", .config("sensor_thickness")), read("serial_number", .config("detector_number")),
        read("firmware_version", .config("software_version")),
        call("initialize", "initialize"), call("arm", "arm"), call("disarm", "disarm"), call("trigger", "trigger"),
        call("cancel", "cancel"), call("abort", "abort"), call("clear_buffer", "delete_all"),
    ]

    private static let additions: [NameEntry] = [
        read("error", .status("error")), read("detector_time", .status("time")),
        call("status_update", "status_update"),
        both("compression", .config("compression")), both("roi_mode", .config("roi_mode")),
        both("pixel_mask_enabled", .config("pixel_mask_applied")),
        both("beam_center_x", .config("beam_center_x")), both("beam_center_y", .config("beam_center_y")),
        both("detector_distance", .config("detector_distance")),
        both("omega_start", .config("omega_start")), both("omega_increment", .config("omega_increment")),
        read("x_pixel_size", .config("x_pixel_size")), read("y_pixel_size", .config("y_pixel_size")),
        read("x_pixels_in_detector", .config("x_pixels_in_detector")),
        read("y_pixels_in_detector", .config("y_pixels_in_detector")),
        read("bit_depth_image", .config("bit_depth_image")),
    ]

    private static let filewriter: [NameEntry] = [
        call("filewriter/initialize", "filewriter/command/initialize"),
        call("filewriter/clear", "filewriter/command/clear"),
        read("filewriter/status", .parameter("filewriter/status/state")),
        read("filewriter/error", .parameter("filewriter/status/error")),
        read("filewriter/time", .parameter("filewriter/status/time")),
        // The package reads the state here by mistake; its name says what is meant.
        read("filewriter/available_space", .parameter("filewriter/status/buffer_free")),
        read("filewriter/buffer_free", .parameter("filewriter/status/buffer_free")),
        both("filewriter/mode", .filewriter("mode")), both("filewriter/transfer_mode", .filewriter("transfer_mode")),
        both("filewriter/images_per_file", .filewriter("nimages_per_file")),
        both("filewriter/image_nr_start", .filewriter("image_nr_start")),
        both("filewriter/filename_pattern", .filewriter("name_pattern")),
        both("filewriter/compression_enabled", .filewriter("compression_enabled")),
    ]

    private static let buffer: [NameEntry] = [
        read("buffer/files", .parameter("buffer/files")), call("buffer/list_files", "files"),
        call("buffer/get_file", "get_file"), call("buffer/download_file", "download_file"),
        call("buffer/download", "download"), call("buffer/delete_file", "delete"),
        call("buffer/delete_all", "delete_all"), call("buffer/clear_buffer", "delete_all"),
    ]

    private static let streamAndMonitor: [NameEntry] = [
        both("stream/enabled", .stream("mode")),
        call("monitor/initialize", "monitor/command/initialize"), call("monitor/clear", "monitor/command/clear"),
        read("monitor/status", .parameter("monitor/status/state")),
        read("monitor/error", .parameter("monitor/status/error")),
        both("monitor/mode", .parameter("monitor/config/mode")),
        both("monitor/buffer_size", .parameter("monitor/config/buffer_size")),
        call("monitor/images", "monitor/images"), call("monitor/image", "monitor/image"),
        call("monitor/next", "monitor/next"), call("monitor/latest", "monitor/latest"),
    ]

    private static func both(_ name: String, _ source: NameSource) -> NameEntry { NameEntry(name, source) }

    private static func read(_ name: String, _ source: NameSource) -> NameEntry {
        NameEntry(name, source) { $0.access = .read }
    }

    private static func call(_ name: String, _ command: String) -> NameEntry {
        NameEntry(name, .command(command)) { $0.completion = .operation }
    }
}
