// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Synchronization

/// A TCP server on loopback whose behaviour a test writes byte by byte.
public final class RawServer: Sendable {
    /// Where it listens on 127.0.0.1.
    public let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var connections = 0
        var received: [String] = []
    }

    /// Every request received so far, whole, in order of arrival.
    public var received: [String] { state.withLock { $0.received } }
    /// Connections accepted so far.
    public var connections: Int { state.withLock { $0.connections } }
    /// The address for requests.
    public var base: String { "http://127.0.0.1:\(port)" }

    /// Starts to listen.
    /// - Parameter serve: Called on a thread of its own per connection; the connection is closed when it returns.
    public init(_ serve: @escaping @Sendable (RawConnection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRINUSE) }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                // Closed here and nowhere else: its number may belong to the next server at once.
                guard descriptor >= 0 else {
                    close(listener)
                    return
                }
                guard let self else {
                    close(descriptor)
                    close(listener)
                    return
                }
                let index = state.withLock { state in
                    defer { state.connections += 1 }
                    return state.connections
                }
                let connection = RawConnection(descriptor, index: index) { [weak self] request in
                    self?.state.withLock { $0.received.append(request) }
                }
                Thread.detachNewThread {
                    serve(connection)
                    connection.close()
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }
}

/// One accepted connection; used by one thread.
public final class RawConnection: @unchecked Sendable {
    /// Counts connections from 0.
    public let index: Int
    private var descriptor: Int32
    private let note: @Sendable (String) -> Void
    private var rest: [UInt8] = []

    init(_ descriptor: Int32, index: Int, note: @escaping @Sendable (String) -> Void) {
        self.descriptor = descriptor
        self.index = index
        self.note = note
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Reads one request with its body; `nil` when the client went away.
    public func request() -> String? {
        while true {
            if let text = String(bytes: rest, encoding: .isoLatin1), let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.upperBound]
                let length =
                    head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) } ?? 0
                let total = head.unicodeScalars.count + length
                if rest.count >= total {
                    let request = String(bytes: rest[..<total], encoding: .isoLatin1) ?? ""
                    rest.removeFirst(total)
                    note(request)
                    return request
                }
            }
            guard let more = read() else { return nil }
            rest += more
        }
    }

    /// Reads what comes next; `nil` at the end or after 20 s.
    public func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// Sends a text; `false` when the client went away.
    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Sends bytes; `false` when the client went away.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    /// Sends a whole reply with its length.
    public func reply(_ status: String = "200 OK", _ body: String = "", fields: [String] = []) {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + fields
        write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Waits until the client closes.
    public func waitForClose() {
        while read() != nil {}
    }

    /// Closes; safe twice.
    public func close() {
        guard descriptor >= 0 else { return }
        shutdown(descriptor, Int32(SHUT_RDWR))
        Glibc.close(descriptor)
        descriptor = -1
    }
}
