// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// Where a client comes from.
struct PeerAddress: Sendable, Equatable {
    /// The address in text, without the port: `192.168.1.7`, `::1`.
    var host: String
    /// Whether the client is on this machine.
    var isLoopback: Bool

    init(host: String, isLoopback: Bool) {
        self.host = host
        self.isLoopback = isLoopback
    }

    init(_ storage: sockaddr_storage, length: socklen_t) {
        var storage = storage
        var text = [CChar](repeating: 0, count: 64)
        let status = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getnameinfo(address, length, &text, 64, nil, 0, NI_NUMERICHOST)
            }
        }
        var host = status == 0 ? String(terminated: text) : ""
        if host.hasPrefix("::ffff:"), host.contains(".") { host.removeFirst(7) }
        self.init(host: host, isLoopback: host == "::1" || host.hasPrefix("127."))
    }
}
