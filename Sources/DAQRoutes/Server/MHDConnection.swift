// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD

/// libmicrohttpd's handle of a connection; valid until its request completed.
// Sendable because suspend and resume are safe from any thread, and all else stays on the server's.
@safe struct MHDConnection: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// Stops the server from looking at the connection until ``resume()``.
    func suspend() { unsafe MHD_suspend_connection(pointer) }

    /// Lets the server look at the connection again.
    func resume() { unsafe MHD_resume_connection(pointer) }
}
