// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// The configuration keys of the `detector` subsystem.
///
/// Source: SIMPLON 1.8 reference, tables of `detector/config`; values of an EIGER2 with firmware 2022.1.2.
enum DetectorKeys {
    /// Smallest and largest time of one exposure, in seconds.
    static let countTimes = 1e-7...3600.0
    /// Photon energies that the sensor takes, in eV.
    static let energies = 4000.0...36000.0
    /// Energies of the first threshold, in eV.
    static let firstThresholds = 2000.0...18000.0
    /// Energies of the further thresholds, in eV.
    static let furtherThresholds = 2000.0...51000.0
    /// Dead time between two images, in seconds.
    static let readoutSeconds = 1e-7
    /// Exposures up to this, in seconds, come from a single readout and so keep 16 bit.
    static let longestSubframeSeconds = 0.01

    /// All keys of a model, in alphabetical order of their names.
    static func all(of model: DetectorModel) -> [Key] {
        (timing(model) + energy(model) + corrections + sensor(model) + geometry + sample + identity(model))
            .sorted { $0.name < $1.name }
    }

    private static func timing(_ model: DetectorModel) -> [Key] {
        let frames = min(model.shortestFrameSeconds, model.shortestFrameSeconds8Bit)
        return [
            .flag("auto_summation", true), .flag("auto_sum_strict", false),
            .count("bit_depth_image", 32, .read), .count("bit_depth_readout", 16, .read),
            .float("count_time", 0.5, "s", in: countTimes),
            .text("counting_mode", "normal", of: ["normal", "retrigger"]),
            .float("detector_readout_time", readoutSeconds, "s", .read),
            .text("extg_mode", "double", of: ["double", "single"]), .flag("fast_arm", false),
            .float("frame_count_time", 0.01, "s", .read),
            .float("frame_time", 0.5 + readoutSeconds, "s", in: frames...3600.0001),
            .count("nexpi", 1, in: 1...4_294_967_296), .count("nimages", 1, in: 1...2_000_000_000),
            .count("ntrigger", 1, in: 1...2_000_000_000), .count("ntriggers_skipped", 0, in: 0...2_000_000_000),
            .text("trigger_mode", "ints", of: TriggerMode.allCases.map(\.rawValue)),
            .float("trigger_start_delay", 0, "s", in: 0...3600),
        ]
    }

    private static func energy(_ model: DetectorModel) -> [Key] {
        let copper = 8047.78
        var keys: [Key] = [
            .text("element", "Cu", of: ElementTable.lines.map(\.element)),
            .float("incident_energy", copper, "eV", in: energies),
            .text("incident_particle_type", "photons", of: ["photons"]),
            .float("photon_energy", copper, "eV", in: energies),
            .float("threshold_energy", copper / 2, "eV", in: firstThresholds),
            .float(
                "wavelength", ElementTable.electronVoltAngstrom / copper, "angstrom",
                in: (ElementTable.electronVoltAngstrom / energies.upperBound)...(ElementTable.electronVoltAngstrom
                    / energies.lowerBound), isListed: false),
            .count("threshold/difference/lower_threshold", 1, .read),
            .text("threshold/difference/mode", "disabled", of: switchWords),
            .count("threshold/difference/upper_threshold", 2, .read),
        ]
        for number in 1...model.thresholds {
            let limits = number == 1 ? firstThresholds : furtherThresholds
            keys += [
                .float("threshold/\(number)/energy", copper * (number == 1 ? 0.5 : 1.4), "eV", in: limits),
                .text("threshold/\(number)/mode", number == 1 ? "enabled" : "disabled", of: switchWords),
                .count("threshold/\(number)/number_of_excluded_pixels", 0, .read),
            ]
        }
        return keys
    }

    private static let corrections: [Key] = [
        .text("compression", "bslz4", of: ["lz4", "bslz4", "none"]), .flag("countrate_correction_applied", true),
        .count("countrate_correction_count_cutoff", 1_000_000, .read),
        .flag("flatfield_correction_applied", true), .flag("mask_to_zero", false),
        .count("number_of_excluded_pixels", 0, .read), .flag("pixel_mask_applied", true),
        .flag("virtual_pixel_correction_applied", true),
    ]

    private static func sensor(_ model: DetectorModel) -> [Key] {
        [
            .text("roi_mode", "disabled", of: ["disabled"]), .text("sensor_material", "Si", .read),
            .float("sensor_thickness", 0.00045, "m", .read), .float("x_pixel_size", 7.5e-5, "m", .read),
            .float("y_pixel_size", 7.5e-5, "m", .read),
            .count("x_pixels_in_detector", Int64(model.columns), .read),
            .count("y_pixels_in_detector", Int64(model.rows), .read),
        ]
    }

    private static let geometry: [Key] = [
        .float("beam_center_x", 0, "pixel"), .float("beam_center_y", 0, "pixel"),
        .float("detector_distance", 0, "m"), .floats("detector_orientation", [-1, 0, 0, 0, -1, 0]),
        .floats("detector_translation", [0, 0, 0], "m"),
        .floats("chi_axis", [0, 0, 1]), .floats("kappa_axis", [0, 0, 0]), .floats("omega_axis", [-1, 0, 0]),
        .floats("phi_axis", [-1, 0, 0]), .floats("two_theta_axis", [-1, 0, 0]),
        .float("chi_increment", 0, "degree"), .float("chi_start", 0, "degree"),
        .float("kappa_increment", 0, "degree"), .float("kappa_start", 0, "degree"),
        .float("omega_increment", 0, "degree"), .float("omega_start", 0, "degree"),
        .float("phi_increment", 0, "degree"), .float("phi_start", 0, "degree"),
        .float("two_theta_increment", 0, "degree"), .float("two_theta_start", 0, "degree"),
    ]

    private static let sample: [Key] = [
        .text("flux_type", ""), .float("flux_value", 0), .text("instrument_name", ""), .text("sample_name", ""),
        .text("source_name", ""),
    ]

    private static func identity(_ model: DetectorModel) -> [Key] {
        [
            .text("data_collection_date", "", .read), .text("description", model.description, .read),
            .text("detector_number", model.serialNumber, .read), .text("eiger_fw_version", "release-2022.1.2", .read),
            .text("software_version", "1.8.0", .read),
        ]
    }

    private static let switchWords = ["enabled", "disabled"]
}

extension Key {
    /// A whole number that only the detector changes.
    fileprivate static func count(_ name: String, _ initial: Int64, _ access: KeyAccess) -> Key {
        .count(name, initial, in: nil, access)
    }

    /// A number with fraction that only the detector changes.
    fileprivate static func float(_ name: String, _ initial: Double, _ unit: String, _ access: KeyAccess) -> Key {
        .float(name, initial, unit, in: nil, access)
    }

    /// A free text that only the detector changes.
    fileprivate static func text(_ name: String, _ initial: String, _ access: KeyAccess) -> Key {
        .text(name, initial, of: nil, access)
    }
}
