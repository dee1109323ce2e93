// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// The client's side of one connection, made when it is accepted.
final class PeerAddress: Sendable {
    /// The numeric address, without port.
    let text: String
    /// The connection's socket, valid while the connection is open.
    let descriptor: CInt
    /// When the request that is being received must be complete: monotonic seconds.
    let deadline = Atomic(Int.max)

    init(_ connection: OpaquePointer) {
        text = unsafe Self.format(daqd_mhd_peer(connection))
        descriptor = unsafe daqd_mhd_socket(connection)
        var one: CInt = 1
        unsafe setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Whether the client closed its side; to be asked only while the connection is open.
    var hasLeft: Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, CInt(MSG_PEEK | MSG_DONTWAIT)) == 0
    }

    private static func format(_ address: UnsafePointer<sockaddr>?) -> String {
        guard let address = unsafe address else { return "" }
        let isIPv6 = unsafe address.pointee.sa_family == sa_family_t(AF_INET6)
        let length = socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard unsafe getnameinfo(address, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return ""
        }
        let text = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
    }
}
