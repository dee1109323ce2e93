// Part of daqd
// SPDX-License-Identifier: MIT

/// What observers of acquisitions are told, after it is in the run log.
public enum AcquisitionEvent: Sendable {
    /// An acquisition has begun.
    case began(AcquisitionRecord)
    /// It entered a new state, a final one included.
    case state(AcquisitionRecord)
    /// More frames came; at most ten times a second, and not in the run log each time.
    case frames(AcquisitionRecord)
    /// Files were added to it, also after its end.
    case artifacts(AcquisitionRecord, [Artifact])
    /// Something else of it changed: a stop was asked for, its configuration was stored, its sentence changed.
    case changed(AcquisitionRecord)
    /// A post-operation was queued, began, ended, or waits for its next attempt.
    case postOperation(PostOperationRecord)

    /// The acquisition's record, where the event carries one.
    public var record: AcquisitionRecord? {
        switch self {
        case .began(let record), .state(let record), .frames(let record), .artifacts(let record, _),
            .changed(let record):
            record
        case .postOperation: nil
        }
    }

    /// The acquisition's id.
    public var acquisition: String {
        switch self {
        case .began(let record), .state(let record), .frames(let record), .artifacts(let record, _),
            .changed(let record):
            record.id
        case .postOperation(let operation): operation.acquisition
        }
    }
}

/// Keeps an observer in place; it is gone with the last reference or ``cancel()``.
public final class AcquisitionObservation: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    deinit { end() }

    /// Ends the observation; safe twice.
    public func cancel() { end() }
}
