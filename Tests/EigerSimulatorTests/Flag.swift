// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization

/// Something that happens once and is looked at from elsewhere.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .acquiring) }

    func raise() { value.store(true, ordering: .releasing) }
}
