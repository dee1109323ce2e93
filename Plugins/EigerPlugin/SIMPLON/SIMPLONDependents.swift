// Part of daqd
// SPDX-License-Identifier: MIT

/// Which keys may have changed after a PUT, whatever its reply says.
enum SIMPLONDependents {
    private static let energy = [
        "element", "incident_energy", "photon_energy", "threshold/1/energy", "threshold/2/energy", "threshold_energy",
        "wavelength", "detector_readout_time",
    ]
    private static let timing = [
        "bit_depth_image", "bit_depth_readout", "count_time", "countrate_correction_count_cutoff",
        "detector_readout_time",
        "frame_count_time", "frame_time",
    ]

    /// The keys to read again beside the one that was set; names of the detector's configuration.
    static func of(_ name: String) -> [String] {
        switch name {
        case "photon_energy", "incident_energy", "element", "wavelength": energy
        case "count_time", "frame_time", "auto_summation", "counting_mode": timing
        case "roi_mode": timing + ["roi_mode", "x_pixels_in_detector", "y_pixels_in_detector"]
        case "trigger_mode": ["trigger_mode", "nimages", "ntrigger"]
        case "beam_center_x", "beam_center_y", "detector_distance", "detector_translation", "detector_orientation":
            ["beam_center_x", "beam_center_y", "detector_distance", "detector_translation", "detector_orientation"]
        case let name where name.hasPrefix("threshold"):
            energy + ["threshold/1/mode", "threshold/2/mode", "threshold/difference/mode"]
        default: []
        }
    }

    /// Keys whose PUT calculates flat fields before it answers.
    static func isSlow(_ name: String) -> Bool {
        switch name {
        case "photon_energy", "incident_energy", "element", "wavelength", "roi_mode": true
        default: name.hasPrefix("threshold")
        }
    }

    /// Everything to read again after a PUT, known keys only, without repetition, in a fixed order.
    static func refresh(
        after key: SIMPLONKey, changes: [String], known: (SIMPLONKey) -> Bool
    ) -> [SIMPLONKey] {
        var names = [key.name] + changes
        if key.module == .detector { names += of(key.name) }
        var keys: [SIMPLONKey] = []
        for name in names where SIMPLONKey.isName(name) {
            let candidate = SIMPLONKey(key.module, .config, name)
            if !keys.contains(candidate), candidate == key || known(candidate) { keys.append(candidate) }
        }
        return keys
    }
}
