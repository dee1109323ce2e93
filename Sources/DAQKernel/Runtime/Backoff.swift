// Part of daqd
// SPDX-License-Identifier: MIT

/// Pauses that double from one attempt to the next, with a ceiling.
struct Backoff: Sendable {
    private let first: Duration
    private let ceiling: Duration
    private var next: Duration

    init(first: Duration = .seconds(1), ceiling: Duration = .seconds(30)) {
        self.first = first
        self.ceiling = ceiling
        next = first
    }

    /// The pause before the next attempt.
    mutating func pause() -> Duration {
        defer { next = min(next * 2, ceiling) }
        return next
    }

    /// Success: the next failure begins with the shortest pause.
    mutating func reset() { next = first }
}
