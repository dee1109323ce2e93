// Part of daqd
// SPDX-License-Identifier: MIT

/// Path templates as a tree of segments: a literal wins over `:name`, which wins over `*`.
struct RouteTree: Sendable {
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var capture: Int?
        var names: [String] = []
        var handlers: [HTTPMethod: HTTPHandler] = [:]
        var restNames: [String] = []
        var rest: [HTTPMethod: HTTPHandler] = [:]
    }

    private var nodes = [Node()]

    /// Adds a route; a template that is already there for this method is replaced.
    mutating func add(_ method: HTTPMethod, _ template: String, _ handler: HTTPHandler) {
        var node = 0
        var names: [String] = []
        var parts = template.dropFirst(template.hasPrefix("/") ? 1 : 0)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts == [""] { parts = [] }
        for part in parts {
            if part == "*" {
                nodes[node].rest[method] = handler
                nodes[node].restNames = names
                return
            }
            if part.hasPrefix(":") {
                names.append(String(part.dropFirst()))
                node = child(of: node, at: nodes[node].capture) { $0.capture = $1 }
            } else {
                node = child(of: node, at: nodes[node].literals[part]) { $0.literals[part] = $1 }
            }
        }
        nodes[node].handlers[method] = handler
        nodes[node].names = names
    }

    private mutating func child(of node: Int, at known: Int?, link: (inout Node, Int) -> Void) -> Int {
        if let known { return known }
        nodes.append(Node())
        link(&nodes[node], nodes.count - 1)
        return nodes.count - 1
    }

    /// The best match of a path, nil where no template fits.
    func match(_ path: [String]) -> RouteMatch? {
        match(path, depth: 0, node: 0, values: [])
    }

    private func match(_ path: [String], depth: Int, node: Int, values: [String]) -> RouteMatch? {
        let here = nodes[node]
        if depth == path.count {
            if !here.handlers.isEmpty { return result(here.handlers, here.names, values, []) }
        } else {
            if let next = here.literals[path[depth]],
                let found = match(path, depth: depth + 1, node: next, values: values)
            {
                return found
            }
            if let next = here.capture, !path[depth].isEmpty,
                let found = match(path, depth: depth + 1, node: next, values: values + [path[depth]])
            {
                return found
            }
            if !here.rest.isEmpty { return result(here.rest, here.restNames, values, Array(path[depth...])) }
        }
        return nil
    }

    private func result(
        _ handlers: [HTTPMethod: HTTPHandler], _ names: [String], _ values: [String], _ rest: [String]
    ) -> RouteMatch {
        RouteMatch(
            handlers: handlers, captures: Array(zip(names, values)).map { (name: $0.0, value: $0.1) }, rest: rest)
    }
}
