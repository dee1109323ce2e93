// Part of daqd
// SPDX-License-Identifier: MIT

import CEventLoop
import DAQKernel
import Glibc

/// One bound and listening socket; hands accepted descriptors on.
final class Listener: EventHandler, @unchecked Sendable {  // sound: touched in its loop's turn after `attach`
    let port: Int
    private var descriptor: Int32
    private var id: UInt64 = 0
    private weak var loop: EventLoop?
    private let accepted: (Int32, PeerAddress) -> Void

    /// Binds and listens.
    /// - Throws: With address, port and the system's reason.
    init(
        address: String, port: Int, accepted: @escaping (Int32, PeerAddress) -> Void
    ) throws(DeviceError) {
        self.accepted = accepted
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(address, "\(port)", &hints, &list)
        guard status == 0, let first = unsafe list else {
            throw DeviceError(.failed, "cannot listen at \(address): \(unsafe String(cString: gai_strerror(status)))")
        }
        defer { unsafe freeaddrinfo(first) }
        let family = unsafe first.pointee.ai_family
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure(address, port, errno) }
        Self.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if family == AF_INET6 { Self.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        let bound = unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        guard bound == 0, listen(descriptor, 511) == 0, let actual = Self.localPort(descriptor) else {
            let code = errno
            close(descriptor)
            throw Self.failure(address, port, code)
        }
        self.port = actual
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Begins to accept on a loop; called on its thread.
    func attach(to loop: EventLoop) {
        self.loop = loop
        id = loop.add(descriptor, self, EventLoop.readable)
    }

    func ready(_ events: UInt32) {
        for _ in 0..<64 {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let client = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe daqd_accept(descriptor, address, &length)
                }
            }
            guard client >= 0 else { return pause(errno) }
            accepted(client, PeerAddress(storage, length: length))
        }
    }

    /// Without descriptors left the listener would be ready for ever: it looks again in a second.
    private func pause(_ code: Int32) {
        guard code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS, let loop else { return }
        loop.change(descriptor, id: id, to: 0)
        loop.schedule(after: 1) { [weak self, weak loop] in
            guard let self, descriptor >= 0 else { return }
            loop?.change(descriptor, id: id, to: EventLoop.readable)
        }
    }

    func goOn() {}

    func ended() {
        loop?.remove(descriptor, id: id)
        close(descriptor)
        descriptor = -1
    }

    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func failure(_ address: String, _ port: Int, _ code: Int32) -> DeviceError {
        let hint = code == EADDRINUSE ? "; another program listens there: choose another port or stop it" : ""
        return DeviceError(.failed, "cannot listen at \(address) port \(port): \(systemErrorText(code))\(hint)")
    }

    private static func localPort(_ descriptor: Int32) -> Int? {
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
