// Part of daqd
// SPDX-License-Identifier: MIT

/// Whether clients may write.
public enum Access: String, Sendable {
    /// Read only.
    case read
    /// Write only: the value cannot be read back from the hardware.
    case write
    /// Both.
    case readWrite
}

/// Limits beyond which the kernel raises an alarm.
public struct AlarmLimits: Sendable, Equatable {
    /// At this or below: major.
    public var lowMajor: Double?
    /// At this or below: minor.
    public var low: Double?
    /// At this or above: minor.
    public var high: Double?
    /// At this or above: major.
    public var highMajor: Double?
    /// How far a value must come back before its alarm ends, in the parameter's unit.
    public var hysteresis: Double
    /// How bad it is to reach ``lowMajor``, where that is not the usual; with `none` the limit does not count.
    public var lowMajorSeverity: AlarmSeverity?
    /// How bad it is to reach ``low``.
    public var lowSeverity: AlarmSeverity?
    /// How bad it is to reach ``high``.
    public var highSeverity: AlarmSeverity?
    /// How bad it is to reach ``highMajor``.
    public var highMajorSeverity: AlarmSeverity?

    /// Limits; leave out those that do not apply.
    public init(
        lowMajor: Double? = nil, low: Double? = nil, high: Double? = nil, highMajor: Double? = nil,
        hysteresis: Double = 0
    ) {
        self.lowMajor = lowMajor
        self.low = low
        self.high = high
        self.highMajor = highMajor
        self.hysteresis = hysteresis
    }

    /// How bad it is to reach a limit, which is named by the reason of its alarm: as was set, or else the usual: major for
    /// the outer limits, minor for the inner ones, `none` for those that there are not.
    public func severity(_ reason: AlarmStatus) -> AlarmSeverity {
        switch reason {
        case .lowMajor: lowMajorSeverity ?? (lowMajor == nil ? .none : .major)
        case .low: lowSeverity ?? (low == nil ? .none : .minor)
        case .high: highSeverity ?? (high == nil ? .none : .minor)
        case .highMajor: highMajorSeverity ?? (highMajor == nil ? .none : .major)
        default: .none
        }
    }
}

/// How far a number must move before subscribers hear of it, in the parameter's unit.
public struct DeadBands: Sendable, Equatable {
    /// For displays.
    public var monitor: Double
    /// For archivers.
    public var archive: Double

    /// Dead bands; 0 tells every change of the number.
    public init(monitor: Double = 0, archive: Double = 0) {
        self.monitor = monitor
        self.archive = archive
    }
}

/// What is known of a parameter besides its value; may change while it runs.
public struct ParameterMetadata: Sendable, Equatable {
    /// One sentence.
    public var description: String
    /// Unit symbol, empty if it has none: `s`, `eV`, `degree`.
    public var unit: String
    /// Digits after the point for displays; `nil` when unknown.
    public var precision: Int?
    /// Whether clients may write.
    public var access: Access
    /// Least and greatest value that a write accepts.
    public var limits: ClosedRange<Double>?
    private var rare: Rare?
    /// Labels of an enumeration in their order; possibly known only at run time.
    public var choices: [String]
    /// The declared type.
    public var type: ValueType
    /// Whether the last value written is restored after a restart.
    public var autosave: Bool

    /// What few parameters have, kept apart so that an idle parameter stays small.
    private final class Rare: Sendable {
        let displayLimits: ClosedRange<Double>?
        let alarmLimits: AlarmLimits?
        let deadBands: DeadBands?
        init(_ displayLimits: ClosedRange<Double>?, _ alarmLimits: AlarmLimits?, _ deadBands: DeadBands?) {
            self.displayLimits = displayLimits
            self.alarmLimits = alarmLimits
            self.deadBands = deadBands
        }
    }

    /// Range for displays; ``limits`` where it is `nil`.
    public var displayLimits: ClosedRange<Double>? {
        get { rare?.displayLimits }
        set { rare = Rare(newValue, alarmLimits, deadBands) }
    }
    /// Limits that raise alarms.
    public var alarmLimits: AlarmLimits? {
        get { rare?.alarmLimits }
        set { rare = Rare(displayLimits, newValue, deadBands) }
    }
    /// Dead bands for subscribers.
    public var deadBands: DeadBands? {
        get { rare?.deadBands }
        set { rare = Rare(displayLimits, alarmLimits, newValue) }
    }

    /// Metadata of a type; the rest is filled in afterwards.
    public init(_ description: String, type: ValueType) {
        self.description = description
        self.type = type
        unit = ""
        access = .readWrite
        choices = []
        autosave = false
    }
}

extension ParameterMetadata {
    /// Equal in every field.
    public static func == (left: ParameterMetadata, right: ParameterMetadata) -> Bool {
        left.description == right.description && left.unit == right.unit && left.precision == right.precision
            && left.access == right.access && left.limits == right.limits && left.choices == right.choices
            && left.type == right.type && left.autosave == right.autosave
            && left.displayLimits == right.displayLimits && left.alarmLimits == right.alarmLimits
            && left.deadBands == right.deadBands
    }
}
