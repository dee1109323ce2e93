// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// What came of a read or a write.
enum StreamResult {
    /// So many bytes.
    case bytes(Int)
    /// Not now; again when the descriptor can be read.
    case wantsRead
    /// Not now; again when the descriptor can be written.
    case wantsWrite
    /// The peer sends no more.
    case end
    /// The connection is gone.
    case failed
}

/// Bytes over a socket, plain or encrypted; never waits.
protocol ByteStream: AnyObject {
    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult
    func write(_ buffer: UnsafeRawBufferPointer) -> StreamResult
    /// Whether bytes wait to be read that the descriptor does not know of.
    var hasBuffered: Bool { get }
    /// Whether the peer may not talk to us; it should not see the end before it has said its first word.
    var isRefused: Bool { get }
    /// Says that nothing more is sent.
    func finish()
}

/// A plain socket.
final class PlainStream: ByteStream {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var hasBuffered: Bool { false }
    var isRefused: Bool { false }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count == 0 ? .end : Self.isTemporary(errno) ? .wantsRead : .failed
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> StreamResult {
        let count = unsafe send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        if count >= 0 { return .bytes(count) }
        return Self.isTemporary(errno) ? .wantsWrite : .failed
    }

    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    private static func isTemporary(_ code: Int32) -> Bool { code == EAGAIN || code == EWOULDBLOCK || code == EINTR }
}
