// Part of daqd
// SPDX-License-Identifier: MIT

/// How a route answers: at once on the server's thread, or in a task of its own.
struct HTTPHandler: Sendable {
    /// Answers at once, or returns nil to leave the request to ``asynchronous``.
    var immediate: (@Sendable (HTTPRequest) throws -> HTTPResponse?)?
    /// Answers in a task, while the connection waits without a thread.
    var asynchronous: (@Sendable (HTTPRequest) async throws -> HTTPResponse)?
}
