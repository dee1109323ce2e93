// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Whether the alarms of a variable were acknowledged; followed from the first time an alarm handler asks.
final class AlarmAcknowledgement: Sendable {
    private struct State {
        var isTransient: UInt16 = 1
        var severity: UInt16 = 0
        var subscription: Subscription?
    }

    private let state = Mutex(State())

    /// Whether transient alarms must be acknowledged, and the highest severity that was not.
    func values(following source: AnyParameter) -> (transient: UInt16, severity: UInt16) {
        follow(source)
        return state.withLock { ($0.isTransient, $0.severity) }
    }

    /// An acknowledgement up to a severity.
    func acknowledge(_ severity: UInt16, following source: AnyParameter) {
        follow(source)
        state.withLock { state in
            if severity >= state.severity { state.severity = 0 }
        }
    }

    /// Whether alarms that went by themselves must be acknowledged.
    func set(transient: UInt16, following source: AnyParameter) {
        follow(source)
        let present = AlarmCodes.severity(source.sample.alarm)
        state.withLock { state in
            state.isTransient = transient == 0 ? 0 : 1
            if transient == 0 { state.severity = min(state.severity, present) }
        }
    }

    /// Ends what the first question began.
    func close() {
        let subscription = state.withLock { state in
            defer { state.subscription = nil }
            return state.subscription
        }
        subscription?.cancel()
    }

    private func follow(_ source: AnyParameter) {
        let subscription = state.withLock { state -> Subscription? in
            guard state.subscription == nil else { return nil }
            let made = Subscription(capacity: 16) { [weak self] in self?.drain() }
            state.subscription = made
            return made
        }
        guard let subscription else { return }
        subscription.add(source)
        drain()
    }

    private func drain() {
        guard let subscription = state.withLock({ $0.subscription }) else { return }
        subscription.drain { update in
            let severity = AlarmCodes.severity(update.sample.alarm)
            state.withLock { state in
                if severity > state.severity || state.isTransient == 0 { state.severity = severity }
            }
        }
    }
}
