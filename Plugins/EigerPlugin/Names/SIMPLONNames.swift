// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The detector's own keys as records: `detector:config:count_time` and its `_RBV`, `detector:command:arm`.
///
/// Every documented key of both generations has its name, there or not, and so has what the detector listed when it answered
/// last; slashes within keys become underscores. Source: SIMPLON API references for 1.6 and 1.8.
enum SIMPLONNames {
    /// - Parameter discovered: Keys that an earlier connection brought.
    static func set(discovered: [SIMPLONKey]) -> NameSet {
        var keys = documented
        let known = Set(keys)
        keys += discovered.filter { !known.contains($0) }
        return NameSet(
            "simplon", summary: "The detector's own keys and commands under their own names",
            entries: keys.flatMap(entries) + commands)
    }

    /// Configuration takes writes and has a readback; status is read.
    private static func entries(_ key: SIMPLONKey) -> [NameEntry] {
        let source = NameSource.parameter(key.description)
        let readback = NameEntry(name(key) + "_RBV", source) { $0.access = .read }
        return key.task == .config ? [NameEntry(name(key), source), readback] : [readback]
    }

    private static func name(_ key: SIMPLONKey) -> String {
        let word = String(key.name.map { $0 == "/" ? "_" : $0 })
        return "\(key.module.rawValue):\(key.task.rawValue):\(word)"
    }

    private static let documented: [SIMPLONKey] =
        keys(.detector, .config, detectorConfiguration) + keys(.detector, .status, detectorStatus)
        + keys(
            .filewriter, .config,
            "mode transfer_mode nimages_per_file image_nr_start name_pattern compression_enabled format")
        + keys(.filewriter, .status, "state error time buffer_free files")
        + keys(.monitor, .config, "mode buffer_size discard_new")
        + keys(
            .monitor, .status,
            "state error buffer_fill_level buffer_free dropped next_image_number monitor_image_number")
        + keys(.stream, .config, "mode format header_detail header_appendix image_appendix")
        + keys(.stream, .status, "state error dropped")

    private static func keys(_ module: SIMPLONKey.Module, _ task: SIMPLONKey.Task, _ names: String) -> [SIMPLONKey] {
        names.split(whereSeparator: \.isWhitespace).map { SIMPLONKey(module, task, String($0)) }
    }

    private static let detectorConfiguration = """
        auto_summation auto_sum_strict beam_center_x beam_center_y binning_mode bit_depth_image bit_depth_readout
        chi_axis chi_increment chi_start compression count_time counting_mode countrate_correction_applied
        countrate_correction_count_cutoff data_collection_date description detector_distance detector_number
        detector_orientation detector_orientation_angle detector_orientation_axis detector_readout_time detector_translation
        eiger_fw_version element extg_mode fast_arm flatfield_correction_applied flux_type flux_value frame_count_time
        frame_time incident_energy incident_particle_type instrument_name kappa_axis kappa_increment kappa_start
        mask_to_zero nexpi nimages ntrigger ntriggers_skipped number_of_excluded_pixels omega_axis omega_increment
        omega_start phi_axis phi_increment phi_start photon_energy pixel_format pixel_mask_applied roi_bit_depth roi_mode
        roi_y_size sample_name sensor_material sensor_thickness software_version source_name test_image_mode
        test_image_value threshold/1/energy threshold/1/mode threshold/1/number_of_excluded_pixels threshold/2/energy
        threshold/2/mode threshold/2/number_of_excluded_pixels threshold/3/energy threshold/3/mode threshold/4/energy
        threshold/4/mode threshold/difference/lower_threshold threshold/difference/mode
        threshold/difference/upper_threshold threshold_energy transformation_order trigger_mode trigger_start_delay
        two_theta_axis two_theta_increment two_theta_start virtual_pixel_correction_applied wavelength x_pixel_size
        x_pixels_in_detector y_pixel_size y_pixels_in_detector
        """
    private static let detectorStatus = """
        state error time board_000/th0_temp board_000/th0_humidity temperature humidity builder/dcu_buffer_free link_0 link_1
        link_2 link_3 high_voltage/state series_unique_id
        """

    private static let commands: [NameEntry] = [
        command("detector", "initialize"), command("detector", "arm"),
        command("detector", "trigger", "software_trigger"), command("detector", "disarm"),
        command("detector", "cancel"), command("detector", "abort"), command("detector", "status_update"),
        command("detector", "check_connections"), command("detector", "hv_reset"),
        command("filewriter", "initialize", "filewriter/command/initialize"),
        command("filewriter", "clear", "filewriter/command/clear"),
        command("monitor", "initialize", "monitor/command/initialize"),
        command("monitor", "clear", "monitor/command/clear"),
        command("stream", "initialize", "stream/command/initialize"), command("system", "restart", "restart"),
    ]

    private static func command(_ module: String, _ name: String, _ path: String? = nil) -> NameEntry {
        NameEntry("\(module):command:\(name)", .command(path ?? name)) { entry in
            entry.completion = .operation
            entry.dwellSeconds = 1
        }
    }
}
