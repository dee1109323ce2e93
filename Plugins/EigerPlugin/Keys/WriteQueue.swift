// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization

/// Lets one writer after the other at the detector; of those who wait, the one whose key must be set first.
final class WriteQueue: Sendable {
    private struct Waiting {
        var rank: Int
        var number: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var isHeld = false
        var waiting: [Waiting] = []
        var count = 0
    }

    private let state = Mutex(State())

    /// Whether nobody waits.
    var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }

    /// How many wait; for tests.
    var waitingCount: Int { state.withLock { $0.waiting.count } }
    /// Whether somebody has the turn; for tests.
    var isHeld: Bool { state.withLock { $0.isHeld } }

    func withTurn<Value: Sendable>(
        rank: Int, _ body: @Sendable () async throws -> Value
    ) async rethrows -> Value {
        await withCheckedContinuation { continuation in
            let isMine = state.withLock { state in
                if state.isHeld {
                    state.count += 1
                    state.waiting.append(Waiting(rank: rank, number: state.count, continuation: continuation))
                    return false
                }
                state.isHeld = true
                return true
            }
            if isMine { continuation.resume() }
        }
        defer { release() }
        return try await body()
    }

    private func release() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            let first = state.waiting.indices.min {
                let (one, other) = (state.waiting[$0], state.waiting[$1])
                return one.rank == other.rank ? one.number < other.number : one.rank < other.rank
            }
            guard let first else {
                state.isHeld = false
                return nil
            }
            return state.waiting.remove(at: first).continuation
        }
        next?.resume()
    }
}
