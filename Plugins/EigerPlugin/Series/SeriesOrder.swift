// Part of daqd
// SPDX-License-Identifier: MIT

/// What is asked of the device when a series is to begin.
struct SeriesOrder: Sendable {
    /// What the detector is set to before; `nil`: nothing, it is taken as it is set.
    var wish: SeriesWish?
    /// Whether triggers come by the command `trigger`.
    var isManual: Bool
    /// Whether a detector that is not initialized may be initialized for it: not where its settings are the client's own.
    var mayInitialize: Bool { wish != nil }
}
