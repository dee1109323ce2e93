// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

/// One endpoint: where it is, what it takes and gives, and who answers it.
///
/// Router and OpenAPI document are both made from these, so they cannot differ.
struct RESTEndpoint: Sendable {
    /// Who answers.
    enum Handler: Sendable {
        case immediate(@Sendable (HTTPRequest) throws -> HTTPResponse)
        case asynchronous(@Sendable (HTTPRequest) async throws -> HTTPResponse)
        case both(@Sendable (HTTPRequest) throws -> HTTPResponse?, @Sendable (HTTPRequest) async throws -> HTTPResponse)
    }

    /// One name of the query.
    struct Query: Sendable {
        var name: String
        var description: String
        var schema: JSON
    }

    var method: HTTPMethod
    /// The router's template.
    var path: String
    /// The name of the operation in the document, unique.
    var id: String
    var tag: String
    var summary: String
    var query: [Query] = []
    /// What a request's body holds, by content type; nil where none is taken.
    var body: JSON?
    /// The replies by status: description and schema.
    var replies: [Int: Reply] = [:]
    /// Whether the document lists one path for each member of each device instead of this template.
    var isExpanded = false
    var handler: Handler

    /// One reply.
    struct Reply: Sendable {
        var description: String
        var type = "application/json"
        var schema: JSON?
        /// Operations that take what this reply gives: identifier, and where each of its captures is found.
        var links: [(operation: String, captures: [(String, String)])] = []
    }

    init(_ method: HTTPMethod, _ path: String, _ id: String, _ tag: String, _ summary: String, _ handler: Handler) {
        self.method = method
        self.path = path
        self.id = id
        self.tag = tag
        self.summary = summary
        self.handler = handler
    }

    /// The same endpoint with further details.
    func with(_ change: (inout RESTEndpoint) -> Void) -> RESTEndpoint {
        var copy = self
        change(&copy)
        return copy
    }

    /// Adds the route; a query name that the endpoint does not know is refused.
    func add(to router: inout HTTPRouter) {
        let known = query.map(\.name)
        switch handler {
        case .immediate(let answer):
            router.on(
                method, path,
                immediate: { request in
                    try Self.check(request, known)
                    return try answer(request)
                })
        case .asynchronous(let answer):
            router.on(method, path) { request in
                try Self.check(request, known)
                return try await answer(request)
            }
        case .both(let immediate, let answer):
            router.on(
                method, path,
                immediate: { request in
                    try Self.check(request, known)
                    return try immediate(request)
                }, otherwise: answer)
        }
    }

    private static func check(_ request: HTTPRequest, _ known: [String]) throws(HTTPFailure) {
        if request.query.isEmpty { return }
        var seen: Set<String> = []
        for (name, _) in request.query {
            guard known.contains(name) else {
                let list = known.isEmpty ? "it takes no query" : "it takes \(known.joined(separator: ", "))"
                throw HTTPFailure(400, "“\(name.short)” is not a query parameter of this resource; \(list)")
            }
            guard seen.insert(name).inserted else { throw HTTPFailure(400, "the query gives \(name) twice") }
        }
    }
}
