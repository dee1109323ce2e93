// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What a function of the SDK returns.
struct SDKStatus: Hashable, Sendable {
    /// The number itself.
    let raw: UInt32
    init(_ raw: UInt32) { self.raw = raw }

    static let success = Self(20002)
    static let errorAck = Self(20013)
    static let noNewData = Self(20024)
    static let temperatureOff = Self(20034)
    static let temperatureNotStabilized = Self(20035)
    static let temperatureStabilized = Self(20036)
    static let temperatureNotReached = Self(20037)
    static let temperatureDrift = Self(20040)
    static let generalErrors = Self(20049)
    static let acquiring = Self(20072)
    static let idle = Self(20073)
    static let notInitialized = Self(20075)
    static let usbError = Self(20089)
    static let notSupported = Self(20991)
    static let notAvailable = Self(20992)

    var code: Int { Int(raw) }
    /// The constant's name, as the SDK's header and its users spell it; the number where there is none.
    var name: String { SDKStatusTable.names[raw] ?? "\(raw)" }
    /// Whether the camera no longer answers.
    var isLoss: Bool { self == .errorAck || self == .usbError || self == .notInitialized }
    /// Whether the temperature that came with it is the sensor's; one that is hidden during an acquisition is none.
    var tellsTemperature: Bool { CoolingState(self) != .unknown }
    /// Whether it says that this camera does not have what was asked for.
    var isUnsupported: Bool { self == .notSupported || self == .notAvailable }

    /// The sentence for the person on shift: what was asked, what the SDK answered, what to do.
    func error(_ function: String, _ arguments: String = "") -> DeviceError {
        // The number that says elsewhere that a camera is gone: here it answers, and says that it is not ready.
        let isEarly = function == SDKFunction.sendSoftwareTrigger.symbol && self == .errorAck
        let meaning =
            isEarly
            ? "the image before is not complete yet; trigger again when it is"
            : SDKStatusTable.meanings[raw] ?? "the SDK gives no further reason"
        return DeviceError(
            isLoss && self != .notInitialized && !isEarly ? .disconnected : .vendor,
            "\(function)(\(arguments)) was refused: \(meaning)", self)
    }
}

extension DeviceError {
    /// A sentence with the SDK's number and name behind it, for whoever sees the sentence alone: a record, a log, a display.
    init(_ kind: Code, _ sentence: String, _ status: SDKStatus) {
        let words = status.name == "\(status.code)" ? "" : ", \(status.name)"
        self.init(kind, "\(sentence) (\(status.code)\(words))", vendorCode: status.code, vendorText: status.name)
    }

    /// The SDK's status behind it, if there is one.
    var sdkStatus: SDKStatus? { vendorCode.flatMap { UInt32(exactly: $0) }.map(SDKStatus.init) }
}
