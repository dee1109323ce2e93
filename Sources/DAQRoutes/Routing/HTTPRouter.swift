// Part of daqd
// SPDX-License-Identifier: MIT

/// Routes by method and path template, and the answers where no route fits.
///
/// A template is a path of literals, `:name` (one segment, never empty) and, last, `*` (one or more segments):
/// `/devices/:device/parameters/*`. A literal wins over `:name`, which wins over `*`. A trailing slash is another path.
/// HEAD is served by the GET route.
public struct HTTPRouter: Sendable {
    private(set) var routes: [Route] = []

    /// Turns a failure into a response, plain text unless replaced: unknown path, wrong method, what a handler threw.
    public var failure: @Sendable (HTTPFailure, HTTPRequest) -> HTTPResponse = { failure, _ in
        var headers = failure.headers
        headers["Content-Type"] = "text/plain; charset=utf-8"
        return HTTPResponse(failure.status, headers: headers, body: .text(failure.text + "\n"))
    }

    /// Turns any other error that a handler threw into a response; without one it is a failure 500 with its description.
    public var explain: (@Sendable (any Error, HTTPRequest) -> HTTPResponse)?

    /// Looks at every routed request first; a response or a thrown failure ends it there (access control).
    public var guardian: (@Sendable (HTTPRequest) throws -> HTTPResponse?)?

    /// Sees every request with the response that goes out (counters, logs); must return at once.
    public var observer: (@Sendable (HTTPRequest, HTTPResponse) -> Void)?

    /// No routes.
    public init() {}

    /// Adds a route answered in a task of its own; the connection waits without holding a thread.
    public mutating func on(
        _ method: HTTPMethod, _ template: String,
        _ handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        routes.append(
            Route(method: method, template: template, handler: HTTPHandler(immediate: nil, asynchronous: handler)))
    }

    /// Adds a route answered on the server's own thread: fastest, for handlers that never wait.
    ///
    /// With one thread per connection the handler may block: only its own connection waits.
    public mutating func on(
        _ method: HTTPMethod, _ template: String,
        immediate handler: @escaping @Sendable (HTTPRequest) throws -> HTTPResponse
    ) {
        routes.append(
            Route(
                method: method, template: template,
                handler: HTTPHandler(immediate: { try handler($0) }, asynchronous: nil)))
    }

    /// Adds a route that answers at once where it can (a value) and otherwise (nil) in a task.
    public mutating func on(
        _ method: HTTPMethod, _ template: String,
        immediate: @escaping @Sendable (HTTPRequest) throws -> HTTPResponse?,
        otherwise handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        routes.append(
            Route(method: method, template: template, handler: HTTPHandler(immediate: immediate, asynchronous: handler))
        )
    }

    /// Answers a request outside a server: what a test, or another protocol's gateway, calls.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        let table = RouteTable(self)
        let (routed, handler) = table.route(
            request.method, request.target, request.headers, request.body, remoteAddress: request.remoteAddress)
        switch table.begin(routed, handler) {
        case .now(let response): return response
        case .later(let asynchronous): return await table.finish(routed, asynchronous)
        }
    }
}
