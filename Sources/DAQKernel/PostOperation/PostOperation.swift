// Part of daqd
// SPDX-License-Identifier: MIT

/// What a site does with an acquisition's files after it ended: verify, copy, run a command, notify.
///
/// One object serves all acquisitions of the devices that name it in their chain.
public protocol PostOperation: Sendable {
    /// Does the work for one acquisition once.
    ///
    /// The kernel calls it from the queue, for different acquisitions possibly at the same time, never twice at once for the same. It may
    /// be called again for work that an earlier attempt did wholly or in part (a crash, a time-out): a second run must lead to the same
    /// result. It must end soon after its task is cancelled, which happens at the time-out and when daqd ends. What blocks belongs on a
    /// thread of its own.
    /// - Returns: One sentence for people, and the files it made or checked.
    /// - Throws: ``PostOperationError`` to say whether another attempt makes sense; after any other error one is made.
    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult
}

/// What a post-operation is to work on.
public struct PostOperationJob: Sendable {
    /// The acquisition with its artifacts, those of earlier operations of the chain included.
    ///
    /// While a waiting operation has its first attempt, the acquisition is still `finishing`; see ``outcome``.
    public let acquisition: AcquisitionRecord
    /// How the acquisition ended, or is going to end: `done`, `aborted` or `failed`.
    public let outcome: AcquisitionState
    /// Name of the entry in the configuration.
    public let name: String
    /// 1 for the first attempt; attempts that a crash interrupted count.
    public let attempt: Int

    /// Makes a job; for tests of operations.
    public init(acquisition: AcquisitionRecord, name: String, attempt: Int = 1) {
        self.acquisition = acquisition
        self.name = name
        self.attempt = attempt
        outcome = acquisition.verdict ?? acquisition.state
    }
}

/// What the kernel hands a running post-operation.
public struct PostOperationContext: Sendable {
    /// Its log; the acquisition's id is worth a mention in each line.
    public let logger: Logger
    /// How long this attempt may take.
    public let timeout: Duration

    /// Makes a context; for tests of operations.
    public init(logger: Logger, timeout: Duration) {
        self.logger = logger
        self.timeout = timeout
    }
}

/// What a post-operation achieved.
public struct PostOperationResult: Sendable {
    /// One sentence for people: `10 frames in 2 files checked`.
    public var note: String
    /// Files it made, and files of the acquisition about which it knows more (`verified`), matched by path.
    public var artifacts: [Artifact]

    /// Makes a result.
    public init(_ note: String, artifacts: [Artifact] = []) {
        self.note = note
        self.artifacts = artifacts
    }
}
