// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Glibc

/// A blocking socket that sends and reads lines, and knows nothing of the protocol.
final class RawClient: @unchecked Sendable {  // sound: used by one thread at a time
    struct Closed: Error {}

    private var descriptor: Int32
    private var buffer: [UInt8] = []

    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close() }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            done += count
        }
    }

    /// The next line without its end.
    func line() throws -> String {
        var searched = 0
        while true {
            let end = buffer.withUnsafeBytes { raw -> Int? in
                guard let base = raw.baseAddress, searched < raw.count else { return nil }
                return memchr(base + searched, 10, raw.count - searched).map { UnsafeRawPointer($0) - base }
            }
            if let end {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            searched = buffer.count
            try receive()
        }
    }

    /// So many bytes.
    func bytes(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try receive() }
        defer { buffer.removeSubrange(..<count) }
        return Array(buffer[..<count])
    }

    private func receive() throws {
        let present = buffer.count
        buffer.append(contentsOf: [UInt8](repeating: 0, count: 262_144))
        let count = buffer.withUnsafeMutableBytes {
            recv(descriptor, $0.baseAddress?.advanced(by: present), 262_144, 0)
        }
        buffer.removeLast(262_144 - max(0, count))
        guard count > 0 else { throw Closed() }
    }

    /// Whether the server closes without another word; one that only stays silent does not.
    func isClosedSilently() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &chunk, 64, 0)
        return buffer.isEmpty && (count == 0 || count < 0 && errno == ECONNRESET)
    }

    /// Sends a call and reads its reply.
    func call(_ name: String, _ arguments: String = "", named: String = "") throws -> String {
        try send(
            #"{"action":"call","name":"\#(name)","args":{"__jsonclass__":["tuple",[[\#(arguments)]]]},"kwargs":{\#(named)}}"#
                + "\n")
        return try line()
    }

    /// Says that nothing more is sent.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Leaves without goodbye: the server sees a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }
}
