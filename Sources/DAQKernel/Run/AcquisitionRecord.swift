// Part of daqd
// SPDX-License-Identifier: MIT

/// What the run log holds of one acquisition.
public struct AcquisitionRecord: Sendable, Equatable {
    /// When a state was entered.
    public struct Transition: Sendable, Equatable {
        /// The state.
        public let state: AcquisitionState
        /// When it was entered.
        public let time: Timestamp

        /// Makes a transition.
        public init(_ state: AcquisitionState, at time: Timestamp) {
            self.state = state
            self.time = time
        }
    }

    /// Unique text that sorts by time and fits into a file name: `20261121-022058-123-k3f9`.
    public let id: String
    /// The device's name.
    public let device: String
    /// Name for people: the series' prefix, the run's title.
    public let name: String
    /// Where it stands.
    public var state: AcquisitionState
    /// Every state entered, in order.
    public var transitions: [Transition]
    /// Frames asked for, received, missing.
    public var frames: FrameCount
    /// The index of the first frame.
    public let firstIndex: Int64
    /// The stop, if one was asked for.
    public var stop: AcquisitionStop?
    /// One sentence about how it ended; while waiting post-operations run already the verdict to come.
    public var result: String?
    /// The end that was found; equals ``state`` once waiting post-operations have had their attempt.
    public var verdict: AcquisitionState?
    /// Who asked for it.
    public var origin: Origin?
    /// SHA-256 of the configuration snapshot, hexadecimal; see ``RunLog/configuration(_:)``.
    public var configuration: String?
    /// What the device noted for going on after a crash.
    public var notes: JSON?
    /// Its files, in the order they were added.
    public var artifacts: [Artifact]

    /// Makes a record with nothing in it yet; for tests of post-operations and frontends.
    public init(id: String, device: String, name: String, state: AcquisitionState, began: Timestamp) {
        self.init(
            id: id, device: device, name: name, state: state, transitions: [Transition(.preparing, at: began)],
            frames: FrameCount(expected: nil, received: nil, missing: nil), firstIndex: 0, stop: nil, result: nil,
            verdict: nil, origin: nil, configuration: nil, notes: nil, artifacts: [])
    }

    init(
        id: String, device: String, name: String, state: AcquisitionState, transitions: [Transition],
        frames: FrameCount, firstIndex: Int64, stop: AcquisitionStop?, result: String?, verdict: AcquisitionState?,
        origin: Origin?, configuration: String?, notes: JSON?, artifacts: [Artifact]
    ) {
        self.id = id
        self.device = device
        self.name = name
        self.state = state
        self.transitions = transitions
        self.frames = frames
        self.firstIndex = firstIndex
        self.stop = stop
        self.result = result
        self.verdict = verdict
        self.origin = origin
        self.configuration = configuration
        self.notes = notes
        self.artifacts = artifacts
    }

    /// When it began.
    public var began: Timestamp { transitions.first?.time ?? .never }
    /// When it ended; `nil` while it has not.
    public var ended: Timestamp? { state.isFinal ? transitions.last?.time : nil }

    /// When a state was entered last; `nil` if never.
    public func time(of state: AcquisitionState) -> Timestamp? { transitions.last { $0.state == state }?.time }

    /// Does nothing for an acquisition that ended done or aborted, or has not ended.
    /// - Throws: ``DeviceError`` with the record's sentence when the acquisition failed; for the command that drove it.
    public func requireNotFailed() throws(DeviceError) {
        guard state == .failed else { return }
        throw DeviceError(.failed, "acquisition \(id) of \(device) failed: \(result ?? "no reason is known")")
    }
}

extension AcquisitionRecord {
    /// The record as REST and a command's standard input show it.
    public var json: JSON {
        func optional(_ value: Int64?) -> JSON { value.map { .integer($0) } ?? .null }
        func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
        return .object([
            ("id", .string(id)), ("device", .string(device)), ("name", .string(name)),
            ("state", .string(state.rawValue)),
            ("began", .string(began.description)), ("ended", optional(ended?.description)),
            ("expected", optional(frames.expected)), ("received", optional(frames.received)),
            ("missing", optional(frames.missing)), ("duplicates", .integer(frames.duplicates)),
            ("counted", .bool(frames.isCounted)), ("frames", .string(frames.text)),
            (
                "gaps",
                .array(frames.gaps.map { .array([.integer($0.lowerBound), .integer($0.upperBound - 1)]) })
            ),
            ("result", optional(result)), ("verdict", optional(verdict?.rawValue)),
            ("stopped_by", optional(stop?.text)), ("origin", origin.map { .string($0.description) } ?? .null),
            ("configuration", optional(configuration)),
            (
                "transitions",
                .array(
                    transitions.map {
                        .object([("state", .string($0.state.rawValue)), ("time", .string($0.time.description))])
                    })
            ),
            ("artifacts", .array(artifacts.map(\.json))),
        ])
    }
}

extension Artifact {
    /// The artifact as REST and a command's standard input show it.
    public var json: JSON {
        .object([
            ("name", .string(name)), ("path", .string(path)), ("role", .string(role.name)),
            ("size", size.map { .integer($0) } ?? .null), ("sha256", sha256.map { .string($0.hex) } ?? .null),
            ("verified", verified.map { .bool($0) } ?? .null), ("maker", maker.map { .string($0) } ?? .null),
        ])
    }
}
