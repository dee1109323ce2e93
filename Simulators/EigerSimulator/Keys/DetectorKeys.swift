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
    /// Exposures up to this, in seconds, come from a single readout and so keep 16 bit.
    static let longestSubframeSeconds = 0.01

    /// All keys of a model, in alphabetical order of their names.
    static func all(of model: DetectorModel, _ firmware: APIVersion) -> [Key] {
        let keys = timing(model, firmware) + energy(model) + corrections + sensor(model) + geometry + sample
        return (keys + identity(model, firmware)).map { placed($0, model) }.sorted { $0.name < $1.name }
    }

    /// The key in the trees that have it, with the recorded value of a real unit where there is one.
    private static func placed(_ key: Key, _ model: DetectorModel) -> Key {
        var key = key
        if !early.contains(key.name) { key.versions = [.v18] }
        guard model.name == RecordedUnit.model, let recorded = RecordedUnit.values[key.name] else { return key }
        key.minimum = recorded.minimum ?? key.minimum
        key.maximum = recorded.maximum ?? key.maximum
        if let value = recorded.value { key.initial = value }
        return key
    }

    /// The keys that the first generation has.
    private static let early: Set<String> = [
        "auto_summation", "beam_center_x", "beam_center_y", "bit_depth_image", "bit_depth_readout", "chi_increment",
        "chi_start", "compression", "count_time", "countrate_correction_applied",
        "countrate_correction_count_cutoff", "data_collection_date", "description", "detector_distance",
        "detector_number", "detector_readout_time", "element", "flatfield_correction_applied", "frame_time",
        "kappa_increment", "kappa_start", "nimages", "ntrigger", "number_of_excluded_pixels", "omega_increment",
        "omega_start", "phi_increment", "phi_start", "photon_energy", "pixel_mask_applied", "roi_mode",
        "sensor_material", "sensor_thickness", "software_version", "threshold_energy", "trigger_mode",
        "two_theta_increment", "two_theta_start", "wavelength", "x_pixel_size", "x_pixels_in_detector",
        "y_pixel_size", "y_pixels_in_detector",
    ]

    private static func timing(_ model: DetectorModel, _ firmware: APIVersion) -> [Key] {
        let frames = min(model.shortestFrameSeconds, model.shortestFrameSeconds8Bit)
        return [
            .flag("auto_summation", true), .flag("auto_sum_strict", false),
            .count("bit_depth_image", 32, .read), .count("bit_depth_readout", model.family.readoutBits, .read),
            .float("count_time", 0.5, "s", in: countTimes),
            .text("counting_mode", "normal", of: ["normal", "retrigger"]),
            .float("detector_readout_time", model.family.readoutSeconds, "s", .read),
            .text("extg_mode", "double", of: ["double", "single"]), .flag("fast_arm", false),
            .float("frame_count_time", 0.01, "s", .read),
            .float("frame_time", 0.5 + model.family.readoutSeconds, "s", in: frames...3600.0001),
            .count("nexpi", 1, in: 1...4_294_967_296), .count("nimages", 1, in: 1...2_000_000_000),
            .count("ntrigger", 1, in: 1...2_000_000_000), .count("ntriggers_skipped", 0, in: 0...2_000_000_000),
            .text("trigger_mode", "ints", of: TriggerMode.offered(by: firmware).map(\.rawValue)),
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
        ]
        if model.thresholds > 1 {
            keys += [
                .count("threshold/difference/lower_threshold", 1, .read),
                .text("threshold/difference/mode", "disabled", of: switchWords),
                .count("threshold/difference/upper_threshold", 2, .read),
            ]
        }
        for number in 1...model.thresholds {
            let limits = number == 1 ? firstThresholds : furtherThresholds
            keys += [
                .float("threshold/\(number)/energy", copper * thresholdPart(number), "eV", in: limits),
                .text("threshold/\(number)/mode", number == 1 ? "enabled" : "disabled", of: switchWords),
                .count("threshold/\(number)/number_of_excluded_pixels", 0, .read),
            ]
        }
        return keys
    }

    /// Where a threshold is put when the energy changes, as a part of it.
    static func thresholdPart(_ number: Int) -> Double { number == 1 ? 0.5 : 1 + 0.4 * Double(number - 1) }

    private static let corrections: [Key] = [
        .text("compression", "bslz4", of: ["lz4", "bslz4", "none"], early: ["lz4", "bslz4"]),
        .flag("countrate_correction_applied", true),
        .count("countrate_correction_count_cutoff", 1_000_000, .read),
        .flag("flatfield_correction_applied", true), .flag("mask_to_zero", false),
        .count("number_of_excluded_pixels", 0, .read), .flag("pixel_mask_applied", true),
        .flag("virtual_pixel_correction_applied", true),
    ]

    private static func sensor(_ model: DetectorModel) -> [Key] {
        [
            .text("roi_mode", "disabled", of: ["disabled"]), .text("sensor_material", "Si", .read),
            .float("sensor_thickness", 0.00045, "m", .read),
            .float("x_pixel_size", model.family.pixelSize, "m", .read),
            .float("y_pixel_size", model.family.pixelSize, "m", .read),
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

    private static func identity(_ model: DetectorModel, _ firmware: APIVersion) -> [Key] {
        [
            .text("data_collection_date", "", .read), .text("description", model.description, .read),
            .text("detector_number", model.serialNumber, .read), .text("eiger_fw_version", "release-2022.1.2", .read),
            .text("software_version", firmware == .v16 ? "1.6.6" : "1.8.0", .read),
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
