// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization

/// Ends somebody's wait before its time; for one waiter, who looks at the facts again after every return.
final class Wake: Sendable {
    private struct State {
        /// Rung while nobody waited.
        var isRung = false
        /// The number of the present wait.
        var turn = 0
        /// Waits up to this number are over.
        var over = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Ends the present wait, or the next one at its beginning.
    func ring() {
        let waiter = state.withLock { state in
            state.isRung = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits until somebody rings, the time is up, or the task is cancelled.
    func wait(for duration: Duration) async {
        let (turn, before) = state.withLock { state in
            state.turn += 1
            defer { state.waiter = nil }
            return (state.turn, state.waiter)
        }
        before?.resume()
        let timer = Task {
            try? await Task.sleep(for: duration)
            self.end(turn)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isRung || state.over >= turn {
                        state.isRung = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            end(turn)
        }
        timer.cancel()
    }

    private func end(_ turn: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.over = max(state.over, turn)
            guard state.turn == turn else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
