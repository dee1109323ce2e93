// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// One call that waits for a newer sample of a parameter.
final class ValueWait: Sendable {
    private let member: NamedMember
    private let since: Int64
    private let call: RPCCall
    private let subscription = Mutex<(subscription: Subscription?, timer: Task<Void, Never>?)>((nil, nil))

    init(_ member: NamedMember, since: Int64, _ call: RPCCall) {
        self.member = member
        self.since = since
        self.call = call
    }

    /// Waits until the sample comes, the time is up or the caller vanishes.
    func begin(timeout: Double) {
        let subscription = Subscription(capacity: 2) { [weak self] in self?.look() }
        self.subscription.withLock { $0.subscription = subscription }
        // The call keeps the wait until its end.
        call.onEnd { self.end() }
        call.onAbandon { [weak call] in call?.complete(.value(.null)) }
        subscription.add(member.source)
        look()
        guard timeout > 0 else {
            call.complete(.value(.null))
            return
        }
        let timer = Task { [weak call] in
            try? await Task.sleep(nanoseconds: UInt64(timeout * 1e9))
            call?.complete(.value(.null))
        }
        self.subscription.withLock { $0.timer = timer }
    }

    private func look() {
        subscription.withLock { $0.subscription }?.drain { _ in }
        if member.sample.timestamp.nanoseconds > since { call.complete(.value(DeviceServices.value(of: member))) }
    }

    private func end() {
        let (subscription, timer) = subscription.withLock { state in
            defer { state = (nil, nil) }
            return state
        }
        subscription?.cancel()
        timer?.cancel()
    }
}
