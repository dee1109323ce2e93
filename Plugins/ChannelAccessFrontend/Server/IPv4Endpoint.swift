// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// An address of IPv4 with a port; Channel Access knows no other.
struct IPv4Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// In the host's byte order.
    var address: UInt32
    var port: UInt16

    static let any: UInt32 = 0

    init(_ address: UInt32, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    init(_ raw: sockaddr_in) {
        address = UInt32(bigEndian: raw.sin_addr.s_addr)
        port = UInt16(bigEndian: raw.sin_port)
    }

    /// A host or address, perhaps with a port behind a colon; a name is looked up.
    init?(_ text: String, port defaultPort: UInt16) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { return nil }
        if parts.count == 2 {
            guard let given = UInt16(parts[1]), given > 0 else { return nil }
            port = given
        } else {
            port = defaultPort
        }
        guard let address = Self.resolve(String(host)) else { return nil }
        self.address = address
    }

    private static func resolve(_ host: String) -> UInt32? {
        var bytes = in_addr()
        if unsafe inet_pton(AF_INET, host, &bytes) == 1 { return UInt32(bigEndian: bytes.s_addr) }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_INET
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0, let list = unsafe list else { return nil }
        defer { unsafe freeaddrinfo(list) }
        return unsafe list.pointee.ai_addr.map { raw in
            unsafe raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { unsafe IPv4Endpoint($0.pointee).address }
        }
    }

    /// As the system calls take it.
    var raw: sockaddr_in {
        var raw = sockaddr_in()
        raw.sin_family = sa_family_t(AF_INET)
        raw.sin_port = port.bigEndian
        raw.sin_addr = in_addr(s_addr: address.bigEndian)
        return raw
    }

    /// Calls `body` with the endpoint as the system calls take it.
    func withRaw<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var raw = raw
        return unsafe withUnsafePointer(to: &raw) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    var isMulticast: Bool { address >> 28 == 14 }
    var isLoopback: Bool { address >> 24 == 127 }
    /// The address without the port.
    var host: String { (0..<4).map { String(address >> (24 - 8 * $0) & 0xFF) }.joined(separator: ".") }
    var description: String { "\(host):\(port)" }
}
