// Part of daqd
// SPDX-License-Identifier: MIT

import Synchronization

/// The receivers of one published name, on whichever loops they live; safe from any thread.
final class LineChannel: Sendable {
    /// One receiver; its lines are pushed in its own loop's turn, in order.
    struct Receiver: Sendable {
        let loop: EventLoop
        let push: @Sendable ([UInt8]) -> Void
    }

    private let receivers = Mutex<(next: Int, all: [Int: Receiver])>((0, [:]))

    var isEmpty: Bool { receivers.withLock { $0.all.isEmpty } }

    /// - Returns: A number for ``remove(_:)``.
    func add(_ receiver: Receiver) -> Int {
        receivers.withLock { receivers in
            receivers.next += 1
            receivers.all[receivers.next] = receiver
            return receivers.next
        }
    }

    func remove(_ number: Int) { receivers.withLock { $0.all[number] = nil } }

    /// Sends a line to every receiver.
    func send(_ line: [UInt8]) {
        for receiver in receivers.withLock({ Array($0.all.values) }) { receiver.loop.post { receiver.push(line) } }
    }
}
