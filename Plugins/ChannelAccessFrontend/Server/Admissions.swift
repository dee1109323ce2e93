// Part of daqd
// SPDX-License-Identifier: MIT

import Synchronization

/// How many circuits there may be, in all and from one address.
final class Admissions: Sendable {
    private let total: Int
    private let perAddress: Int
    private let open = Mutex<[UInt32: Int]>([:])
    private let count = Mutex(0)

    init(total: Int, perAddress: Int) {
        self.total = total
        self.perAddress = perAddress
    }

    /// Takes a place for a circuit.
    /// - Returns: Why there is none; `nil` when it was taken.
    func enter(_ peer: IPv4Endpoint) -> String? {
        open.withLock { open in
            let all = count.withLock { $0 }
            guard all < total else { return "there are \(total) circuits (max_connections)" }
            let here = open[peer.address, default: 0]
            guard here < perAddress else {
                return "\(peer.host) has \(perAddress) circuits (max_connections_per_address)"
            }
            open[peer.address] = here + 1
            count.withLock { $0 += 1 }
            return nil
        }
    }

    /// Gives the place back.
    func leave(_ peer: IPv4Endpoint) {
        open.withLock { open in
            guard let here = open[peer.address] else { return }
            open[peer.address] = here > 1 ? here - 1 : nil
            count.withLock { $0 -= 1 }
        }
    }
}
