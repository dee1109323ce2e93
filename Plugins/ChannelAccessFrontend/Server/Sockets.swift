// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// Why a socket could not be opened.
struct SocketError: Error, CustomStringConvertible {
    var what: String
    var number: Int32

    init(_ what: String) {
        self.what = what
        number = errno
    }

    var isAddressInUse: Bool { number == EADDRINUSE }
    var description: String { "\(what): \(unsafe String(cString: strerror(number)))" }
}

/// Sockets as this server needs them: not blocking, closed on exec.
enum Sockets {
    private static let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    /// A socket for datagrams at an address that other servers of this machine may have as well.
    static func datagrams(at endpoint: IPv4Endpoint) throws(SocketError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw SocketError("a UDP socket") }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)
        set(descriptor, SOL_SOCKET, SO_BROADCAST, 1)
        set(descriptor, SOL_SOCKET, SO_RCVBUF, 1_048_576)
        try bind(descriptor, endpoint, "UDP \(endpoint)")
        return descriptor
    }

    /// Joins a multicast group on a socket that is bound to it.
    static func join(_ descriptor: Int32, group: UInt32, interface: UInt32) throws(SocketError) {
        var request = ip_mreq(
            imr_multiaddr: in_addr(s_addr: group.bigEndian), imr_interface: in_addr(s_addr: interface.bigEndian))
        let size = socklen_t(MemoryLayout<ip_mreq>.size)
        guard unsafe setsockopt(descriptor, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, &request, size) == 0 else {
            throw SocketError("multicast group \(IPv4Endpoint(group, 0).host)")
        }
    }

    /// A socket that only sends, also to all of a network or to a group.
    static func sender(multicastTTL: Int) throws(SocketError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw SocketError("a UDP socket for beacons") }
        set(descriptor, SOL_SOCKET, SO_BROADCAST, 1)
        set(descriptor, Int32(IPPROTO_IP), IP_MULTICAST_TTL, Int32(truncatingIfNeeded: multicastTTL))
        set(descriptor, Int32(IPPROTO_IP), IP_MULTICAST_LOOP, 1)
        return descriptor
    }

    /// A socket that accepts circuits.
    static func listener(at endpoint: IPv4Endpoint) throws(SocketError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw SocketError("a TCP socket") }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        try bind(descriptor, endpoint, "TCP \(endpoint)")
        guard listen(descriptor, 128) == 0 else {
            let error = SocketError("TCP \(endpoint)")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The send buffer of a circuit; the system doubles it.
    ///
    /// Left to itself it grows to 4 MB of an image ahead, which the client's processor then sends to itself, piece by piece and from
    /// memory, while this one rests. A small one keeps both at work and what a slow client gets young; 0.5 MB for each round trip are
    /// 2.5 GB/s at 0.2 ms. A limit of what is unsent alone (TCP_NOTSENT_LOWAT) gained less.
    private static let sendBuffer: Int32 = 262_144

    /// What an accepted circuit needs: no delay, and an end when the peer's machine is gone.
    ///
    /// While nothing is on its way, the keepalive finds that out, after 30 s and three questions 10 s apart; otherwise the user timeout
    /// does, which also ends a circuit whose client lives but reads nothing.
    /// - Parameter unreadSeconds: The user timeout.
    static func prepare(circuit descriptor: Int32, unreadSeconds: Int) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 30)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: unreadSeconds * 1000))
        set(descriptor, SOL_SOCKET, SO_SNDBUF, sendBuffer)
    }

    /// The port that a socket got.
    static func port(of descriptor: Int32) -> UInt16 {
        var raw = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &raw) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        return IPv4Endpoint(raw).port
    }

    /// Whether another socket has this UDP port already.
    static func isShared(udpPort port: UInt16) -> Bool {
        guard let file = unsafe fopen("/proc/net/udp", "re") else { return false }
        defer { unsafe fclose(file) }
        let digits = String(port, radix: 16, uppercase: true)
        let wanted = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        var line: UnsafeMutablePointer<CChar>?
        var size = 0
        defer { unsafe free(line) }
        while unsafe getline(&line, &size, file) > 0, let text = unsafe line {
            let words = unsafe String(cString: text).split(separator: " ")
            if words.count > 1, words[1].hasSuffix(wanted) { return true }
        }
        return false
    }

    private static func bind(
        _ descriptor: Int32, _ endpoint: IPv4Endpoint, _ what: String
    ) throws(SocketError) {
        guard unsafe endpoint.withRaw({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let error = SocketError(what)
            close(descriptor)
            throw error
        }
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
