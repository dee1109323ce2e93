// Part of daqd
// SPDX-License-Identifier: MIT

/// HTTP/1.1 for devices: libcurl's multi interface on one thread of its own.
///
/// No redirect is followed, no proxy of the environment used, no request body sent in chunks, no `Expect` sent, and nothing
/// is repeated except what libcurl itself repeats on a reused connection (see ``HTTPRequest/freshConnection``).
/// Cancelling the task that awaits a request ends the request within milliseconds. The client stops with its last reference.
public final class HTTPClient: Sendable {
    /// How many requests of one kind may run at the same time.
    public struct Pool: Sendable {
        /// What ``HTTPRequest/pool`` refers to.
        public var name: String
        /// Requests that run at once; further ones wait in order.
        public var limit: Int

        /// Makes a pool.
        public init(_ name: String, limit: Int) {
            self.name = name
            self.limit = max(1, limit)
        }
    }

    let engine: CurlEngine

    /// Starts a client.
    /// - Parameters:
    ///   - name: Appears as the name of its thread.
    ///   - pools: Further pools beside `default`, which runs four requests at once.
    /// - Throws: ``HTTPError`` when the system gives no thread or memory.
    public init(name: String = "http", pools: [Pool] = []) throws {
        var limits = ["default": 4]
        for pool in pools { limits[pool.name] = pool.limit }
        engine = try CurlEngine(name: name, limits: limits)
    }

    deinit {
        engine.stop()
    }

    /// Sends a request and waits for the complete reply, of whatever status.
    /// - Throws: ``HTTPError``, or `CancellationError` when the task was cancelled.
    public func perform(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await engine.run(CurlTransfer(request, sink: nil))
    }
}
