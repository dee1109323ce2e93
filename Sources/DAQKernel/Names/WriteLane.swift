// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Carries out the writes of one name in the order in which they were asked for, one after the other.
final class WriteLane: Sendable {
    typealias Job = @Sendable () async -> Void

    private let state = Mutex<(jobs: [Job], isRunning: Bool)>(([], false))

    /// Whether nothing waits or runs: then a write that needs no device may be carried out at once.
    var isIdle: Bool { state.withLock { !$0.isRunning } }

    /// Adds a write; it runs behind those before it.
    func add(_ job: @escaping Job) {
        let isFirst = state.withLock { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { Task { await run() } }
    }

    private func run() async {
        while let job = next() { await job() }
    }

    private func next() -> Job? {
        state.withLock { state in
            state.isRunning = !state.jobs.isEmpty
            return state.isRunning ? state.jobs.removeFirst() : nil
        }
    }
}
