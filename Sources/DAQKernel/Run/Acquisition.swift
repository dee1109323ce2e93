// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// One acquisition while it runs: what a device author holds between `begin` and `finish`.
///
/// The device calls ``armed()``, ``acquiring()``, then one of the counting functions for what came, ``finishing()`` when no more frames
/// will come, ``add(_:)`` for each file that is complete on the disk, and ``finish(failure:)`` in every case, on every path. Each step
/// returns when it is in the run log, and observers have been told. Counting never waits and may be called from any thread.
public final class Acquisition: Sendable {
    private struct State {
        var record: AcquisitionRecord
        var ledger: FrameLedger
        var published: Int64 = 0
        var saved: Int64 = 0
        var stopWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var finish: Task<AcquisitionRecord, any Error>?
        var isLeft = false
    }

    /// Unique text that sorts by time and fits into a file name; see ``DurableFile``'s tag.
    public let id: String
    /// The device's name.
    public let device: String
    /// Whether an earlier process began it and this one only ends it.
    public let isResumed: Bool
    private let state: Mutex<State>
    private let coordinator: AcquisitionCoordinator
    private var journal: AcquisitionJournal { coordinator.journal }

    init(_ record: AcquisitionRecord, countsFrames: Bool, coordinator: AcquisitionCoordinator) {
        id = record.id
        device = record.device
        isResumed = false
        self.coordinator = coordinator
        let ledger = FrameLedger(
            expected: record.frames.expected, firstIndex: record.firstIndex, counted: countsFrames)
        state = Mutex(State(record: record, ledger: ledger))
    }

    /// An acquisition that an earlier process left behind.
    ///
    /// Frames that it counted are the whole truth only if it had reached `finishing`; else they start at "not counted", and the
    /// device may count again from what it finds.
    init(resuming record: AcquisitionRecord, coordinator: AcquisitionCoordinator) {
        id = record.id
        device = record.device
        isResumed = true
        self.coordinator = coordinator
        let ledger =
            record.state == .finishing
            ? FrameLedger(restoring: record.frames, firstIndex: record.firstIndex)
            : FrameLedger(expected: record.frames.expected, firstIndex: record.firstIndex, counted: false)
        state = Mutex(State(record: record, ledger: ledger))
    }

    /// How it stands now, frames counted included.
    public var record: AcquisitionRecord {
        state.withLock { state in
            var record = state.record
            // With a verdict the numbers are final, and those that never came are among the missing.
            if record.verdict == nil { record.frames = state.ledger.count(ended: false) }
            return record
        }
    }

    /// What the device noted, see ``note(_:)``.
    public var notes: JSON? { state.withLock { $0.record.notes } }

    /// The stop that was asked for, if any.
    public var stop: AcquisitionStop? { state.withLock { $0.record.stop } }

    /// Called by the journal on the run log's thread once the record is stored.
    func store(_ record: AcquisitionRecord) {
        let waiters = state.withLock { state in
            state.record = record
            guard record.stop != nil || record.state.isFinal else { return [CheckedContinuation<Void, Never>]() }
            let waiters = Array(state.stopWaiters.values)
            state.stopWaiters = [:]
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

// MARK: - The way from begin to finish

extension Acquisition {
    /// The device waits for a trigger.
    /// - Throws: ``RunLogError``: `illegal` when the acquisition is not preparing.
    public func armed() async throws { try await advance(.arm) }

    /// The first trigger was given, or the first frame came.
    /// - Throws: ``RunLogError``: `illegal` when the acquisition is not armed.
    public func acquiring() async throws { try await advance(.start) }

    /// No more frames will come; legal before the first as well.
    ///
    /// A second call does nothing.
    public func finishing() async throws {
        if record.state == .finishing { return }
        try await advance(.finish)
    }

    /// Stores every setting as it is now, in place of the snapshot from the beginning.
    public func configure(_ snapshot: JSON) async throws {
        try await journal.change(id) { record, connection in
            record.configuration = try connection.save(configuration: snapshot)
            return [AcquisitionEvent.changed]
        }
    }

    /// Stores what the device needs to go on after a crash: a series number, file names.
    ///
    /// It replaces the note before.
    public func note(_ notes: JSON) async throws {
        try await journal.change(id) { record, _ in
            record.notes = notes
            return []
        }
    }

    /// Adds a file that is complete, checked and synced, or replaces what is known of the same path; durable on return.
    ///
    /// Only then may the device's own copy be deleted.
    public func add(_ artifact: Artifact) async throws {
        var added = artifact
        if added.maker == nil { added.maker = device }
        let artifact = added
        try await journal.change(id) { record, connection in
            try connection.save(artifact, of: record.id)
            record.artifacts.removeAll { $0.path == artifact.path }
            record.artifacts.append(artifact)
            return [{ .artifacts($0, [artifact]) }]
        }
    }

    /// Ends the acquisition: judges what came, queues the post-operations, gives those that are waited for their attempt, and ends busy.
    ///
    /// Runs to its end also when the caller is cancelled; a second call gives the same record.
    /// - Parameter failure: What went wrong; `nil` if nothing did. Frames that are missing make it failed also without.
    /// - Returns: The record in its final state; see ``AcquisitionRecord/requireNotFailed()``.
    /// - Throws: ``RunLogError`` when the end cannot be recorded; a full disk is waited for, unless daqd ends.
    @discardableResult
    public func finish(failure: (any Error)? = nil) async throws -> AcquisitionRecord {
        let sentence = failure.map { String(describing: DeviceError(wrapping: $0)) }
        let task = state.withLock { state in
            if let task = state.finish { return task }
            let task = Task {
                do {
                    return try await self.coordinator.end(self, failure: sentence)
                } catch {
                    await self.coordinator.giveUp(self, error)
                    throw error
                }
            }
            state.finish = task
            return task
        }
        return try await task.value
    }

    /// Leaves the acquisition open for the device's next start to claim and end: daqd's, or its own after a reload.
    ///
    /// For a device that is stopped before it has collected what is safe where it is: files that the detector keeps. It is then
    /// not busy any more, and ``finish(failure:)`` is not called on this object.
    /// - Throws: ``RunLogError``: `illegal` when the acquisition was judged already.
    public func leaveForNextStart() async throws {
        try await journal.change(id) { record, _ in
            guard record.verdict == nil, record.state.isActive else {
                throw RunLogError(.illegal, "acquisition \(record.id) has ended; it cannot be left for the next start")
            }
            return [AcquisitionEvent.changed]
        }
        state.withLock { $0.isLeft = true }
        coordinator.leave(id)
    }

    /// Whether it is left for the next start.
    var isLeft: Bool { state.withLock { $0.isLeft } }

    /// The count as it is when nothing more comes.
    var finalFrames: FrameCount { state.withLock { $0.ledger.count(ended: true) } }

    private func advance(_ event: AcquisitionState.Event) async throws {
        let clock = coordinator.clock
        try await journal.change(id) { record, _ in
            try record.advance(event, at: clock.now())
            return [AcquisitionEvent.state]
        }
    }
}

extension AcquisitionRecord {
    /// Goes on to the state that an event leads to.
    mutating func advance(_ event: AcquisitionState.Event, at time: Timestamp) throws(RunLogError) {
        guard let next = state.after(event) else {
            throw RunLogError(
                .illegal, "acquisition \(id) of \(device) is \(state.rawValue); it cannot \(event.rawValue) there")
        }
        state = next
        transitions.append(Transition(next, at: time))
    }
}

// MARK: - Stopping

extension Acquisition {
    /// Notes that somebody wants it to end; the first stop counts.
    ///
    /// The device sees it in ``stop`` and ``untilStopped()``.
    public func requestStop(_ stop: AcquisitionStop) async throws {
        try await journal.change(id) { record, _ in
            guard record.stop == nil, !record.state.isFinal, record.verdict == nil else { return [] }
            record.stop = stop
            return [AcquisitionEvent.changed]
        }
    }

    /// Returns when a stop is asked for, when the acquisition has ended, or when the task is cancelled.
    public func untilStopped() async {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let over = state.withLock { state in
                    if state.record.stop != nil || state.record.state.isFinal || Task.isCancelled { return true }
                    state.stopWaiters[key] = continuation
                    return false
                }
                if over { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.stopWaiters.removeValue(forKey: key) }?.resume()
        }
    }
}

// MARK: - Counting

extension Acquisition {
    /// One frame came; indexes start at the plan's first index.
    ///
    /// Lost ones show as gaps.
    public func frame(index: Int64) { frames(indexes: index..<(index &+ 1)) }

    /// Frames with these indexes came, in any order; an index that comes twice counts once.
    public func frames(indexes: Range<Int64>) { count { $0.add(indexes: indexes) } }

    /// So many frames came, without indexes.
    public func frames(_ number: Int64) {
        count { ledger in
            ledger.add(number)
            return true
        }
    }

    /// The source says that so many frames were lost, without saying which.
    public func lost(_ number: Int64) {
        count { ledger in
            ledger.lose(number)
            return true
        }
    }

    /// Numbers of frames cannot be known; the record will say `not counted`.
    public func cannotCount() {
        count { ledger in
            ledger.stopCounting()
            return true
        }
    }

    private func count(_ change: (inout FrameLedger) -> Bool) {
        let now = Timestamp.monotonicNanoseconds()
        let due: (publish: Bool, save: Bool) = state.withLock { state in
            guard state.record.verdict == nil, change(&state.ledger) else { return (false, false) }
            guard now &- state.published >= 100_000_000 else { return (false, false) }
            state.published = now
            guard now &- state.saved >= 1_000_000_000 else { return (true, false) }
            state.saved = now
            return (true, true)
        }
        if due.publish { journal.progress(self, save: due.save) }
    }
}
