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
        filePrefix.onWrite { [filePrefix] value, _ in
            if let objection = FilePrefix.objection(value) {
                throw DeviceError(.outOfRange, "the file prefix “\(value)” \(objection)")
            }
            filePrefix.publish(value)
        }
    }

    /// The wish as it is now.
    var wish: SeriesWish {
        SeriesWish(
            exposureSeconds: exposure.value, frameSeconds: frameTime.value, triggers: triggers.value,
            triggerMode: triggerMode.value, photonEnergy: photonEnergy.value, thresholdEnergy: thresholdEnergy.value,
            countRateCorrection: countRateCorrection.value, flatFieldCorrection: flatFieldCorrection.value,
            pixelMaskCorrection: pixelMaskCorrection.value, filePrefix: filePrefix.value,
            imagesPerFile: imagesPerFile.value,
            compression: compression.value)
    }
}
