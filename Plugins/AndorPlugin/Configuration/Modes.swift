// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A choice that the SDK knows by a number.
protocol SDKChoice: Choice, Sendable {
    /// The SDK's number.
    var number: Int { get }
}

extension SDKChoice {
    /// The case of the SDK's number.
    init?(number: Int) {
        guard let found = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = found
    }
}

/// How many images an acquisition has.
enum AcquisitionMode: String, SDKChoice {
    case singleScan = "single_scan"
    case accumulate
    case kinetic
    case fastKinetics = "fast_kinetics"
    case runTillAbort = "run_till_abort"
    case timeDelayedIntegration = "time_delayed_integration"

    var number: Int {
        switch self {
        case .singleScan: 1
        case .accumulate: 2
        case .kinetic: 3
        case .fastKinetics: 4
        case .runTillAbort: 5
        case .timeDelayedIntegration: 9
        }
    }
    /// The bit of `ulAcqModes` that says whether a camera has it.
    var capability: UInt32 {
        switch self {
        case .singleScan: 1
        case .accumulate: 4
        case .kinetic: 8
        case .fastKinetics: 32
        case .runTillAbort: 2
        case .timeDelayedIntegration: 0x80
        }
    }
    /// As the JSON configuration has it.
    var words: String {
        switch self {
        case .singleScan: "Single Scan"
        case .accumulate: "Accumulate"
        case .kinetic: "Kinetic Series"
        case .fastKinetics: "Fast Kinetics"
        case .runTillAbort: "Run Till Abort"
        case .timeDelayedIntegration: "Time Delayed Integration"
        }
    }
}

/// Which part of the sensor is read and how.
enum ReadMode: String, SDKChoice {
    case fullVerticalBinning = "full_vertical_binning"
    case multiTrack = "multi_track"
    case randomTrack = "random_track"
    case singleTrack = "single_track"
    case image

    var number: Int {
        switch self {
        case .fullVerticalBinning: 0
        case .multiTrack: 1
        case .randomTrack: 2
        case .singleTrack: 3
        case .image: 4
        }
    }
    /// What sets how many columns are added; a region has a binning of its own.
    var binningFunction: SDKFunction? {
        switch self {
        case .fullVerticalBinning: .setFVBHBin
        case .multiTrack, .randomTrack: .setMultiTrackHBin
        case .singleTrack: .setSingleTrackHBin
        case .image: nil
        }
    }
    /// As the JSON configuration has it.
    var words: [String] {
        switch self {
        case .fullVerticalBinning: ["FVB", "Full Vertical Binning"]
        case .multiTrack: ["Multi-Track"]
        case .randomTrack: ["Random-Track"]
        case .singleTrack: ["Single-Track"]
        case .image: ["Image"]
        }
    }
}

/// What starts an exposure.
enum TriggerMode: String, SDKChoice {
    case `internal`
    case external
    case externalStart = "external_start"
    case externalExposure = "external_exposure"
    case externalFVBEM = "external_fvb_em"
    case software
    case externalChargeShifting = "external_charge_shifting"

    var number: Int {
        switch self {
        case .internal: 0
        case .external: 1
        case .externalStart: 6
        case .externalExposure: 7
        case .externalFVBEM: 9
        case .software: 10
        case .externalChargeShifting: 12
        }
    }
    /// As the JSON configuration has it.
    var words: String {
        switch self {
        case .internal: "Internal"
        case .external: "External"
        case .externalStart: "External Start"
        case .externalExposure: "External Exposure"
        case .externalFVBEM: "External FVB EM"
        case .software: "Software Trigger"
        case .externalChargeShifting: "External Charge Shifting"
        }
    }
}

/// What the number of the EM gain means.
enum EMGainMode: String, SDKChoice {
    case dac8, dac12, linear, real
    /// Whether it is by how much the register multiplies, and no number of a converter.
    var isFactor: Bool { self == .linear || self == .real }
    var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// The fan's speed.
enum FanMode: String, SDKChoice {
    case full, low, off
    var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Which level of the shutter's line opens it.
enum ShutterType: String, SDKChoice {
    case lowOpens = "low_opens"
    case highOpens = "high_opens"
    var number: Int { self == .lowOpens ? 0 : 1 }
}

/// When the shutter is open.
enum ShutterMode: String, SDKChoice {
    case automatic, open, closed
    case openForFVBSeries = "open_for_fvb_series"
    case openForSeries = "open_for_series"
    var number: Int {
        switch self {
        case .automatic: 0
        case .open: 1
        case .closed: 2
        case .openForFVBSeries: 4
        case .openForSeries: 5
        }
    }
}

/// What pixels count.
enum CountConvertMode: String, SDKChoice {
    case counts, electrons, photons
    var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// How the image is turned, before it is flipped.
enum Rotation: String, SDKChoice {
    case none, clockwise, anticlockwise
    var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// How the temperature regulation is.
enum CoolingState: String, Choice, Sendable {
    case off
    case notReached = "not_reached"
    case notStabilized = "not_stabilized"
    case stabilized, drift, unknown

    init(_ status: SDKStatus) {
        switch status {
        case .temperatureOff: self = .off
        case .temperatureNotReached: self = .notReached
        case .temperatureNotStabilized: self = .notStabilized
        case .temperatureStabilized: self = .stabilized
        case .temperatureDrift: self = .drift
        default: self = .unknown
        }
    }
}

/// What a pixel is: sums of scans have more bits.
enum PixelType: String, Choice, Sendable {
    case uint16, int32
}

/// Where a camera stands.
enum CameraState: String, Choice, Sendable {
    case absent, opening, idle, armed, acquiring, draining, warming, closed, fault
}
