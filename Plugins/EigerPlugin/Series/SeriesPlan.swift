// Part of daqd
// SPDX-License-Identifier: MIT

/// What a person wants of a series, in the words of the seed's users.
struct SeriesWish: Sendable, Equatable {
    /// Exposure of the whole series after one trigger, in seconds.
    var exposureSeconds = 600.0
    /// From the start of one frame to the start of the next, in seconds.
    var frameSeconds = 10.0
    /// How many triggers the series has.
    var triggers = 1
    /// By the detector's own name, as in `ints` and `exts`.
    var triggerMode = "ints"
    /// In eV.
    var photonEnergy = 8050.0
    /// In eV.
    var thresholdEnergy = 4025.0
    var countRateCorrection = true
    var flatFieldCorrection = true
    var pixelMaskCorrection = true
    var filePrefix = "eiger_"
    var imagesPerFile = 1000
    var compression = "bslz4"
    /// Empty: as the detector is set.
    var roiMode = ""
    /// Empty: as the detector is set.
    var countingMode = ""
    /// `nil`: as the detector is set.
    var autoSummation: Bool?
    /// From the trigger to the first image, in seconds.
    var triggerStartDelay = 0.0
    /// Empty: as the filewriter is set.
    var fileFormat = ""
    /// Whether the frames' exposures add up to what was asked, not a frame's time each less the readout.
    var isExact = false
}

/// What that means for the detector: times per frame and numbers of images.
///
/// Source: the seed IOC's rule (total exposure and frame time give the number of images; the frame's exposure is the frame
/// time less the readout time).
struct SeriesPlan: Sendable, Equatable {
    var triggerMode: String
    /// Images per trigger.
    var nimages: Int
    var ntrigger: Int
    /// Exposure of one frame, in seconds.
    var countSeconds: Double
    var frameSeconds: Double

    /// As the detector says.
    init(triggerMode: String, nimages: Int, ntrigger: Int, countSeconds: Double, frameSeconds: Double) {
        self.triggerMode = triggerMode
        self.nimages = nimages
        self.ntrigger = ntrigger
        self.countSeconds = countSeconds
        self.frameSeconds = frameSeconds
    }

    /// - Parameter readoutSeconds: The detector's dead time between frames.
    init(_ wish: SeriesWish, readoutSeconds: Double) {
        let readout = max(0, readoutSeconds)
        let ratio = wish.exposureSeconds / wish.frameSeconds
        // 1e-9: a quotient such as 0.3/0.1 must not gain an image by rounding.
        let images = ratio.isFinite ? max(1, min(2e9, (ratio - 1e-9).rounded(.up))) : 1
        if images == 1 {
            countSeconds = wish.exposureSeconds
            frameSeconds = max(wish.frameSeconds, wish.exposureSeconds + readout)
        } else {
            let longest = max(wish.frameSeconds - readout, wish.frameSeconds / 2)
            countSeconds = wish.isExact ? min(longest, wish.exposureSeconds / images) : longest
            frameSeconds = wish.frameSeconds
        }
        triggerMode = wish.triggerMode
        if Self.takesOneImagePerTrigger(wish.triggerMode) {
            nimages = 1
            ntrigger = max(1, Int(images) * max(1, wish.triggers))
        } else {
            nimages = Int(images)
            ntrigger = max(1, wish.triggers)
        }
    }

    /// Modes in which the detector refuses more than one image per trigger.
    static func takesOneImagePerTrigger(_ mode: String) -> Bool { mode == "inte" || mode == "exte" }

    /// Whether the plugin sends the triggers.
    var hasSoftwareTriggers: Bool { triggerMode == "ints" || triggerMode == "inte" }

    /// Images of the whole series; intervals between edges are one fewer than the edges.
    var totalImages: Int64 {
        if triggerMode == "eies" { return Int64(max(0, ntrigger - 1)) }
        let (product, overflow) = Int64(nimages).multipliedReportingOverflow(by: Int64(ntrigger))
        return overflow ? .max : product
    }

    /// How long one trigger's images take, in seconds.
    var secondsPerTrigger: Double { Double(nimages) * frameSeconds }

    /// How long the series takes when it does not wait for triggers from outside, in seconds.
    var seconds: Double { secondsPerTrigger * Double(ntrigger) }
}
