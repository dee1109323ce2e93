// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// The running daemon's private door for its own command line: one JSON line each way on a Unix socket in the state
/// directory, which only the owner's account may enter.
final class ControlSocket: Sendable {
    private static let requestLimit = 4096
    private static let answerLimit = 64 << 20

    private let descriptor: Int32
    private let path: String
    private let isClosed = Atomic<Bool>(false)

    /// Opens the socket and answers each request by `answer`, on a thread of its own.
    /// - Throws: ``DeviceError`` with the path and the reason.
    init(state: String, answer: @escaping @Sendable (JSON) -> JSON) throws {
        path = Self.path(state)
        unsafe unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let isOpen = try unsafe Self.withAddress(path) { address, length in
            let mask = umask(0o077)
            defer { umask(mask) }
            return unsafe bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0
        }
        guard descriptor >= 0, isOpen else {
            throw DeviceError(.storage, "\(path) cannot be opened: \(SystemText.error(errno))")
        }
        SerialThread(name: "daqd-control").perform { [self] in serve(answer) }
    }

    static func path(_ state: String) -> String { state + "/daqd.sock" }

    private func serve(_ answer: @escaping @Sendable (JSON) -> JSON) {
        while true {
            let client = accept(descriptor, nil, nil)
            if isClosed.load(ordering: .acquiring) {
                if client >= 0 { close(client) }
                break
            }
            guard client >= 0 else { continue }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            Self.limitWaiting(client)
            let reply: JSON
            do {
                reply = answer(try JSON(parsing: Self.readLine(client, limit: Self.requestLimit)))
            } catch {
                reply = .object([("error", .string("\(error)"))])
            }
            Self.writeAll(client, Array((reply.text + "\n").utf8))
            close(client)
        }
        close(descriptor)
        unsafe unlink(path)
    }

    /// Ends the thread and removes the socket.
    func shut() {
        isClosed.store(true, ordering: .releasing)
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Asks the daemon that runs on a state directory.
    /// - Throws: ``DeviceError`` when none runs there.
    static func ask(_ request: JSON, state: String) throws -> JSON {
        let path = Self.path(state)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw DeviceError(.failed, "no socket: \(SystemText.error(errno))") }
        defer { close(descriptor) }
        let isConnected = try unsafe withAddress(path) { address, length in
            unsafe connect(descriptor, address, length) == 0
        }
        guard isConnected else {
            throw DeviceError(
                .disconnected,
                "no daqd answers at \(path) (\(SystemText.error(errno))); start it with this configuration")
        }
        limitWaiting(descriptor)
        writeAll(descriptor, Array((request.text + "\n").utf8))
        return try JSON(parsing: readLine(descriptor, limit: answerLimit))
    }

    /// A client that says nothing must not hold the only thread.
    private static func limitWaiting(_ descriptor: Int32) {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private static func withAddress<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw DeviceError(.storage, "the path \(path) is too long for a socket; choose a shorter `site.state`")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { raw in unsafe raw.copyBytes(from: bytes) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func readLine(_ descriptor: Int32, limit: Int) -> [UInt8] {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while line.count < limit {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            line += chunk.prefix(count)
            if chunk.prefix(count).contains(10) { break }
        }
        return line
    }

    private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe send(
                    descriptor, raw.baseAddress?.advanced(by: offset), raw.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            offset += count
        }
    }
}
