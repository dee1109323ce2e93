// Part of daqd
// SPDX-License-Identifier: MIT

/// The time that runs and post-operations go by; a test puts its own in.
public struct RunClock: Sendable {
    /// The wall clock, which also the run log's times come from.
    public var now: @Sendable () -> Timestamp
    /// Returns after so long, or throws `CancellationError`.
    public var sleep: @Sendable (Duration) async throws -> Void

    /// Makes a clock.
    public init(now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    /// The host's clock.
    public static let system = RunClock(now: { .now() }, sleep: { try await Task.sleep(for: $0) })
}

extension Timestamp {
    /// So much later; stays at the end of time instead of trapping.
    func adding(_ duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return Timestamp(nanoseconds: .max) }
        let (sum, more) = nanoseconds.addingReportingOverflow(whole &+ attoseconds / 1_000_000_000)
        return Timestamp(nanoseconds: more ? .max : sum)
    }

    /// From then to here.
    func since(_ earlier: Timestamp) -> Duration { .nanoseconds(nanoseconds &- earlier.nanoseconds) }
}
