// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// What else moves when a detector key is set, and the list of names that the PUT answers.
///
/// Source: SIMPLON 1.8 reference; change lists as a real EIGER2 answers them.
enum Coupling: Sendable, CaseIterable {
    case energy, firstThreshold, secondThreshold, countTime, frameTime, roi, autoSummation, geometry
    case thresholdMode, differenceMode

    /// The coupling that a key belongs to.
    init?(of key: String) {
        guard let match = Self.allCases.first(where: { $0.keys.contains(key) }) else { return nil }
        self = match
    }

    /// The keys that start it.
    var keys: [String] {
        switch self {
        case .energy: ["photon_energy", "incident_energy", "element", "wavelength"]
        case .firstThreshold: ["threshold_energy", "threshold/1/energy"]
        case .secondThreshold: ["threshold/2/energy"]
        case .countTime: ["count_time"]
        case .frameTime: ["frame_time"]
        case .roi: ["roi_mode"]
        case .autoSummation: ["auto_summation"]
        case .geometry:
            [
                "beam_center_x", "beam_center_y", "detector_distance", "detector_translation",
                "detector_orientation",
            ]
        case .thresholdMode: ["threshold/1/mode", "threshold/2/mode"]
        case .differenceMode: ["threshold/difference/mode"]
        }
    }

    /// The names that the reply lists, in the order of a real unit.
    ///
    /// The `difference_mode` of the last case names no key: real units answer so.
    func changes(after key: String) -> [String] {
        switch self {
        case .energy:
            [
                "element", "flatfield", "incident_energy", "photon_energy", "threshold/1/energy",
                "threshold/1/flatfield", "threshold/2/energy", "threshold/2/flatfield", "threshold_energy",
                "wavelength",
            ]
        case .firstThreshold:
            ["flatfield", "threshold/1/energy", "threshold/1/flatfield", "threshold/2/flatfield", "threshold_energy"]
        case .secondThreshold:
            ["flatfield", "threshold/1/flatfield", "threshold/2/energy", "threshold/2/flatfield"]
        case .countTime, .frameTime:
            [
                "bit_depth_image", "bit_depth_readout", "count_time", "countrate_correction_count_cutoff",
                "frame_count_time", "frame_time",
            ]
        case .roi: ["count_time", "frame_time", "roi_mode"]
        case .autoSummation: ["auto_summation", "frame_count_time"]
        case .geometry: ["beam_center_x", "beam_center_y", "detector_distance", "detector_translation"]
        case .thresholdMode: [key, "threshold/difference/mode"]
        case .differenceMode: ["difference_mode"]
        }
    }

    /// Whether the detector computes flatfields before it answers, which takes seconds.
    var recomputesFlatfield: Bool {
        switch self {
        case .energy, .firstThreshold, .secondThreshold: true
        case .countTime, .frameTime, .roi, .autoSummation, .geometry, .thresholdMode, .differenceMode: false
        }
    }
}
