// Part of daqd
// SPDX-License-Identifier: MIT

/// When beacons go out: at once, then after 0.02 s, 0.04 s and so on up to the period.
///
/// No clock of its own: the caller says what time it is, in nanoseconds of a clock that never goes back.
struct BeaconSchedule {
    private static let firstInterval = 20_000_000

    private let period: Int
    private var interval: Int
    /// When the next one is due.
    private(set) var due: Int
    /// The number of the next one; it wraps.
    private(set) var number: UInt32 = 0
    private var lastRestart: Int

    init(periodSeconds: Double, now: Int) {
        period = max(Self.firstInterval, Int(periodSeconds * 1e9))
        interval = Self.firstInterval
        due = now
        lastRestart = now
    }

    /// A beacon was sent.
    mutating func didSend(now: Int) {
        number &+= 1
        // From the time it was due, so that load does not make the period uneven; after a long sleep from now.
        due = max(due + interval, now + interval / 2)
        interval = min(interval * 2, period)
    }

    /// Begins again with short intervals, so that clients look for new names; not more often than once in a period.
    mutating func restart(now: Int) {
        guard now - lastRestart >= period else { return }
        lastRestart = now
        interval = Self.firstInterval
        due = now
    }
}
