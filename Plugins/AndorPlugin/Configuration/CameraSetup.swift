// Part of daqd
// SPDX-License-Identifier: MIT

/// A region of the sensor: binning, first and last column, first and last row, counted from 1.
struct ImageRegion: Sendable, Equatable {
    var hbin = 1
    var vbin = 1
    var hstart = 1
    var hend = 1
    var vstart = 1
    var vend = 1

    /// Columns and rows of the image.
    var width: Int { (hend - hstart + 1) / max(hbin, 1) }
    var height: Int { (vend - vstart + 1) / max(vbin, 1) }

    /// Whether the binning divides both sizes.
    var isEven: Bool { (hend - hstart + 1) % max(hbin, 1) == 0 && (vend - vstart + 1) % max(vbin, 1) == 0 }

    /// Ends moved back until the binning divides the sizes and the sensor holds them.
    func trimmed(toWidth width: Int, height: Int) -> ImageRegion {
        var region = self
        region.hstart = min(max(hstart, 1), max(width, 1))
        region.vstart = min(max(vstart, 1), max(height, 1))
        region.hend = min(max(hend, region.hstart), max(width, 1))
        region.vend = min(max(vend, region.vstart), max(height, 1))
        region.hbin = min(max(hbin, 1), region.hend - region.hstart + 1)
        region.vbin = min(max(vbin, 1), region.vend - region.vstart + 1)
        region.hend -= (region.hend - region.hstart + 1) % region.hbin
        region.vend -= (region.vend - region.vstart + 1) % region.vbin
        return region
    }
}

/// A shutter's setting; times in milliseconds.
struct ShutterSetup: Sendable, Equatable {
    var type = ShutterType.highOpens
    var mode = ShutterMode.open
    var closing = 0
    var opening = 0
}

/// A region that is shifted alone; no light may fall outside of it.
///
/// At the corner, or where the camera can, from another first column and row.
struct CropSetup: Sendable, Equatable {
    var isActive = false
    var left = 1
    var bottom = 1
    var width = 1
    var height = 1
    var hbin = 1
    var vbin = 1
}

/// Everything that can be set at a camera, as one value: what is wanted is compared with what was applied last.
struct CameraSetup: Sendable, Equatable {
    // Readout chain
    var channel = 0
    var amplifier = 0
    var hsSpeed = 0
    var preAmpGain = 0
    var vsSpeed = 0
    var vsAmplitude = 0
    var baselineClamp = true
    var baselineOffset = 0
    var highCapacity = false
    // EM gain
    var emMode = EMGainMode.dac8
    var emAdvanced = false
    var emGain = 0
    // What is read
    var readMode = ReadMode.image
    var region = ImageRegion()
    var trackCentre = 1
    var trackHeight = 1
    var trackNumber = 1
    var trackOffset = 0
    var trackRows: [Int] = [1, 1]
    var trackBin = 1
    var crop = CropSetup()
    var frameTransfer = false
    // How many, how long
    var mode = AcquisitionMode.runTillAbort
    var exposure = 0.03
    var accumulations = 1
    var accumulateCycle = 0.0
    var frames = 1
    var kineticCycle = 0.0
    var fastRows = 1
    var fastOffset = 0
    // When
    var trigger = TriggerMode.internal
    var fastTrigger = false
    var triggerInverted = false
    // Light
    var shutter = ShutterSetup()
    var flipHorizontal = false
    var flipVertical = false
    var rotation = Rotation.none
    var countConvert = CountConvertMode.counts
    var wavelength = 780.0
    // Cold
    var fan = FanMode.full
    var cooler = true
    var target = 0

    // Other ways to say the same, for clients that count from 0 and think in sizes

    /// First column, counted from 0; the region moves as a whole.
    var firstColumn: Int {
        get { region.hstart - 1 }
        set { (region.hstart, region.hend) = (newValue + 1, newValue + 1 + region.hend - region.hstart) }
    }
    /// First row, counted from 0; the region moves as a whole.
    var firstRow: Int {
        get { region.vstart - 1 }
        set { (region.vstart, region.vend) = (newValue + 1, newValue + 1 + region.vend - region.vstart) }
    }
    /// Columns of the sensor that are read.
    var sizeX: Int {
        get { region.hend - region.hstart + 1 }
        set { region.hend = region.hstart + newValue - 1 }
    }
    /// Rows of the sensor that are read.
    var sizeY: Int {
        get { region.vend - region.vstart + 1 }
        set { region.vend = region.vstart + newValue - 1 }
    }
    /// Whether the shutter lets light in at some time.
    var isShutterOpen: Bool {
        get { shutter.mode != .closed }
        set { shutter.mode = newValue ? .open : .closed }
    }

    /// A gain that is a factor is 1 at least, whatever number another mode left behind.
    mutating func settle() {
        if emMode.isFactor { emGain = max(emGain, 1) }
    }

    /// Images of the next acquisition; `nil`: till it is stopped.
    var expected: Int64? {
        switch mode {
        case .singleScan, .accumulate: 1
        case .kinetic, .fastKinetics: Int64(frames)
        case .runTillAbort, .timeDelayedIntegration: nil
        }
    }

    /// Scans are added in the computer: 16 bits may not hold the sum.
    var isWide: Bool { (mode == .accumulate || mode == .kinetic) && accumulations > 1 }

    /// Rows and columns of an image on a sensor of that size.
    func shape(sensorWidth: Int, sensorHeight: Int) -> (rows: Int, columns: Int) {
        let shape: (Int, Int)
        let trackWidth = sensorWidth / max(trackBin, 1)
        switch readMode {
        case .fullVerticalBinning, .singleTrack: shape = (1, trackWidth)
        case .multiTrack: shape = (trackNumber, trackWidth)
        case .randomTrack: shape = (trackRows.count / 2, trackWidth)
        case .image where crop.isActive: shape = (crop.height / max(crop.vbin, 1), crop.width / max(crop.hbin, 1))
        case .image where mode == .fastKinetics:
            shape = (fastRows / max(region.vbin, 1), sensorWidth / max(region.hbin, 1))
        case .image: shape = (region.height, region.width)
        }
        return rotation == .none ? shape : (shape.1, shape.0)
    }
}
