// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD

/// libmicrohttpd's handle of a connection, valid until its request completed, and how to make it wait.
///
/// An event thread must not block, so its connection is suspended; a connection with a thread of its own blocks at a gate.
// Sendable because suspend and resume are safe from any thread, and all else stays on the server's.
@safe struct MHDConnection: @unchecked Sendable {
    let pointer: OpaquePointer
    private let gate: ThreadGate?

    init(_ pointer: OpaquePointer, hasOwnThread: Bool) {
        unsafe self.pointer = pointer
        gate = hasOwnThread ? ThreadGate() : nil
    }

    /// Stops the server from looking at the connection until ``resume()``; nothing for a connection with its own thread.
    func suspend() {
        if gate == nil { unsafe MHD_suspend_connection(pointer) }
    }

    /// Lets the connection go on.
    func resume() {
        if let gate { gate.open() } else { unsafe MHD_resume_connection(pointer) }
    }

    /// Blocks a connection's own thread until ``resume()``; false, at once, where the connection is suspended instead.
    func waitOnOwnThread() -> Bool {
        guard let gate else { return false }
        gate.pass()
        return true
    }
}
