// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization

/// A result that comes once, and those who wait for it.
final class OneShot<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// The first result counts.
    func resolve(_ result: Result<Value, any Error>) {
        let waiters = state.withLock { state in
            guard state.result == nil else { return [CheckedContinuation<Void, Never>]() }
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    var isResolved: Bool { state.withLock { $0.result != nil } }

    /// Waits for the result, also when the caller is cancelled: whoever resolves it ends in bounded time.
    func value() async throws -> Value {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.result == nil { state.waiters.append(continuation) }
                return state.result != nil
            }
            if isThere { continuation.resume() }
        }
        guard let result = state.withLock({ $0.result }) else { throw CancellationError() }
        return try result.get()
    }
}
