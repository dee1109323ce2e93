// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

extension WireBuffer {
    /// How a socket took what was to be sent.
    enum Sending {
        /// Everything is sent.
        case done
        /// The socket is full.
        case blocked
        /// The circuit is gone.
        case broken
    }

    private static let pieces = 64

    /// Sends as much as the socket takes.
    /// - Parameter sent: Is raised by the bytes that went.
    func send(to descriptor: Int32, _ sent: inout Int) -> Sending {
        while count > 0 {
            let result = shared.isEmpty ? sendOwn(descriptor) : sendPieces(descriptor)
            if result < 0 {
                switch errno {
                case EINTR: continue
                case EAGAIN: return .blocked
                default: return .broken
                }
            }
            sent += result
            consume(result)
        }
        return .done
    }

    private func sendOwn(_ descriptor: Int32) -> Int {
        unsafe Glibc.send(descriptor, memory + self.sent, end - self.sent, Int32(MSG_NOSIGNAL))
    }

    /// Sends own bytes and arrays in turn, without copying them together.
    private func sendPieces(_ descriptor: Int32) -> Int {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.pieces) { list in
            var used = 0
            var position = self.sent
            func add(_ start: UnsafeRawPointer, _ length: Int) {
                guard length > 0, used < Self.pieces else { return }
                unsafe list[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: length)
                used += 1
            }
            for piece in shared.prefix(Self.pieces / 2 - 1) {
                unsafe add(memory + position, piece.position - position)
                position = piece.position
                // The array is held by `shared` until it is consumed, so its memory outlives the call.
                unsafe piece.bytes.withUnsafeBytes { raw in
                    guard let base = raw.baseAddress else { return }
                    unsafe add(base + piece.offset, piece.count)
                }
            }
            if shared.count < Self.pieces / 2 { unsafe add(memory + position, end - position) }
            var message = unsafe msghdr()
            unsafe message.msg_iov = list.baseAddress
            unsafe message.msg_iovlen = used
            return unsafe sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
        }
    }
}
