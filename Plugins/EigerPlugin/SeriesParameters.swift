// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What a person sets before a series: stored here, sent to the detector by `configure` and `acquire`.
struct SeriesParameters: Sendable {
    let exposure: Parameter<Double>
    let frameTime: Parameter<Double>
    let triggers: Parameter<Int>
    let triggerMode: Parameter<String>
    let photonEnergy: Parameter<Double>
    let thresholdEnergy: Parameter<Double>
    let countRateCorrection: Parameter<Bool>
    let flatFieldCorrection: Parameter<Bool>
    let pixelMaskCorrection: Parameter<Bool>
    let filePrefix: Parameter<String>
    let imagesPerFile: Parameter<Int>
    let compression: Parameter<String>
    let roiMode: Parameter<String>
    let countingMode: Parameter<String>
    let autoSummation: Parameter<AutoSummation>
    let triggerStartDelay: Parameter<Double>
    let fileFormat: Parameter<String>
    let manualTrigger: Parameter<Bool>
    let triggerExposure: Parameter<Double>
    private let policy: EigerSettings.ExposurePolicy

    /// Whether short frames are summed in the detector.
    enum AutoSummation: String, Choice, Sendable {
        /// As the detector is set.
        case unchanged, on, off
    }

    /// To be made inside the device's factory.
    init(_ settings: EigerSettings) {
        let seed = SeriesWish()
        exposure = Parameter(
            "series/exposure_time", "Exposure of the whole series after one trigger", unit: "s", limits: 1e-7...1e6,
            precision: 6,
            initial: seed.exposureSeconds, autosave: true)
        frameTime = Parameter(
            "series/frame_time", "From the start of one image to the next", unit: "s", limits: 1e-7...1e6, precision: 6,
            initial: seed.frameSeconds, autosave: true)
        triggers = Parameter(
            "series/triggers", "Triggers of the series", limits: 1...2e9, initial: seed.triggers, autosave: true)
        triggerMode = Parameter(
            "series/trigger_mode", "What starts images, by the detector's own name", initial: seed.triggerMode,
            autosave: true)
        photonEnergy = Parameter(
            "series/photon_energy", "Energy of the photons", unit: "eV", limits: 100...1e6, precision: 3,
            initial: seed.photonEnergy,
            autosave: true)
        thresholdEnergy = Parameter(
            "series/threshold_energy", "Threshold of the counters; usually half the photon energy", unit: "eV",
            limits: 100...1e6,
            precision: 3, initial: seed.thresholdEnergy, autosave: true)
        countRateCorrection = Parameter(
            "series/count_rate_correction", "Correct the counts at high rates", initial: seed.countRateCorrection,
            autosave: true)
        flatFieldCorrection = Parameter(
            "series/flat_field_correction", "Correct the pixels' different efficiency",
            initial: seed.flatFieldCorrection,
            autosave: true)
        pixelMaskCorrection = Parameter(
            "series/pixel_mask_correction", "Mark defect pixels in the images", initial: seed.pixelMaskCorrection,
            autosave: true)
        filePrefix = Parameter(
            "series/file_prefix", "Beginning of the files' names", initial: settings.filePrefix, autosave: true)
        imagesPerFile = Parameter(
            "series/images_per_file", "Images per data file; 0: all in the master file", limits: 0...1e6,
            initial: settings.imagesPerFile, autosave: true)
        compression = Parameter(
            "series/compression", "How images are compressed, by the detector's own name", initial: seed.compression,
            autosave: true)
        roiMode = Parameter(
            "series/roi_mode", "Region of the detector, by its own name; empty: as it is set", initial: "",
            autosave: true)
        countingMode = Parameter(
            "series/counting_mode", "How pixels count, by the detector's own name; empty: as it is set", initial: "",
            autosave: true)
        autoSummation = Parameter(
            "series/auto_summation", "Whether short frames are summed in the detector", initial: .unchanged,
            autosave: true)
        triggerStartDelay = Parameter(
            "series/trigger_start_delay", "From a trigger to its first image", unit: "s", limits: 0...1e6, precision: 6,
            initial: 0.0, autosave: true)
        fileFormat = Parameter(
            "series/file_format", "Format of the files, by the filewriter's own name; empty: as it is set", initial: "",
            autosave: true)
        manualTrigger = Parameter(
            "series/manual_trigger", "Whether a series waits for the command trigger instead of triggering itself",
            initial: false, autosave: true)
        triggerExposure = Parameter(
            "series/trigger_exposure",
            "Exposure that the command software_trigger asks for in mode inte; 0: the detector's count time", unit: "s",
            limits: 0...1e6, precision: 6, initial: 0.0, autosave: true)
        policy = settings.exposurePolicy
        filePrefix.onWrite { [filePrefix] value, _ in
            if let objection = FilePrefix.objection(value) {
                throw DeviceError(.outOfRange, "the file prefix “\(value)” \(objection)")
            }
            filePrefix.publish(value)
        }
    }

    /// The wish as it is now.
    var wish: SeriesWish {
        var wish = SeriesWish(
            exposureSeconds: exposure.value, frameSeconds: frameTime.value, triggers: triggers.value,
            triggerMode: triggerMode.value, photonEnergy: photonEnergy.value, thresholdEnergy: thresholdEnergy.value,
            countRateCorrection: countRateCorrection.value, flatFieldCorrection: flatFieldCorrection.value,
            pixelMaskCorrection: pixelMaskCorrection.value, filePrefix: filePrefix.value,
            imagesPerFile: imagesPerFile.value,
            compression: compression.value)
        wish.roiMode = roiMode.value
        wish.countingMode = countingMode.value
        wish.autoSummation = autoSummation.value == .unchanged ? nil : autoSummation.value == .on
        wish.triggerStartDelay = triggerStartDelay.value
        wish.fileFormat = fileFormat.value
        wish.isExact = policy == .exact
        return wish
    }

    /// The keys whose limits and choices these settings take over.
    static let followed: Set<SIMPLONKey> = [
        .detector("frame_time"), .detector("photon_energy"), .detector("threshold_energy"),
        .detector("trigger_start_delay"), .detector("ntrigger"), .detector("count_time"), .detector("trigger_mode"),
        .detector("compression"),
    ]

    /// Takes over what the detector says it accepts, so that a wrong value is refused when it is written.
    func follow(_ table: KeyTable) {
        adopt(frameTime, table.metadata(.detector("frame_time")))
        adopt(photonEnergy, table.metadata(.detector("photon_energy")))
        adopt(thresholdEnergy, table.metadata(.detector("threshold_energy")))
        adopt(triggerStartDelay, table.metadata(.detector("trigger_start_delay")))
        adopt(triggers, table.metadata(.detector("ntrigger")))
        if let least = table.metadata(.detector("count_time"))?.limits?.lowerBound, least > 0 {
            exposure.updateMetadata { $0.limits = least...1e9 }
        }
        adoptChoices(triggerMode, table.metadata(.detector("trigger_mode")))
        adoptChoices(compression, table.metadata(.detector("compression")))
    }

    private func adopt(_ parameter: AnyParameter, _ key: ParameterMetadata?) {
        guard let limits = key?.limits else { return }
        parameter.updateMetadata { $0.limits = limits }
    }

    private func adoptChoices(_ parameter: AnyParameter, _ key: ParameterMetadata?) {
        guard let choices = key?.choices, !choices.isEmpty else { return }
        parameter.updateMetadata { metadata in
            metadata.choices = choices
            metadata.type = .enumeration
        }
    }
}
