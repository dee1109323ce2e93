// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// A bound and listening TCP socket, and what it is bound to.
struct ListeningSocket {
    let descriptor: CInt
    let port: Int
    let isIPv6: Bool

    /// Binds and listens.
    /// - Throws: ``HTTPServerError`` with the address, the port and the system's reason.
    init(address: String, port: Int) throws(HTTPServerError) {
        guard (0...65535).contains(port) else { throw HTTPServerError("port \(port) is not within 0 to 65535") }
        let name = address.hasPrefix("[") && address.hasSuffix("]") ? String(address.dropFirst().dropLast()) : address
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(name, "\(port)", &hints, &list)
        guard status == 0, let first = unsafe list else {
            throw HTTPServerError("cannot listen at \(address): \(unsafe String(cString: gai_strerror(status)))")
        }
        defer { unsafe freeaddrinfo(first) }
        let family = unsafe first.pointee.ai_family
        descriptor = socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure(address, port, errno) }
        isIPv6 = family == AF_INET6
        var one: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size)
        let bound = unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        guard bound == 0, listen(descriptor, 511) == 0, let actual = Self.localPort(descriptor) else {
            let code = errno
            close(descriptor)
            throw Self.failure(address, port, code)
        }
        self.port = actual
    }

    private static func failure(_ address: String, _ port: Int, _ code: CInt) -> HTTPServerError {
        let reason = unsafe String(cString: strerror(code))
        let hint = code == EADDRINUSE ? "; another program listens there: choose another port or stop it" : ""
        return HTTPServerError("cannot listen at \(address) port \(port): \(reason)\(hint)")
    }

    private static func localPort(_ descriptor: CInt) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getsockname(descriptor, address, &length)
            }
        }
        guard status == 0 else { return nil }
        return unsafe withUnsafeBytes(of: &storage) { Int(unsafe $0[2]) << 8 | Int(unsafe $0[3]) }
    }
}
