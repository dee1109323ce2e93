// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Counts how often a stop was asked for; a second one ends waits.
final class StopRequests: Sendable {
    private struct State {
        var count = 0
        var waiters: [(Int, Int, CheckedContinuation<Void, Never>)] = []
        var next = 0
    }

    private let state = Mutex(State())

    /// Requests so far.
    var count: Int { state.withLock { $0.count } }

    /// Another request.
    func add() {
        let ready = state.withLock { state in
            state.count += 1
            let count = state.count
            let ready = state.waiters.filter { $0.1 <= count }.map(\.2)
            state.waiters.removeAll { $0.1 <= count }
            return ready
        }
        for waiter in ready { waiter.resume() }
    }

    /// Waits for so many requests, or until the waiting task is cancelled.
    func wait(for count: Int) async {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.count < count, !Task.isCancelled { state.waiters.append((number, count, continuation)) }
                    return state.count >= count || Task.isCancelled
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let index = state.waiters.firstIndex { $0.0 == number }
                return index.map { state.waiters.remove(at: $0).2 }
            }
            waiter?.resume()
        }
    }
}
