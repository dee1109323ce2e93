// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What a person sets before a series: stored here, sent to the detector by `configure` and `acquire`.
struct SeriesParameters: Sendable {
    let times = Times()
    let energies = Energies()
    let corrections = Corrections()
    let files: Files
    let readout = Readout()
    private let policy: EigerSettings.ExposurePolicy

    /// To be made inside the device's factory.
    init(_ settings: EigerSettings) {
        files = Files(settings)
        policy = settings.exposurePolicy
    }

    /// The wish as it is now.
    var wish: SeriesWish {
        SeriesWish(
            exposureSeconds: times.exposure.value, frameSeconds: times.frame.value, triggers: times.triggers.value,
            triggerMode: times.triggerMode.value, photonEnergy: energies.photon.value,
            thresholdEnergy: energies.threshold.value, countRateCorrection: corrections.countRate.value,
            flatFieldCorrection: corrections.flatField.value, pixelMaskCorrection: corrections.pixelMask.value,
            filePrefix: files.prefix.value, imagesPerFile: files.imagesPerFile.value,
            compression: files.compression.value, roiMode: readout.roiMode.value,
            countingMode: readout.countingMode.value, autoSummation: readout.autoSummation.value.isOn,
            triggerStartDelay: times.triggerStartDelay.value, fileFormat: files.format.value, isExact: policy == .exact)
    }

    /// The keys whose limits and choices these settings take over.
    static let followed: Set<SIMPLONKey> = [
        .detector("frame_time"), .detector("photon_energy"), .detector("threshold_energy"),
        .detector("trigger_start_delay"), .detector("ntrigger"), .detector("count_time"), .detector("trigger_mode"),
        .detector("compression"),
    ]

    /// Takes over what the detector says it accepts, so that a wrong value is refused when it is written.
    func follow(_ table: KeyTable) {
        adopt(times.frame, table.metadata(.detector("frame_time")))
        adopt(energies.photon, table.metadata(.detector("photon_energy")))
        adopt(energies.threshold, table.metadata(.detector("threshold_energy")))
        adopt(times.triggerStartDelay, table.metadata(.detector("trigger_start_delay")))
        adopt(times.triggers, table.metadata(.detector("ntrigger")))
        if let least = table.metadata(.detector("count_time"))?.limits?.lowerBound, least > 0 {
            times.exposure.updateMetadata { $0.limits = least...1e9 }
        }
        adoptChoices(times.triggerMode, table.metadata(.detector("trigger_mode")))
        adoptChoices(files.compression, table.metadata(.detector("compression")))
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
