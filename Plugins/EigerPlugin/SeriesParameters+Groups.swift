// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What a wish is where nobody set anything.
private let seed = SeriesWish()

extension SeriesParameters {
    /// When images are taken.
    struct Times: Sendable {
        let exposure = Parameter(
            "series/exposure_time", "Exposure of the whole series after one trigger", unit: "s", limits: 1e-7...1e6,
            precision: 6, initial: seed.exposureSeconds, autosave: true)
        let frame = Parameter(
            "series/frame_time", "From the start of one image to the next", unit: "s", limits: 1e-7...1e6, precision: 6,
            initial: seed.frameSeconds, autosave: true)
        let triggers = Parameter(
            "series/triggers", "Triggers of the series", limits: 1...2e9, initial: seed.triggers, autosave: true)
        let triggerMode = Parameter(
            "series/trigger_mode", "What starts images, by the detector's own name", initial: seed.triggerMode,
            autosave: true)
        let triggerStartDelay = Parameter(
            "series/trigger_start_delay", "From a trigger to its first image", unit: "s", limits: 0...1e6, precision: 6,
            initial: seed.triggerStartDelay, autosave: true)
        let manualTrigger = Parameter(
            "series/manual_trigger", "Whether a series waits for the command trigger instead of triggering itself",
            initial: false, autosave: true)
        let triggerExposure = Parameter(
            "series/trigger_exposure",
            "Exposure that the command software_trigger asks for in mode inte; 0: the detector's count time", unit: "s",
            limits: 0...1e6, precision: 6, initial: 0.0, autosave: true)
    }

    /// What the photons are and which count.
    struct Energies: Sendable {
        let photon = Parameter(
            "series/photon_energy", "Energy of the photons", unit: "eV", limits: 100...1e6, precision: 3,
            initial: seed.photonEnergy, autosave: true)
        let threshold = Parameter(
            "series/threshold_energy", "Threshold of the counters; usually half the photon energy", unit: "eV",
            limits: 100...1e6, precision: 3, initial: seed.thresholdEnergy, autosave: true)
    }

    /// What the detector does to the counts.
    struct Corrections: Sendable {
        let countRate = Parameter(
            "series/count_rate_correction", "Correct the counts at high rates", initial: seed.countRateCorrection,
            autosave: true)
        let flatField = Parameter(
            "series/flat_field_correction", "Correct the pixels' different efficiency",
            initial: seed.flatFieldCorrection, autosave: true)
        let pixelMask = Parameter(
            "series/pixel_mask_correction", "Mark defect pixels in the images", initial: seed.pixelMaskCorrection,
            autosave: true)
    }

    /// What the files are called and how they hold the images.
    struct Files: Sendable {
        let prefix: Parameter<String>
        let imagesPerFile: Parameter<Int>
        let compression = Parameter(
            "series/compression", "How images are compressed, by the detector's own name", initial: seed.compression,
            autosave: true)
        let format = Parameter(
            "series/file_format", "Format of the files, by the filewriter's own name; empty: as it is set",
            initial: seed.fileFormat, autosave: true)

        init(_ settings: EigerSettings) {
            let prefix = Parameter(
                "series/file_prefix", "Beginning of the files' names", initial: settings.filePrefix, autosave: true)
            prefix.onWrite(prefix) { prefix, value, _ in
                if let objection = FilePrefix.objection(value) {
                    throw DeviceError(.outOfRange, "the file prefix “\(value)” \(objection)")
                }
                prefix.publish(value)
            }
            self.prefix = prefix
            imagesPerFile = Parameter(
                "series/images_per_file", "Images per data file; 0: all in the master file", limits: 0...1e6,
                initial: settings.imagesPerFile, autosave: true)
        }
    }

    /// How pixels are read out.
    struct Readout: Sendable {
        let roiMode = Parameter(
            "series/roi_mode", "Region of the detector, by its own name; empty: as it is set", initial: seed.roiMode,
            autosave: true)
        let countingMode = Parameter(
            "series/counting_mode", "How pixels count, by the detector's own name; empty: as it is set",
            initial: seed.countingMode, autosave: true)
        let autoSummation = Parameter<AutoSummation>(
            "series/auto_summation", "Whether short frames are summed in the detector", initial: .unchanged,
            autosave: true)
    }

    /// Whether short frames are summed in the detector.
    enum AutoSummation: String, Choice, Sendable {
        /// As the detector is set.
        case unchanged, on, off

        /// `nil`: as the detector is set.
        var isOn: Bool? { self == .unchanged ? nil : self == .on }
    }
}
