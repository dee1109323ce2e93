// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What travels in front of a value besides alarm and time; made once per change of the metadata.
final class MetadataBlock: Sendable {
    /// Limits in the order of the wire: display, alarm, warning, warning, alarm, control.
    struct Limits: Equatable, Sendable {
        var upperDisplay = 0.0
        var lowerDisplay = 0.0
        var upperAlarm = Double.nan
        var upperWarning = Double.nan
        var lowerWarning = Double.nan
        var lowerAlarm = Double.nan
        var upperControl = 0.0
        var lowerControl = 0.0

        /// All of them; the last two are sent with CTRL types only.
        var ordered: InlineArray<8, Double> {
            [
                upperDisplay, lowerDisplay, upperAlarm, upperWarning, lowerWarning, lowerAlarm, upperControl,
                lowerControl,
            ]
        }
    }

    static let empty = MetadataBlock()

    let unit: String
    /// Digits behind the point; -1 for a value without a precision.
    let precision: Int
    let limits: Limits
    /// Labels of an enumeration; the first sixteen travel, a text says any of them.
    let labels: [String]
    /// What `CLASS_NAME` and `RTYP` say.
    let recordType: String

    init(
        unit: String = "", precision: Int = -1, limits: Limits = Limits(), labels: [String] = [],
        recordType: String = ""
    ) {
        self.unit = unit
        self.precision = precision
        self.limits = limits
        self.labels = labels
        self.recordType = recordType
    }

    /// Decimals of a text.
    var textPrecision: Int { precision < 0 ? NumberText.defaultPrecision : precision }
}

extension MetadataBlock {
    /// The block of a value from what the kernel knows of it.
    convenience init(_ metadata: ParameterMetadata, _ shape: NativeShape) {
        let isFloating = shape.type == .double || shape.type == .float
        var precision = isFloating ? metadata.precision ?? -1 : -1
        if case .number(let element) = metadata.type, element.isInteger { precision = isFloating ? 0 : -1 }
        if case .array(let element, _) = metadata.type, element.isInteger { precision = isFloating ? 0 : -1 }
        self.init(
            unit: metadata.unit, precision: precision, limits: Limits(metadata), labels: shape.labels,
            recordType: shape.recordType)
    }
}

extension MetadataBlock.Limits {
    init(_ metadata: ParameterMetadata) {
        if let display = metadata.displayLimits ?? metadata.limits {
            (upperDisplay, lowerDisplay) = (display.upperBound, display.lowerBound)
        }
        if let control = metadata.limits, metadata.access != .read {
            (upperControl, lowerControl) = (control.upperBound, control.lowerBound)
        }
        guard let alarm = metadata.alarmLimits else { return }
        // A limit that does not count is none for displays.
        func counting(_ limit: Double?, _ reason: AlarmStatus) -> Double {
            alarm.severity(reason) == .none ? .nan : limit ?? .nan
        }
        upperAlarm = counting(alarm.highMajor, .highMajor)
        upperWarning = counting(alarm.high, .high)
        lowerWarning = counting(alarm.low, .low)
        lowerAlarm = counting(alarm.lowMajor, .lowMajor)
    }
}
