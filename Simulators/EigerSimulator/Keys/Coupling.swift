// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// What else moves when a detector key is set, and the list of names that the PUT answers.
///
/// Source: SIMPLON 1.8 reference; change lists as a real EIGER2 answers them.
enum Coupling: Sendable, CaseIterable {
    case energy, firstThreshold, furtherThreshold, countTime, frameTime, roi, autoSummation, geometry
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
        case .furtherThreshold: (2...4).map { "threshold/\($0)/energy" }
        case .countTime: ["count_time"]
        case .frameTime: ["frame_time"]
        case .roi: ["roi_mode"]
        case .autoSummation: ["auto_summation"]
        case .geometry:
            [
                "beam_center_x", "beam_center_y", "detector_distance", "detector_translation",
                "detector_orientation",
            ]
        case .thresholdMode: (1...4).map { "threshold/\($0)/mode" }
        case .differenceMode: ["threshold/difference/mode"]
        }
    }

    /// The names that the reply lists, in the order of a real unit.
    ///
    /// The `difference_mode` of the last case names no key: real units answer so.
    func changes(after key: String, thresholds: Int) -> [String] {
        switch self {
        case .energy:
            ["element", "flatfield", "incident_energy", "photon_energy"]
                + (1...thresholds).flatMap { ["threshold/\($0)/energy", "threshold/\($0)/flatfield"] }
                + ["threshold_energy", "wavelength"]
        case .firstThreshold:
            ["flatfield", "threshold/1/energy"] + Self.flatfields(thresholds) + ["threshold_energy"]
        case .furtherThreshold:
            ["flatfield"]
                + Self.flatfields(thresholds).flatMap { flatfield in
                    flatfield.hasPrefix(key.dropLast("energy".count)) ? [key, flatfield] : [flatfield]
                }
        case .countTime, .frameTime:
            [
                "bit_depth_image", "bit_depth_readout", "count_time", "countrate_correction_count_cutoff",
                "frame_count_time", "frame_time",
            ]
        case .roi: ["count_time", "frame_time", "roi_mode"]
        case .autoSummation: ["auto_summation", "frame_count_time"]
        case .geometry: ["beam_center_x", "beam_center_y", "detector_distance", "detector_translation"]
        case .thresholdMode: thresholds > 1 ? [key, "threshold/difference/mode"] : [key]
        case .differenceMode: ["difference_mode"]
        }
    }

    private static func flatfields(_ thresholds: Int) -> [String] {
        (1...thresholds).map { "threshold/\($0)/flatfield" }
    }

    /// Whether the detector computes flatfields before it answers, which takes seconds.
    var recomputesFlatfield: Bool {
        switch self {
        case .energy, .firstThreshold, .furtherThreshold: true
        case .countTime, .frameTime, .roi, .autoSummation, .geometry, .thresholdMode, .differenceMode: false
        }
    }
}
