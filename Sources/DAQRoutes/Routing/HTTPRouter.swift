// Part of daqd
// SPDX-License-Identifier: MIT

/// Routes by method and path template, and the answers where no route fits.
///
/// A template is a path of literals, `:name` (one segment, never empty) and, last, `*` (one or more segments):
/// `/devices/:device/parameters/*`. A literal wins over `:name`, which wins over `*`. A trailing slash is another path.
/// HEAD is served by the GET route.
public struct HTTPRouter: Sendable {
    private var routes: [Route] = []
    private var table: RouteTree?

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
        table = nil
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
        table = nil
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
        table = nil
    }

    /// Answers a request outside a server: what a test, or another protocol's gateway, calls.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        let (routed, handler) = route(
            request.method, request.target, request.headers, request.body, remoteAddress: request.remoteAddress)
        switch begin(routed, handler) {
        case .now(let response): return response
        case .later(let asynchronous): return await finish(routed, asynchronous)
        }
    }

    // MARK: - For the server

    /// Where the answer to a request comes from.
    enum Answer {
        case now(HTTPResponse)
        case later(@Sendable (HTTPRequest) async throws -> HTTPResponse)
    }

    /// Builds the request and finds its handler.
    func route(
        _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders, _ body: [UInt8], remoteAddress: String
    ) -> (HTTPRequest, Result<HTTPHandler, HTTPFailure>) {
        guard let parts = HTTPTarget(parsing: target) else {
            let request = HTTPRequest(
                method, target, .empty, headers, body, remoteAddress: remoteAddress, match: .none)
            return (request, .failure(HTTPFailure(400, "the target has a broken percent-escape or is not UTF-8")))
        }
        let match = tree.match(parts.path)
        let request = HTTPRequest(
            method, target, parts, headers, body, remoteAddress: remoteAddress, match: match ?? .none)
        guard let endpoint = match?.endpoint else {
            return (request, .failure(HTTPFailure(404, "there is no resource at this path")))
        }
        if let handler = endpoint.handler(method) { return (request, .success(handler)) }
        var failure = HTTPFailure(405, "this resource does not allow \(method); it allows \(endpoint.allowed)")
        failure.headers["Allow"] = endpoint.allowed
        return (request, .failure(failure))
    }

    /// The routes as a tree, made anew only where ``prepare()`` did not.
    private var tree: RouteTree { table ?? RouteTree(routes) }

    /// Builds the tree once, before many requests.
    mutating func prepare() { table = RouteTree(routes) }

    /// Runs what can be answered at once.
    func begin(_ request: HTTPRequest, _ handler: Result<HTTPHandler, HTTPFailure>) -> Answer {
        do {
            if let response = try guardian?(request) { return .now(observed(request, response)) }
            let handler = try handler.get()
            if let response = try handler.immediate?(request) { return .now(observed(request, response)) }
            guard let asynchronous = handler.asynchronous else { throw HTTPFailure(500, "the route gave no answer") }
            return .later(asynchronous)
        } catch {
            return .now(failed(error, request))
        }
    }

    /// Runs the part of a handler that may wait.
    func finish(
        _ request: HTTPRequest, _ handler: @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) async -> HTTPResponse {
        do {
            return observed(request, try await handler(request))
        } catch {
            return failed(error, request)
        }
    }

    /// The response for what went wrong.
    func failed(_ error: any Error, _ request: HTTPRequest) -> HTTPResponse {
        if let error = error as? HTTPFailure { return observed(request, failure(error, request)) }
        let unexpected = HTTPFailure(500, String(describing: error))
        return observed(request, explain?(error, request) ?? failure(unexpected, request))
    }

    private func observed(_ request: HTTPRequest, _ response: HTTPResponse) -> HTTPResponse {
        observer?(request, response)
        return response
    }
}
