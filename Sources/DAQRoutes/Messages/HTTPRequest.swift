// Part of daqd
// SPDX-License-Identifier: MIT

/// One request, read completely.
public final class HTTPRequest: Sendable {
    /// What is asked.
    public let method: HTTPMethod
    /// The target as it was sent, query included.
    public let target: String
    /// The decoded path segments: `/a/b` is `["a", "b"]`, `/a/` is `["a", ""]`, `/` is `[]`.
    public let path: [String]
    /// The decoded query, in order.
    public let query: [(name: String, value: String)]
    /// The header fields, in order.
    public let headers: HTTPHeaders
    /// The body, complete.
    public let body: [UInt8]
    /// The client's address, without port.
    public let remoteAddress: String
    private let names: [String]
    private let values: [String]
    /// What the route's `*` matched: the decoded segments of the rest of the path.
    public let rest: [String]

    /// Makes a request by hand, as tests do; `target` is taken apart as the server does.
    public convenience init?(
        _ method: HTTPMethod, _ target: String, headers: HTTPHeaders, body: [UInt8]
    ) {
        guard let parts = HTTPTarget(parsing: target) else { return nil }
        self.init(method, target, parts, headers, body, remoteAddress: "127.0.0.1", match: .none)
    }

    init(
        _ method: HTTPMethod, _ target: String, _ parts: HTTPTarget, _ headers: HTTPHeaders, _ body: [UInt8],
        remoteAddress: String, match: RouteMatch
    ) {
        self.method = method
        self.target = target
        path = parts.path
        query = parts.query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        names = match.endpoint?.names ?? []
        values = match.values
        rest = match.rest
    }

    /// What the route's segment `:name` matched; empty for a name that the route does not have.
    public func capture(_ name: String) -> String {
        names.firstIndex(of: name).map { values[$0] } ?? ""
    }

    /// The first value of a query name.
    public func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// The body as text; nil when it is not UTF-8.
    public var text: String? { String(validating: body, as: UTF8.self) }
}
