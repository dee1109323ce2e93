// Part of daqd
// SPDX-License-Identifier: MIT

internal import Synchronization

/// The time of the simulated detector, counted from its start.
protocol SimulationClock: Sendable {
    /// How long the simulated detector has existed.
    var now: Duration { get }
    /// Returns at that time, or at once (throwing) when the task is cancelled.
    func sleep(until deadline: Duration) async throws
}

/// Real time, run faster or slower by a factor.
struct ScaledClock: SimulationClock {
    private let start = ContinuousClock.now
    private let speed: Double

    init(speed: Double) { self.speed = speed }

    var now: Duration { (ContinuousClock.now - start) * speed }

    func sleep(until deadline: Duration) async throws {
        // Beyond some hundred years the system's timers overflow; who waits longer looks again then.
        let real = min(deadline / speed, .seconds(3_000_000_000))
        try await ContinuousClock().sleep(until: start + real)
    }
}

/// A clock that only moves when told, for tests.
final class ManualClock: SimulationClock {
    private struct Sleeper {
        var deadline: Duration
        var wake: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var now = Duration.zero
        var nextID: UInt64 = 0
        var sleepers: [UInt64: Sleeper] = [:]
        var cancelled: Set<UInt64> = []
    }
    private let state = Mutex(State())

    var now: Duration { state.withLock { $0.now } }

    /// How many tasks sleep; lets a test wait until the simulation rests.
    var sleeping: Int { state.withLock { $0.sleepers.count } }

    /// The nearest time at which somebody wants to wake.
    var nextDeadline: Duration? { state.withLock { $0.sleepers.values.map(\.deadline).min() } }

    /// Moves on and wakes everybody whose time has come.
    func advance(by step: Duration) {
        let due = state.withLock { state in
            state.now += step
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.sorted { $0.deadline < $1.deadline }
        }
        for sleeper in due { sleeper.wake.resume() }
    }

    func sleep(until deadline: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wake in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[id] = Sleeper(deadline: deadline, wake: wake)
                    return nil
                }
                if let outcome { wake.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.wake.resume(throwing: CancellationError())
        }
    }
}
