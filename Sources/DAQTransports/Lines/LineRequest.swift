// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// One line to be sent, and who waits for its answer.
final class LineRequest: Sendable {
    /// What comes back.
    enum Answer { case nothing, line }

    private struct State {
        var continuation: CheckedContinuation<String, any Error>?
        var isCancelled = false
        var isDone = false
    }

    let line: String
    let answer: Answer
    let timeout: Duration
    let priority: TransportPriority
    private let state = Mutex(State())

    init(_ line: String, _ answer: Answer, timeout: Duration, priority: TransportPriority) {
        self.line = line
        self.answer = answer
        self.timeout = timeout
        self.priority = priority
    }

    /// Whether nobody waits any more.
    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Remembers who waits; false when it was cancelled before.
    func wait(_ continuation: CheckedContinuation<String, any Error>) -> Bool {
        state.withLock { state in
            if state.isCancelled || state.isDone { return false }
            state.continuation = continuation
            return true
        }
    }

    /// Lets go of whoever waits; the answer, should it come, is dropped.
    func cancel() {
        let continuation = state.withLock { state in
            state.isCancelled = true
            return take(&state)
        }
        continuation?.resume(throwing: CancellationError())
    }

    /// Gives the result to whoever waits; only the first one counts.
    func finish(_ result: Result<String, any Error>) {
        state.withLock { take(&$0) }?.resume(with: result)
    }

    private func take(_ state: inout State) -> CheckedContinuation<String, any Error>? {
        state.isDone = true
        defer { state.continuation = nil }
        return state.continuation
    }
}
