// Part of daqd
// SPDX-License-Identifier: MIT

/// Whether the detector answers and what has to be done about a change: no clock, no socket.
struct LinkState: Sendable, Equatable {
    /// What the watcher has to do.
    enum Effect: Sendable, Equatable {
        /// It answers: the connection alarm goes.
        case connected
        /// It does not answer: the alarm comes, the values stay.
        case disconnected(String)
        /// Its service was started anew: nothing that was known holds, a running series is lost.
        case restarted
        /// Its keys can be read and must be.
        case discover
        /// It is not initialized.
        case uninitialized
    }

    /// One failure may be a hiccup; two in a row are a loss.
    static let failuresUntilLoss = 2
    /// A clock that is set is no restart; one that jumps back by more than this many seconds is.
    static let clockJumpSeconds = 60.0

    private(set) var isConnected = false
    /// The detector's own word; empty before the first answer and while it is away.
    private(set) var state = ""
    private var failures = 0
    private var wasInitialized = false
    private var needsDiscovery = true
    private var lastTime: Double?

    /// The detector answered its state.
    mutating func answered(_ newState: String) -> [Effect] {
        var effects: [Effect] = []
        failures = 0
        if !isConnected {
            isConnected = true
            needsDiscovery = true
            effects.append(.connected)
        }
        let isNew = state != newState
        state = newState
        switch newState {
        case "na":
            if wasInitialized { effects.append(.restarted) }
            if isNew { effects.append(.uninitialized) }
            wasInitialized = false
            needsDiscovery = true
            lastTime = nil
        case "initialize":
            needsDiscovery = true
        default:
            wasInitialized = true
            if needsDiscovery {
                needsDiscovery = false
                effects.append(.discover)
            }
        }
        return effects
    }

    /// The detector answered its clock, in seconds; one that has gone back belongs to a control unit that was booted.
    mutating func answered(clockSeconds: Double) -> [Effect] {
        defer { lastTime = clockSeconds }
        guard let lastTime, clockSeconds < lastTime - Self.clockJumpSeconds else { return [] }
        needsDiscovery = true
        return [.restarted]
    }

    /// Asking failed.
    mutating func failed(_ reason: String) -> [Effect] {
        failures += 1
        guard isConnected, failures >= Self.failuresUntilLoss else {
            // Before the first answer each failure is told, so that the alarm names the present reason.
            return isConnected ? [] : [.disconnected(reason)]
        }
        isConnected = false
        state = ""
        return [.disconnected(reason)]
    }

    /// The keys must be read again: after an initialize, or because reading them failed.
    mutating func forgetKeys() { needsDiscovery = true }

    /// How long to wait after so many failures: 1, 2, 4 … 30 s.
    var backOffSeconds: Double { min(30, Double(1 << min(5, max(0, failures - Self.failuresUntilLoss)))) }
}
