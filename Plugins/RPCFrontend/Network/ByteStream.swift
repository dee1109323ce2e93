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

    /// What a `recv` that returned `count` means; to be asked before anything else sets `errno`.
    init(received count: Int) {
        self = count > 0 ? .bytes(count) : count == 0 ? .end : Self.isTemporary(errno) ? .wantsRead : .failed
    }

    /// What a `send` that returned `count` means.
    init(sent count: Int) {
        self = count >= 0 ? .bytes(count) : Self.isTemporary(errno) ? .wantsWrite : .failed
    }

    private static func isTemporary(_ code: Int32) -> Bool { code == EAGAIN || code == EWOULDBLOCK || code == EINTR }
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
    /// Whether a plain `recv` gives what ``read(into:)`` would.
    var isPlain: Bool { get }
}

/// A plain socket.
final class PlainStream: ByteStream {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var hasBuffered: Bool { false }
    var isRefused: Bool { false }
    var isPlain: Bool { true }

    // Never wait, even while another thread has made the descriptor one that does.

    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        StreamResult(received: unsafe recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)))
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> StreamResult {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        return StreamResult(sent: unsafe send(descriptor, buffer.baseAddress, buffer.count, flags))
    }

    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }
}
