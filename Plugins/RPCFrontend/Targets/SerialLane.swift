// Part of daqd
// SPDX-License-Identifier: MIT

import Synchronization

/// Lets one call of a target run after the other, whichever connections they come from.
final class SerialLane: Sendable {
    typealias Job = @Sendable (_ done: @escaping @Sendable () -> Void) -> Void
    private let state = Mutex<(isBusy: Bool, waiting: [Job])>((false, []))

    /// Runs a job now, or after those before it; it says when it is done.
    func run(_ job: @escaping Job) {
        let isFree = state.withLock { state in
            if state.isBusy { state.waiting.append(job) }
            defer { state.isBusy = true }
            return !state.isBusy
        }
        if isFree { job { [self] in next() } }
    }

    private func next() {
        let job: Job? = state.withLock { state in
            state.isBusy = !state.waiting.isEmpty
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }
        job? { [self] in next() }
    }
}
