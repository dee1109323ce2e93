// Part of daqd
// SPDX-License-Identifier: MIT

/// How bad it is.
public enum AlarmSeverity: UInt8, Sendable, Comparable, CaseIterable {
    /// All is well.
    case none
    /// Outside the wanted range; work goes on.
    case minor
    /// Someone should act.
    case major
    /// The value does not mean anything: never read, or the device is away.
    case invalid

    /// A worse severity is the greater one.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Why there is an alarm.
public enum AlarmStatus: String, Sendable, CaseIterable {
    /// All is well.
    case none
    /// Never published.
    case undefined
    /// The device does not answer.
    case communication
    /// The device answered too late.
    case timeout
    /// Reading failed.
    case read
    /// Writing failed.
    case write
    /// Below the lower major limit.
    case lowMajor
    /// Below the lower minor limit.
    case low
    /// Above the upper minor limit.
    case high
    /// Above the upper major limit.
    case highMajor
    /// A state that is itself a fault.
    case state
    /// The device reports a fault of its hardware.
    case hardware
    /// The plugin or the configuration is at fault.
    case configuration
    /// Something is getting full.
    case resource
}

/// The alarm of a sample: severity, reason and one sentence.
///
/// "No alarm" costs one word and no allocation, so that each sample can carry one.
public struct Alarm: Sendable {
    final class Details: Sendable {
        let severity: AlarmSeverity
        let status: AlarmStatus
        let message: String
        init(_ severity: AlarmSeverity, _ status: AlarmStatus, _ message: String) {
            self.severity = severity
            self.status = status
            self.message = message
        }
    }

    /// By reference; `nil` without an alarm.
    let details: Details?

    /// No alarm.
    public static let none = Alarm()
    /// What a parameter carries before its first value.
    public static let undefined = Alarm(.invalid, .undefined, "no value yet")

    private init() { details = nil }

    init(details: Details?) { self.details = details }

    /// An alarm; severity `none` gives ``none``.
    public init(_ severity: AlarmSeverity, _ status: AlarmStatus, _ message: String) {
        details = severity == .none ? nil : Details(severity, status, message)
    }

    /// How bad it is.
    public var severity: AlarmSeverity { details?.severity ?? .none }
    /// Why.
    public var status: AlarmStatus { details?.status ?? .none }
    /// One sentence for the operator; empty without an alarm.
    public var message: String { details?.message ?? "" }
    /// Whether there is an alarm at all.
    public var isActive: Bool { details != nil }
    /// Whether the value means nothing: never read, or the device is away; a write that failed leaves it as good as it was.
    public var voidsValue: Bool { severity == .invalid && status != .write }

    /// The worse of two; the first if both are equally bad.
    public func merged(with other: Alarm) -> Alarm {
        guard let theirs = other.details else { return self }
        guard let mine = details else { return other }
        return theirs.severity > mine.severity ? other : self
    }
}

extension Alarm: Equatable {
    /// Equal in severity, reason and sentence.
    public static func == (left: Alarm, right: Alarm) -> Bool {
        left.details === right.details
            || (left.severity == right.severity && left.status == right.status && left.message == right.message)
    }
}
