// Part of daqd
// SPDX-License-Identifier: MIT

/// Path templates as a tree of segments: a literal wins over `:name`, which wins over `*`.
///
/// Built once when a server starts; read only afterwards.
final class RouteTree: Sendable {
    private let root: RouteNode

    init(_ routes: [Route]) {
        let builder = RouteNodeBuilder()
        for route in routes { builder.add(route) }
        root = builder.build()
    }

    /// The best match of a path, nil where no template fits.
    func match(_ path: [String]) -> RouteMatch? {
        var values: [String] = []
        guard let (endpoint, depth) = Self.match(path, 0, root, &values) else { return nil }
        return RouteMatch(endpoint: endpoint, values: values, rest: depth == path.count ? [] : Array(path[depth...]))
    }

    private static func match(
        _ path: [String], _ depth: Int, _ node: RouteNode, _ values: inout [String]
    ) -> (RouteEndpoint, Int)? {
        guard depth < path.count else { return node.endpoint.map { ($0, depth) } }
        if let next = node.literal(path[depth]), let found = match(path, depth + 1, next, &values) { return found }
        if let next = node.capture, !path[depth].isEmpty {
            values.append(path[depth])
            if let found = match(path, depth + 1, next, &values) { return found }
            values.removeLast()
        }
        return node.rest.map { ($0, depth) }
    }
}

/// One method and template with its handler.
struct Route: Sendable {
    var method: HTTPMethod
    var template: String
    var handler: HTTPHandler
}

/// What serves one template, by method.
final class RouteEndpoint: Sendable {
    let names: [String]
    private let handlers: [(method: HTTPMethod, handler: HTTPHandler)]

    init(names: [String], handlers: [(method: HTTPMethod, handler: HTTPHandler)]) {
        self.names = names
        self.handlers = handlers
    }

    /// The handler of a method; GET's serves HEAD where HEAD has none.
    func handler(_ method: HTTPMethod) -> HTTPHandler? {
        if let found = handlers.first(where: { $0.method == method }) { return found.handler }
        return method == .head ? handlers.first { $0.method == .get }?.handler : nil
    }

    /// The methods for an `Allow` header.
    var allowed: String {
        var methods = Set(handlers.map(\.method.rawValue))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted().joined(separator: ", ")
    }
}

/// What a target matched.
struct RouteMatch: Sendable {
    var endpoint: RouteEndpoint?
    var values: [String]
    var rest: [String]

    static let none = RouteMatch(endpoint: nil, values: [], rest: [])
}
