// Part of daqd
// SPDX-License-Identifier: MIT

/// Runs the post-operations of all acquisitions, each chain in its order, and forgets none.
///
/// Every step is in the run log before it is taken. The ``AcquisitionCoordinator`` queues a chain in the transaction that judges its
/// acquisition; the runtime calls ``configure(device:chain:limit:)`` for each device at start and after each reload.
public actor PostOperationQueue {
    private struct Chain {
        var entries: [PostOperationEntry]
        var limit: Int
    }

    /// The work on one acquisition's chain.
    final class Run {
        var task: Task<Void, Never>?
        var attempt: PostOperationAttempt?
        /// Nobody waits for this chain any more.
        var isBehind = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// The acquisition is in its final state, which operations behind it are to see.
        var isEnded = false
        var endWaiters: [CheckedContinuation<Void, Never>] = []
        /// Something changed that this pass may not have seen: another one follows.
        var isStale = false
    }

    private struct Slots {
        var used = 0
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    let journal: AcquisitionJournal
    let logger: Logger
    let clock: RunClock
    private var chains: [String: Chain] = [:]
    private var runs: [String: Run] = [:]
    private var slots: [String: Slots] = [:]
    private var sleeps: [String: Task<Void, any Error>] = [:]
    private(set) var isEnding = false

    init(journal: AcquisitionJournal, logger: Logger, clock: RunClock) {
        self.journal = journal
        self.logger = logger
        self.clock = clock
    }

    // MARK: - For the runtime

    /// Sets the chain of a device; also frees operations that were blocked because an entry was missing.
    ///
    /// Operations in the queue find their entry by name, so a changed entry holds from their next attempt on.
    /// - Parameter limit: How many acquisitions of the device may have a post-operation running behind at once, at least 1.
    public func configure(device: String, chain: [PostOperationEntry], limit: Int = 2) async {
        let isReload = chains[device] != nil
        chains[device] = Chain(entries: chain, limit: max(1, limit))
        if isReload { await resume(device: device) }
    }

    /// Runs an operation again that failed or was skipped, with all its attempts before it, and those after it.
    /// - Throws: ``RunLogError``: `illegal` when there is no such operation or it is not over.
    public func retry(_ number: Int64) async throws {
        let job: PostOperationRecord = try await journal.log.write { connection in
            guard let job = try connection.postOperations("WHERE sequence = ?1", [.integer(number)]).first else {
                throw RunLogError(.illegal, "there is no post-operation \(number)")
            }
            guard job.state == .failed || job.state == .skipped else {
                let state = job.state.rawValue
                throw RunLogError(.illegal, "post-operation \(number) is \(state); only failed ones are repeated")
            }
            try connection.run(
                """
                UPDATE post_operations SET state = 'waiting', attempts = 0, next_time = NULL, ended = NULL, note = NULL
                WHERE acquisition = ?1 AND position >= ?2 AND state IN ('failed', 'skipped')
                """, [.text(job.acquisition), .integer(Int64(job.position))])
            return job
        }
        start(job.acquisition, device: job.device)
    }

    /// Puts what runs back into the queue and lets waiting callers go; nothing starts any more.
    func shutdown(grace: Duration) async {
        isEnding = true
        for device in slots.keys {
            for waiter in slots[device]?.waiting ?? [] { waiter.resume(returning: false) }
            slots[device]?.waiting = []
        }
        for sleep in sleeps.values { sleep.cancel() }
        let open = Array(runs.values)
        for run in open {
            run.attempt?.callOff(grace: grace)
            end(run)
        }
        for task in open.compactMap(\.task) { await task.value }
    }

    // MARK: - For the coordinator

    /// The chain that a device has now.
    func chain(of device: String) -> [PostOperationEntry] { chains[device]?.entries ?? [] }

    /// Settles attempts that a crash interrupted; called once, before anything starts.
    ///
    /// The rules are not known yet; whether another attempt is made is decided when the chain is taken up.
    func takeUp() async throws {
        let now = clock.now()
        try await journal.log.write { connection in
            for var job in try connection.postOperations("WHERE state = 'running'") {
                job.state = .retrying
                job.nextTime = now
                job.lastError = "daqd ended without warning during attempt \(job.attempts)"
                try connection.update(job)
            }
        }
    }

    /// Starts everything that is open.
    func resume() async { await resume(device: nil) }

    /// Starts the chain of one acquisition; one that runs already is looked at once more at its end.
    func start(_ acquisition: String, device: String) {
        guard !isEnding else { return }
        if let run = runs[acquisition] {
            run.isStale = true
            return
        }
        let run = Run()
        run.isEnded = journal.acquisition(acquisition)?.record.state.isFinal ?? true
        runs[acquisition] = run
        run.task = Task { await self.work(on: acquisition, device, run) }
    }

    /// Returns when all waiting operations of the acquisition have had an attempt, or when the next one would come only after a pause.
    func attempted(_ acquisition: String) async {
        guard let run = runs[acquisition], !run.isBehind else { return }
        await withCheckedContinuation { run.waiters.append($0) }
    }

    /// The acquisition is in its final state: what runs behind may begin.
    func ended(_ acquisition: String) {
        if let run = runs[acquisition] { end(run) }
    }

    private func resume(device: String?) async {
        do {
            for open in try await journal.log.acquisitionsWithOpenPostOperations(of: device) {
                start(open.id, device: open.device)
            }
        } catch {
            logger.error("The queue of post-operations cannot be read", ["error": .string(String(describing: error))])
        }
    }

    // MARK: - One chain

    private func work(on acquisition: String, _ device: String, _ run: Run) async {
        do {
            while !isEnding, try await step(acquisition, run) {}
        } catch is CancellationError {
            // daqd ends; the queue is as it was.
        } catch {
            logger.error(
                "Post-operations of an acquisition stopped; they are taken up at the next start",
                ["acquisition": .string(acquisition), "error": .string(String(describing: error))])
        }
        letGo(run)
        runs[acquisition] = nil
        if run.isStale { start(acquisition, device: device) }
    }

    /// Brings the first operation that is not over one attempt further; `false` when there is nothing to do.
    private func step(_ acquisition: String, _ run: Run) async throws -> Bool {
        let jobs = try await journal.log.postOperations(of: acquisition)
        if !jobs.contains(where: { $0.waits && $0.attempts == 0 && !$0.state.isFinal }) { letGo(run) }
        guard let job = jobs.first(where: { !$0.state.isFinal }) else { return false }
        guard let entry = chains[job.device]?.entries.first(where: { $0.name == job.name }) else {
            try await block(job, "device \(job.device) has no post-operation \(job.name) in the configuration")
            return false
        }
        if let absence = entry.absence {
            try await block(job, absence)
            return false
        }
        if job.state == .retrying {
            if job.attempts > entry.rules.retries {
                try await settle(job, .crashed, entry)
                return true
            }
            try await pause(until: job.nextTime, acquisition, run)
        }
        guard run.isBehind else {
            try await attempt(job, entry, run)
            return true
        }
        if !run.isEnded { await withCheckedContinuation { run.endWaiters.append($0) } }
        guard await takeSlot(job.device) else { throw CancellationError() }
        defer { giveSlot(job.device) }
        try await attempt(job, entry, run)
        return true
    }

    /// One attempt: counted in the run log before it begins, and its end written after.
    private func attempt(_ waiting: PostOperationRecord, _ entry: PostOperationEntry, _ run: Run) async throws {
        var job = waiting
        job.state = .running
        job.attempts += 1
        job.began = clock.now()
        job.nextTime = nil
        try await save(job)
        guard let record = try await journal.log.acquisition(job.acquisition) else {
            throw RunLogError(.corrupt, "acquisition \(job.acquisition) of a post-operation is not in the run log")
        }
        let attempt = PostOperationAttempt(entry, clock: clock)
        run.attempt = attempt
        if isEnding { attempt.callOff(grace: .zero) }
        let logger = logger.child(entry.name)
        let number = JSON.integer(Int64(job.attempts))
        logger.info("Post-operation begins", ["acquisition": .string(job.acquisition), "attempt": number])
        let work = PostOperationJob(acquisition: record, name: job.name, attempt: job.attempts)
        let outcome = await attempt.run(work, logger: logger)
        run.attempt = nil
        try await settle(job, outcome, entry)
    }

    /// Writes what became of an attempt, and what it means for the acquisition and the rest of the chain.
    private func settle(
        _ begun: PostOperationRecord, _ outcome: PostOperationOutcome, _ entry: PostOperationEntry
    ) async throws {
        let decision = PostOperationDecision(after: outcome, attempts: begun.attempts, rules: entry.rules)
        let now = clock.now()
        var settled = begun
        settled.state = decision.state
        settled.attempts = decision.attempts
        settled.nextTime = decision.pause.map { now.adding($0) }
        settled.ended = decision.state.isFinal ? now : nil
        settled.lastError = decision.error ?? (decision.state == .succeeded ? nil : begun.lastError)
        if case .succeeded(let result) = outcome { settled.note = result.note }
        let job = settled
        let journal = journal
        let findings = PostOperationFindings(outcome, of: job)
        let stops = job.state == .failed && entry.rules.onFailure == .stop
        try await persistently {
            try await journal.change(job.acquisition) { record, connection in
                try connection.update(job)
                let skipped = stops ? try connection.skipRest(after: job, at: now) : []
                let events = try findings.apply(to: &record, connection, at: now)
                return events + ([job] + skipped).map { job in { _ in .postOperation(job) } }
            }
        }
        report(job)
    }

    private func block(_ waiting: PostOperationRecord, _ reason: String) async throws {
        if waiting.state == .blocked, waiting.lastError == reason { return }
        var job = waiting
        job.state = .blocked
        job.lastError = reason
        try await save(job)
        report(job)
    }

    private func save(_ job: PostOperationRecord) async throws {
        let journal = journal
        try await persistently {
            try await journal.log.write {
                try $0.update(job)
            } then: {
                journal.publish(.postOperation(job))
            }
        }
    }

    /// Repeats what must be in the run log while a full or locked disk refuses it; gives up only when daqd ends.
    private func persistently<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws {
        var delay = Duration.seconds(1)
        while true {
            do {
                _ = try await work()
                return
            } catch let error as RunLogError where error.isTemporary {
                logger.error("The run log cannot be written; trying again", ["error": .string(error.message)])
                if isEnding { throw error }
                try await clock.sleep(delay)
                delay = min(delay * 2, .seconds(30))
            }
        }
    }

    // MARK: - Waiting

    /// From here on nobody waits for this chain.
    private func letGo(_ run: Run) {
        run.isBehind = true
        for waiter in run.waiters { waiter.resume() }
        run.waiters = []
    }

    private func end(_ run: Run) {
        run.isEnded = true
        for waiter in run.endWaiters { waiter.resume() }
        run.endWaiters = []
    }

    /// Sleeps until an attempt is due, and lets callers go before; never longer than the longest pause, whatever the clock did.
    private func pause(until time: Timestamp?, _ acquisition: String, _ run: Run) async throws {
        guard let time, case let rest = time.since(clock.now()), rest > .zero else { return }
        letGo(run)
        let clock = clock
        let sleep = Task { try await clock.sleep(min(rest, PostOperationDecision.longestPause)) }
        sleeps[acquisition] = sleep
        defer { sleeps[acquisition] = nil }
        try await sleep.value
    }

    private func takeSlot(_ device: String) async -> Bool {
        if isEnding { return false }
        if slots[device, default: Slots()].used < chains[device]?.limit ?? 1 {
            slots[device, default: Slots()].used += 1
            return true
        }
        return await withCheckedContinuation { slots[device, default: Slots()].waiting.append($0) }
    }

    /// Hands the slot to the one that waits longest, or frees it.
    private func giveSlot(_ device: String) {
        guard var slot = slots[device] else { return }
        if slot.waiting.isEmpty {
            slot.used -= 1
        } else {
            slot.waiting.removeFirst().resume(returning: true)
        }
        slots[device] = slot
    }
}
