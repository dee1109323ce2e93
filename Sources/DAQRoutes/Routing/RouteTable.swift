// Part of daqd
// SPDX-License-Identifier: MIT

/// A router made ready for many requests; never changed, so that requests share it without copies.
final class RouteTable: Sendable {
    private let tree: RouteTree
    private let failure: @Sendable (HTTPFailure, HTTPRequest) -> HTTPResponse
    private let explain: (@Sendable (any Error, HTTPRequest) -> HTTPResponse)?
    private let guardian: (@Sendable (HTTPRequest) throws -> HTTPResponse?)?
    private let observer: (@Sendable (HTTPRequest, HTTPResponse) -> Void)?

    init(_ router: HTTPRouter) {
        tree = RouteTree(router.routes)
        failure = router.failure
        explain = router.explain
        guardian = router.guardian
        observer = router.observer
    }

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
