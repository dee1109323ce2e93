// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Glibc

/// A TCP connection that sends exactly the bytes it is given; blocking, with a time limit on every read.
public final class RawConnection {
    private let descriptor: CInt

    /// Connects to a port of the loopback interface.
    public init(port: Int, receiveTimeoutSeconds: Int = 30) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: receiveTimeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw RawError.cannotConnect(errno) }
    }

    deinit { close(descriptor) }

    /// Sends all bytes; false when the peer closed first.
    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Sends all bytes; false when the peer closed first.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// One receive call's bytes; empty at the end, nil on time-out or reset.
    public func receive(_ limit: Int = 65536) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &buffer, limit, 0)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    /// Everything until the peer closes; `reset` tells a reset from an orderly end.
    public func receiveAll() -> (bytes: [UInt8], ended: Bool) {
        var bytes: [UInt8] = []
        while let more = receive() {
            if more.isEmpty { return (bytes, true) }
            bytes += more
        }
        return (bytes, false)
    }

    /// Everything until `done` is satisfied or the peer closes.
    public func receive(until done: (String) -> Bool) -> String {
        var bytes: [UInt8] = []
        while !done(String(decoding: bytes, as: UTF8.self)), let more = receive(), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One reply with a Content-Length, or without a body.
    public func reply(head: Bool = false) throws -> RawReply {
        var bytes: [UInt8] = []
        while true {
            if let reply = RawReply(parsing: bytes, head: head) { return reply }
            guard let more = receive(), !more.isEmpty else {
                throw RawError.truncated(String(decoding: bytes, as: UTF8.self))
            }
            bytes += more
        }
    }

    /// Sends a request and reads its reply.
    public func ask(_ request: String, body: String = "") throws -> RawReply {
        var text = request + " HTTP/1.1\r\nHost: localhost\r\n"
        if !body.isEmpty { text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        send(text + "\r\n" + body)
        return try reply(head: request.hasPrefix("HEAD "))
    }

    /// Says that nothing more will be sent.
    public func finishSending() { shutdown(descriptor, CInt(SHUT_WR)) }
}

/// What went wrong on a raw connection.
public enum RawError: Error {
    /// The connection was refused, with errno.
    case cannotConnect(CInt)
    /// The connection ended within a reply, which began so.
    case truncated(String)
}

/// A reply taken apart.
public struct RawReply: Sendable {
    /// The status code.
    public var status: Int
    /// The header fields in order.
    public var headers: [(name: String, value: String)]
    /// What followed the headers.
    public var body: [UInt8]
    /// The status line and headers as received.
    public var head: String

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The first header of that name.
    public subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    init?(parsing bytes: [UInt8], head isHead: Bool) {
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else { return nil }
        head = String(decoding: bytes[..<end], as: UTF8.self)
        let lines = head.components(separatedBy: "\r\n")
        status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        body = Array(bytes[(end + 4)...])
        let length = Int(self["Content-Length"] ?? "") ?? 0
        if isHead || status == 204 || status == 304 { return }
        guard body.count >= length else { return nil }
    }
}

/// Runs blocking work on a thread of its own, so that it never holds one of the tasks' threads.
public func blocking<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}
