// Part of daqd
// SPDX-License-Identifier: MIT

/// One segment's place in the tree.
final class RouteNode: Sendable {
    private let few: [(segment: String, node: RouteNode)]
    private let many: [String: RouteNode]
    let capture: RouteNode?
    let endpoint: RouteEndpoint?
    let rest: RouteEndpoint?

    /// The child of a literal segment; a handful is faster compared than hashed.
    func literal(_ segment: String) -> RouteNode? {
        many.isEmpty ? few.first { $0.segment == segment }?.node : many[segment]
    }

    init(literals: [String: RouteNode], capture: RouteNode?, endpoint: RouteEndpoint?, rest: RouteEndpoint?) {
        few = literals.count <= 12 ? literals.map { (segment: $0.key, node: $0.value) } : []
        many = literals.count <= 12 ? [:] : literals
        self.capture = capture
        self.endpoint = endpoint
        self.rest = rest
    }
}

/// A node while routes are still added.
final class RouteNodeBuilder {
    private var literals: [String: RouteNodeBuilder] = [:]
    private var capture: RouteNodeBuilder?
    private var names: [String] = []
    private var handlers: [(method: HTTPMethod, handler: HTTPHandler)] = []
    private var restNames: [String] = []
    private var restHandlers: [(method: HTTPMethod, handler: HTTPHandler)] = []

    /// Adds a route below this node; of two routes with the same template and method the later one holds.
    func add(_ route: Route) {
        var node = self
        var names: [String] = []
        var parts = route.template.dropFirst(route.template.hasPrefix("/") ? 1 : 0)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts == [""] { parts = [] }
        for part in parts {
            if part == "*" {
                node.restNames = names
                Self.set(&node.restHandlers, route)
                return
            }
            if part.hasPrefix(":") { names.append(String(part.dropFirst())) }
            node = node.child(part)
        }
        node.names = names
        Self.set(&node.handlers, route)
    }

    private func child(_ part: String) -> RouteNodeBuilder {
        if let known = part.hasPrefix(":") ? capture : literals[part] { return known }
        let made = RouteNodeBuilder()
        if part.hasPrefix(":") { capture = made } else { literals[part] = made }
        return made
    }

    private static func set(_ handlers: inout [(method: HTTPMethod, handler: HTTPHandler)], _ route: Route) {
        handlers.removeAll { $0.method == route.method }
        handlers.append((route.method, route.handler))
    }

    /// The finished node with everything below it.
    func build() -> RouteNode {
        RouteNode(
            literals: literals.mapValues { $0.build() }, capture: capture?.build(),
            endpoint: handlers.isEmpty ? nil : RouteEndpoint(names: names, handlers: handlers),
            rest: restHandlers.isEmpty ? nil : RouteEndpoint(names: restNames, handlers: restHandlers))
    }
}
