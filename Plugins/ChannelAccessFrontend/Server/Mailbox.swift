// Part of daqd
// SPDX-License-Identifier: MIT

import Synchronization

/// What other threads say to a loop, in order.
final class Mailbox<Letter: Sendable>: Sendable {
    private let letters = Mutex<[Letter]>([])

    func put(_ letter: Letter) { letters.withLock { $0.append(letter) } }

    /// Takes everything; the array's memory is used again.
    func empty(into taken: inout [Letter]) {
        taken.removeAll(keepingCapacity: taken.capacity < 4096)
        letters.withLock { swap(&taken, &$0) }
    }
}
