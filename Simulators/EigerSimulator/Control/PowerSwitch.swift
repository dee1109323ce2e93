// Part of daqd
// SPDX-License-Identifier: MIT

internal import Synchronization

/// Whether the control unit has power; whoever waits for an answer notices that it went away meanwhile.
final class PowerSwitch: Sendable {
    private struct State {
        var isOn = true
        var life = 1
    }
    private let state = Mutex(State())

    /// Counts how often it was switched on; `nil` while nobody answers.
    var life: Int? { state.withLock { $0.isOn ? $0.life : nil } }

    /// Nobody answers from now on.
    func off() { state.withLock { $0.isOn = false } }

    /// It answers again.
    func on() {
        state.withLock { state in
            if !state.isOn { state.life += 1 }
            state.isOn = true
        }
    }
}
