// Part of daqd
// SPDX-License-Identifier: MIT

/// Where one post-operation of one acquisition stands.
public enum PostOperationState: String, Sendable, Hashable, CaseIterable {
    /// In the queue, no attempt made or the last one put back.
    case waiting
    /// An attempt runs.
    case running
    /// The last attempt failed; another one is due at its time.
    case retrying
    /// There is no such operation now (not configured, plugin refused); it runs as soon as there is one again.
    case blocked
    /// Done.
    case succeeded
    /// All attempts failed, or none can succeed.
    case failed
    /// Not run, because an earlier one of the chain failed.
    case skipped

    /// Whether nothing more will happen by itself.
    public var isFinal: Bool {
        switch self {
        case .succeeded, .failed, .skipped: true
        case .waiting, .running, .retrying, .blocked: false
        }
    }
}

/// What the run log holds of one post-operation of one acquisition.
public struct PostOperationRecord: Sendable, Equatable {
    /// Unique number, in the order of queueing.
    public let number: Int64
    /// The acquisition's id.
    public let acquisition: String
    /// The device's name.
    public let device: String
    /// Place in the chain, from 0.
    public let position: Int
    /// Name of the entry in the configuration.
    public let name: String
    /// Whether its first attempt comes before the acquisition's busy flag falls.
    public let waits: Bool
    /// Where it stands.
    public var state: PostOperationState
    /// Attempts begun, those that a crash interrupted included.
    public var attempts: Int
    /// When the next attempt is due.
    public var nextTime: Timestamp?
    /// When the last attempt began.
    public var began: Timestamp?
    /// When it ended for good.
    public var ended: Timestamp?
    /// What it said when it succeeded, or why it was skipped.
    public var note: String?
    /// Why the last attempt failed.
    public var lastError: String?

    /// The record as REST shows it.
    public var json: JSON {
        func time(_ value: Timestamp?) -> JSON { value.map { .string($0.description) } ?? .null }
        func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
        return .object([
            ("number", .integer(number)), ("acquisition", .string(acquisition)), ("device", .string(device)),
            ("position", .integer(Int64(position))), ("name", .string(name)), ("wait", .bool(waits)),
            ("state", .string(state.rawValue)), ("attempts", .integer(Int64(attempts))),
            ("next_attempt", time(nextTime)), ("began", time(began)), ("ended", time(ended)), ("note", text(note)),
            ("last_error", text(lastError)),
        ])
    }
}
