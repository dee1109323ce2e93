// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Begins, ends and recovers the acquisitions of all devices, and runs their post-operations.
///
/// The runtime calls, in this order: ``recover()`` once the run log is open; makes the devices, each with ``acquisitions(of:)``, and sets
/// their chains with ``PostOperationQueue/configure(device:chain:limit:)``; ``settleInterrupted()``; and at the end, when the devices have
/// stopped, ``shutdown(within:)``. Frontends call ``observe(_:)`` and query the ``RunLog``.
public final class AcquisitionCoordinator: Sendable {
    private struct State {
        var reserved: Set<String> = []
        var interrupted: [Acquisition] = []
        var isEnding = false
    }

    /// Where everything is kept.
    public let log: RunLog
    /// What runs after the acquisitions.
    public let postOperations: PostOperationQueue
    let journal: AcquisitionJournal
    let clock: RunClock
    private let logger: Logger
    private let ids = AcquisitionIDMaker()
    private let state = Mutex(State())

    /// Makes a coordinator over an open run log.
    public init(log: RunLog, logger: Logger, clock: RunClock = .system) {
        self.log = log
        self.logger = logger
        self.clock = clock
        journal = AcquisitionJournal(log: log)
        postOperations = PostOperationQueue(journal: journal, logger: logger, clock: clock)
    }

    /// What a device's context offers as `acquisitions`.
    public func acquisitions(of device: String) -> DeviceAcquisitions {
        DeviceAcquisitions(device: device, coordinator: self)
    }

    /// The acquisitions that have not ended, oldest first.
    public var active: [Acquisition] { journal.acquisitions }

    /// An acquisition that has not ended; `nil` if there is none of that id.
    public func acquisition(_ id: String) -> Acquisition? { journal.acquisition(id) }

    /// Calls the closure for every event until the observation ends.
    ///
    /// It is called on the run log's thread, in order, when the event is in the run log and before the call that caused it returns. It must be
    /// quick and must not wait for anything: a subscription's ring is the place to put the event.
    public func observe(_ observer: @escaping @Sendable (AcquisitionEvent) -> Void) -> AcquisitionObservation {
        journal.observe(observer)
    }

    // MARK: - Beginning

    func begin(_ plan: AcquisitionPlan, device: String) async throws -> Acquisition {
        try reserve(device)
        defer { state.withLock { _ = $0.reserved.remove(device) } }
        let now = clock.now()
        let record = AcquisitionRecord(
            id: ids.next(at: now), device: device, name: plan.name, state: .preparing,
            transitions: [.init(.preparing, at: now)],
            frames: FrameLedger(expected: plan.expected, counted: plan.countsFrames).count(ended: false),
            firstIndex: plan.firstIndex, stop: nil, result: nil, verdict: nil, origin: plan.origin, configuration: nil,
            notes: plan.notes, artifacts: [])
        do {
            return try await journal.begin(record, configuration: plan.configuration) { stored in
                Acquisition(stored, countsFrames: plan.countsFrames, coordinator: self)
            }
        } catch {
            throw DeviceError(.storage, "\(device) cannot begin an acquisition: \(error)")
        }
    }

    /// One acquisition per device at a time; those resumed after a crash do not count.
    private func reserve(_ device: String) throws {
        let current = journal.acquisitions.last { $0.device == device && !$0.isResumed }
        if let current, case let record = current.record, record.state.isActive {
            throw DeviceError(
                .busy, "\(device) is busy with acquisition \(record.id), which is \(record.state.rawValue)")
        }
        try state.withLock { state in
            if state.isEnding { throw DeviceError(.wrongState, "daqd is ending; no acquisition begins") }
            guard state.reserved.insert(device).inserted else {
                throw DeviceError(.busy, "\(device) is busy beginning another acquisition")
            }
        }
    }

    // MARK: - Ending

    /// The way every acquisition ends; called once for each.
    func end(_ acquisition: Acquisition, failure: String?) async throws -> AcquisitionRecord {
        let id = acquisition.id
        let clock = clock
        let chain = await postOperations.chain(of: acquisition.device)
        _ = try await persistently {
            try await self.journal.change(id) { record, connection in
                var events: [AcquisitionJournal.Announcement] = []
                if record.state != .finishing {
                    try record.advance(.finish, at: clock.now())
                    events.append(AcquisitionEvent.state)
                }
                guard record.verdict == nil else { return events }
                record.frames = acquisition.finalFrames
                let verdict = AcquisitionVerdict(frames: record.frames, stop: record.stop, failure: failure)
                record.verdict = verdict.state
                record.result = verdict.sentence
                // In one transaction with the verdict: no crash can part an acquisition from its post-operations.
                for job in try connection.insert(chain, of: record) { events.append { _ in .postOperation(job) } }
                return events
            }
        }
        await postOperations.start(id, device: acquisition.device)
        await postOperations.attempted(id)
        return try await conclude(acquisition)
    }

    /// The run log is broken: says so as the acquisition's end, in memory, so that the device is not busy for ever.
    func giveUp(_ acquisition: Acquisition, _ error: any Error) async {
        var record = acquisition.record
        guard record.state.isActive else { return }
        record.state = .failed
        record.transitions.append(.init(.failed, at: clock.now()))
        record.result = "the end could not be written to the run log: \(error)"
        acquisition.store(record)
        journal.remove(acquisition.id)
        journal.publish(.state(record))
        await postOperations.ended(acquisition.id)
        logger.error(
            "An acquisition's end could not be written to the run log",
            ["acquisition": .string(record.id), "error": .string(String(describing: error))])
    }

    /// Enters the final state that was found.
    private func conclude(_ acquisition: Acquisition) async throws -> AcquisitionRecord {
        let clock = clock
        let record = try await persistently {
            try await self.journal.change(acquisition.id) { record, _ in
                guard !record.state.isFinal else { return [] }
                let verdict = AcquisitionVerdict(record.verdict ?? .failed, record.result ?? "")
                try record.advance(verdict.event, at: clock.now())
                return [AcquisitionEvent.state]
            }
        }
        journal.remove(acquisition.id)
        await postOperations.ended(acquisition.id)
        logger.notice(
            "Acquisition ended",
            [
                "acquisition": .string(record.id), "device": .string(record.device),
                "state": .string(record.state.rawValue),
                "result": .string(record.result ?? ""),
            ])
        return record
    }

    /// Repeats what must be in the run log while a full or locked disk refuses it; gives up only when daqd ends.
    private func persistently(
        _ work: @Sendable () async throws -> AcquisitionRecord
    ) async throws -> AcquisitionRecord {
        var delay = Duration.seconds(1)
        while true {
            do {
                return try await work()
            } catch let error as RunLogError where error.isTemporary {
                logger.error("The run log cannot be written; trying again", ["error": .string(error.message)])
                if isEnding { throw error }
                try await clock.sleep(delay)
                delay = min(delay * 2, .seconds(30))
            }
        }
    }

    // MARK: - After a crash

    /// Takes up what an earlier process left; to be called once, before devices are made.
    ///
    /// Acquisitions whose end was already judged are ended in the background, with their post-operations; the others can be claimed by
    /// their devices until ``settleInterrupted()``.
    public func recover() async throws {
        try await postOperations.takeUp()
        for record in try log.openAcquisitions() {
            let acquisition = Acquisition(resuming: record, coordinator: self)
            journal.add(acquisition)
            if record.verdict == nil { state.withLock { $0.interrupted.append(acquisition) } }
        }
    }

    func claim(device: String) -> [Acquisition] {
        state.withLock { state in
            let claimed = state.interrupted.filter { $0.device == device }
            state.interrupted.removeAll { $0.device == device }
            return claimed
        }
    }

    /// Ends what no device has claimed as failed, ends what was judged already, and resumes the post-operations.
    ///
    /// To be called when all devices are made and their chains are set. Returns at once; the work goes on behind.
    /// - Parameter absent: Devices that could not be made, because their plugin was refused or their settings are wrong: theirs
    ///   wait for a start at which the device is there again.
    public func settleInterrupted(absent: Set<String> = []) async {
        let unclaimed = state.withLock { state in
            let unclaimed = state.interrupted.filter { !absent.contains($0.device) }
            state.interrupted.removeAll { !absent.contains($0.device) }
            return unclaimed
        }
        for acquisition in unclaimed {
            let record = acquisition.record
            let error = DeviceError(.failed, Self.interruption(record))
            logger.warning("An interrupted acquisition ends failed", ["acquisition": .string(record.id)])
            Task { try await acquisition.finish(failure: error) }
        }
        for acquisition in journal.acquisitions where acquisition.record.verdict != nil {
            Task { try await acquisition.finish() }
        }
        await postOperations.resume()
    }

    private static func interruption(_ record: AcquisitionRecord) -> String {
        "daqd ended without warning while the acquisition was \(record.state.rawValue)"
    }

    // MARK: - Stopping

    /// Whether daqd is ending.
    var isEnding: Bool { state.withLock { $0.isEnding } }

    /// Ends the acquisition of a device that goes away without having ended it itself.
    ///
    /// What the device had taken over from an earlier start can be claimed again.
    public func settle(device: String, reason: String) async {
        for acquisition in journal.acquisitions where acquisition.device == device {
            if acquisition.record.verdict != nil { continue }
            if acquisition.isResumed {
                leave(acquisition.id)
            } else {
                _ = try? await acquisition.finish(failure: DeviceError(.failed, reason))
            }
        }
    }

    /// Makes an open acquisition one that can be claimed.
    func leave(_ id: String) {
        guard let left = journal.acquisition(id) else { return }
        let acquisition = Acquisition(resuming: left.record, coordinator: self)
        journal.add(acquisition)
        state.withLock { state in
            state.interrupted.removeAll { $0.id == id }
            state.interrupted.append(acquisition)
        }
    }

    /// Refuses new acquisitions from now on, and asks every device to end its own (reason: shutdown).
    public func beginShutdown() async {
        state.withLock { $0.isEnding = true }
        for acquisition in journal.acquisitions where !acquisition.isResumed {
            try? await acquisition.requestStop(AcquisitionStop(.shutdown, time: clock.now()))
        }
    }

    /// Ends what the devices left unended, puts running post-operations back into the queue, and lets waiting callers go.
    ///
    /// Acquisitions that were resumed and are not collected yet, or that their device left, stay open for the next start.
    /// - Parameter grace: How long a cancelled post-operation may take to end.
    public func shutdown(within grace: Duration = .seconds(5)) async {
        state.withLock { $0.isEnding = true }
        await postOperations.shutdown(grace: grace)
        for acquisition in journal.acquisitions {
            if acquisition.record.verdict != nil {
                _ = try? await acquisition.finish()
            } else if !acquisition.isResumed {
                let error = DeviceError(.failed, "daqd ended before the device had ended its acquisition")
                _ = try? await acquisition.finish(failure: error)
            }
        }
    }
}
