// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The order in which keys must be set, whoever sets them.
///
/// The region resets the times, the energy moves the thresholds, the mode restricts the number of images, count time and frame
/// time push each other. Source: SIMPLON API, order of operations.
enum ConfigurationOrder {
    private static let detector = [
        "roi_mode", "roi_y_size", "roi_bit_depth", "binning_mode", "pixel_format", "element", "photon_energy",
        "incident_energy", "wavelength", "threshold_energy", "threshold/1/energy", "threshold/2/energy",
        "threshold/3/energy", "threshold/4/energy", "threshold/1/mode", "threshold/2/mode", "threshold/3/mode",
        "threshold/4/mode", "threshold/difference/mode", "counting_mode", "trigger_mode", "extg_mode", "nexpi",
        "auto_summation", "frame_time", "count_time", "nimages", "ntrigger", "ntriggers_skipped",
        "trigger_start_delay", "compression", "countrate_correction_applied", "flatfield_correction_applied",
        "pixel_mask_applied", "detector_orientation", "detector_translation", "beam_center_x", "beam_center_y",
        "detector_distance",
    ]
    private static let filewriter = [
        "mode", "format", "nimages_per_file", "name_pattern", "image_nr_start", "compression_enabled",
    ]
    private static let stream = ["format", "header_detail", "header_appendix", "image_appendix", "mode"]
    private static let monitor = ["mode", "buffer_size", "discard_new"]

    /// Smaller goes first; keys of no special place follow those of their module.
    static func rank(_ key: SIMPLONKey) -> Int {
        let (base, names): (Int, [String]) =
            switch key.module {
            case .detector: (0, detector)
            case .filewriter: (10_000, filewriter)
            case .stream: (20_000, stream)
            case .monitor: (30_000, monitor)
            case .system: (40_000, [])
            }
        return base + 10 * (names.firstIndex(of: key.name) ?? 900)
    }

    /// The place of a key with its value: a single image per trigger goes before the mode that demands it.
    static func rank(_ key: SIMPLONKey, _ value: JSON) -> Int {
        key == .detector("nimages") && value.integer == 1 ? rank(.detector("trigger_mode")) - 1 : rank(key)
    }

    /// Keys that only say in other words what another key says: that one is set, these follow.
    static func isDerived(_ key: SIMPLONKey, knows: (SIMPLONKey) -> Bool) -> Bool {
        guard key.module == .detector else { return false }
        switch key.name {
        case "element", "wavelength", "incident_energy": return knows(.detector("photon_energy"))
        case "threshold_energy": return knows(.detector("threshold/1/energy"))
        case "detector_orientation_angle", "detector_orientation_axis": return knows(.detector("detector_orientation"))
        default: return false
        }
    }
}
