// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Whether the alarms of a variable were acknowledged; followed from the first time an alarm handler asks.
final class AlarmAcknowledgement: Sendable {
    private struct State {
        var isTransient: UInt16 = 1
        var severity: UInt16 = 0
        /// Status and severity as they were last heard: only a change of them must be acknowledged.
        var heard: (UInt16, UInt16)?
        var subscription: Subscription?
    }

    private let state = Mutex(State())
    /// Held while the queue is emptied: who asks and who publishes may both want to.
    private let draining = Mutex(())

    /// Whether transient alarms must be acknowledged, and the highest severity that was not.
    func values(following source: AnyParameter) -> (transient: UInt16, severity: UInt16) {
        follow(source)
        drain()  // the asker may have been woken before this one
        return state.withLock { ($0.isTransient, $0.severity) }
    }

    /// An acknowledgement up to a severity; subscribers hear of it as of an alarm.
    func acknowledge(_ severity: UInt16, following source: AnyParameter) {
        change(source) { state in if severity >= state.severity { state.severity = 0 } }
    }

    /// Whether alarms that went by themselves must be acknowledged.
    func set(transient: UInt16, following source: AnyParameter) {
        let present = AlarmCodes.severity(source.sample.alarm)
        change(source) { state in
            state.isTransient = transient == 0 ? 0 : 1
            if transient == 0 { state.severity = min(state.severity, present) }
        }
    }

    private func change(_ source: AnyParameter, _ body: (inout State) -> Void) {
        let before = values(following: source)
        let after = state.withLock { state in
            body(&state)
            return (transient: state.isTransient, severity: state.severity)
        }
        if after != before { source.repost(.alarm) }
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
    }

    private func drain() {
        guard let subscription = state.withLock({ $0.subscription }) else { return }
        draining.withLock { _ in
            subscription.drain { update in
                let alarm = (AlarmCodes.status(update.sample.alarm), AlarmCodes.severity(update.sample.alarm))
                state.withLock { state in
                    guard state.heard.map({ $0 != alarm }) ?? true else { return }
                    state.heard = alarm
                    if alarm.1 > state.severity || state.isTransient == 0 { state.severity = alarm.1 }
                }
            }
        }
    }
}
