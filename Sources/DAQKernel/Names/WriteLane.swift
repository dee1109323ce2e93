// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Carries out the writes of one name in the order in which they were asked for, one after the other.
final class WriteLane: Sendable {
    typealias Job = @Sendable () async -> Void

    private let state = Mutex<[Job]>([])
    /// Changed with the lock held, read without it.
    private let isRunning = Atomic<Bool>(false)

    /// Whether nothing waits or runs: then a write that needs no device may be carried out at once.
    var isIdle: Bool { !isRunning.load(ordering: .acquiring) }

    /// Adds a write; it runs behind those before it.
    func add(_ job: @escaping Job) {
        let isFirst = state.withLock { jobs in
            jobs.append(job)
            return !isRunning.exchange(true, ordering: .acquiringAndReleasing)
        }
        if isFirst { Task { await run() } }
    }

    private func run() async {
        while let job = next() { await job() }
    }

    private func next() -> Job? {
        state.withLock { jobs in
            guard !jobs.isEmpty else {
                isRunning.store(false, ordering: .releasing)
                return nil
            }
            return jobs.removeFirst()
        }
    }
}
