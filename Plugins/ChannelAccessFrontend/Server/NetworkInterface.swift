// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// An address of this machine with the one that reaches all of its network.
struct NetworkInterface: Equatable, Sendable {
    var name: String
    var address: UInt32
    /// Broadcast address, or the other end of a link between two; `nil` where there is none.
    var broadcast: UInt32?
    var isLoopback: Bool

    /// All interfaces that are up.
    static func all() -> [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&first) == 0 else { return [] }
        defer { unsafe freeifaddrs(first) }
        var found: [NetworkInterface] = []
        var next = unsafe first
        while let entry = unsafe next {
            if let interface = unsafe NetworkInterface(entry.pointee) { found.append(interface) }
            unsafe next = entry.pointee.ifa_next
        }
        return found
    }
}

extension NetworkInterface {
    fileprivate init?(_ entry: ifaddrs) {
        let flags = unsafe Int32(truncatingIfNeeded: entry.ifa_flags)
        guard flags & Int32(IFF_UP) != 0, let address = unsafe Self.address(entry.ifa_addr) else { return nil }
        self.address = address
        unsafe name = String(cString: entry.ifa_name)
        isLoopback = flags & Int32(IFF_LOOPBACK) != 0
        let hasPeer = flags & Int32(IFF_BROADCAST | IFF_POINTOPOINT) != 0
        broadcast = hasPeer ? unsafe Self.address(entry.ifa_ifu.ifu_broadaddr) : nil
    }

    private static func address(_ raw: UnsafeMutablePointer<sockaddr>?) -> UInt32? {
        guard let raw = unsafe raw, unsafe raw.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
        return unsafe raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            unsafe IPv4Endpoint($0.pointee).address
        }
    }
}
