// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The member functions of the Python driver, as its clients call them over PC_RPC.
///
/// Source: bllovetx/andor-ot, `andor.py`.
enum EMCCDNames {
    /// What the driver documents, and the commands for new clients.
    static let set = NameSet(
        "emccd", summary: "The member functions of the Python driver andor-ot, with its return formats",
        entries: driver.map { command($0, "emccd/" + $0) } + shared.map { command($0, $0) })

    /// Typed results, and get and set methods of every parameter.
    static func extended(_ parameters: CameraParameters) -> NameSet {
        var entries = driver.map { command($0, "emccd/" + $0) } + shared.map { command($0, $0) }
        entries += own.map { command($0, $0) }
        entries += DetailCommands.names.map { command($0, "sdk/" + $0) }
        for setting in parameters.settings { entries.append(parameter(setting.parameter.name)) }
        entries += states.map(parameter)
        return NameSet(
            "emccd_x", summary: "The Python driver's functions and get and set methods for everything else",
            entries: entries)
    }

    private static func command(_ name: String, _ path: String) -> NameEntry {
        NameEntry(name, .command(path)) { $0.completion = .operation }
    }

    private static func parameter(_ path: String) -> NameEntry {
        NameEntry(String(path.map { $0 == "/" ? "_" : $0 }), .parameter(path))
    }

    /// In the group `emccd`.
    static let driver = [
        "start_acquisition_with_watcher", "get_data_from_pipeline", "stop_data_watcher", "data_watcher_is_working",
        "get_available_cameras", "get_capabilities", "get_detector", "get_head_model", "get_model",
        "get_hardware_version", "get_camera_serial_number", "set_vs_amplitude", "get_vs_speeds", "set_vs_speed",
        "get_number_of_adc_channels", "get_adc_channel", "set_adc_channel", "set_output_amplifier", "get_bit_depth",
        "set_fan_mode", "cooler", "is_cooler_on", "get_temperature_range", "get_temperature", "get_temperature_f",
        "set_temperature", "get_preamp_gains", "set_preamp_gain", "get_em_gain_range", "set_em_advanced",
        "set_em_gain_mode", "set_emccd_gain", "get_status", "start_acquisition", "abort_acquisition", "set_shutter",
        "shutter", "get_acquisition_timings", "set_acquisition_mode", "set_baseline_clamp", "set_exposure_time",
        "set_kinetic_cycle_time", "set_frame_transfer_mode", "get_hs_speeds", "set_hs_speed", "set_read_mode",
        "set_image", "set_trigger_mode", "send_software_trigger", "set_fast_ext_trigger", "set_count_convert_mode",
        "set_count_convert_wavelength", "get_number_new_images", "get_oldest_image16", "get_images16",
    ]

    /// Under short paths of their own.
    static let shared = [
        "set_temperature_until_reach", "reconfig_json", "stop_camera", "get_image", "get_images", "get_frame",
        "pipeline_size", "clear_pipeline", "list_cameras",
    ]

    /// Beyond what the Python driver had.
    static let own = [
        "acquire", "start", "stop", "abort", "open_camera", "subscribe_images", "get_subscribed_images",
        "get_subscribed_frame",
        "unsubscribe_images", "set_single_track", "set_multi_track", "set_random_tracks",
    ]

    /// All that is only read or set beside the camera; `get_model` and `get_status` are functions of the driver.
    private static let states = [
        "state", "message", "serial_number", "family", "sensor/width", "sensor/height", "cooling/temperature",
        "cooling/state", "cooling/tripped", "cooling/tolerance", "cooling/watch", "acquisition/actual_exposure",
        "acquisition/actual_accumulate_cycle", "acquisition/actual_kinetic_cycle", "acquisition/readout_time",
        "acquisition/minimum_period",
        "acquisition/frame_rate", "acquisition/data_rate", "acquisition/acquiring", "acquisition/images",
        "acquisition/lost", "acquisition/limit", "acquisition/seconds_remaining", "image/columns", "image/rows",
        "image/bytes", "image/pixel_type", "buffer/size", "buffer/use", "pipeline/images", "pipeline/dropped",
        "pipeline/format",
        "pipeline/clear_on_start", "memory/blocks", "memory/free", "memory/bytes", "sdk/library", "sdk/version",
        "sdk/simulated", "sdk/call", "live/image", "live/index",
        "live/seconds", "live/rate", "live/array_counter", "readout/hs_speeds", "readout/vs_speeds",
        "readout/preamp_gains", "em/range",
    ]
}
