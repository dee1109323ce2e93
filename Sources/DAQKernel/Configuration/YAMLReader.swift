// Part of daqd
// SPDX-License-Identifier: MIT

internal import CYAML

/// Builds the nodes of one file from libyaml's events, within limits.
///
/// What does not stop the reading (a key twice, a missing variable) is collected; a syntax error is thrown.
struct YAMLReader: ~Copyable {
    private struct Built {
        var node: ConfigurationNode
        /// Nodes and levels below and with this one, aliases followed.
        var size = 1
        var height = 1
    }

    private let source: SourceText
    private let environment: Environment
    private let limits: ConfigurationLimits
    private let parser: YAMLEventParser
    private var anchors: [String: Built] = [:]
    private var nodes = 0
    private(set) var diagnostics: [Diagnostic] = []

    init(_ source: SourceText, environment: Environment, limits: ConfigurationLimits) {
        self.source = source
        self.environment = environment
        self.limits = limits
        parser = YAMLEventParser(source)
    }

    /// The root of the only document; `nil` when the file holds none.
    mutating func read() throws(ConfigurationError) -> ConfigurationNode? {
        var root: ConfigurationNode?
        while true {
            let event = try parser.next()
            switch event.kind {
            case .streamEnd: return root
            case .documentStart where root != nil:
                throw ConfigurationError(
                    "a second document begins here; a configuration is one document", at: event.place)
            case .documentStart: root = try build(parser.next(), depth: 1).node
            default: continue
            }
        }
    }

    private mutating func build(_ event: YAMLEvent, depth: Int) throws(ConfigurationError) -> Built {
        nodes += 1
        try checkLimits(depth: depth, at: event.place)
        if let tag = event.tag, !Self.allowedTags.contains(tag) {
            diagnostics.append(
                .error("the tag \(ConfigurationNode.shown(tag)) is not used here; remove it", at: event.place))
        }
        let built: Built
        switch event.kind {
        case .alias(let name): return try alias(name, depth: depth, at: event.place)
        case .scalar(let text, let style): built = try scalar(text, style, event)
        case .sequenceStart: built = try sequence(event, depth: depth)
        case .mappingStart: built = try mapping(event, depth: depth)
        default: throw ConfigurationError("a value is missing here", at: event.place)
        }
        if let anchor = event.anchor { anchors[anchor] = built }
        return built
    }

    private static let allowedTags: Set<String> = [
        "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
        "tag:yaml.org,2002:null", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map",
    ]

    private func checkLimits(depth: Int, at place: SourcePlace) throws(ConfigurationError) {
        guard depth <= limits.depth else {
            throw ConfigurationError("this is nested deeper than \(limits.depth) levels", at: place)
        }
        guard nodes <= limits.nodes else {
            throw ConfigurationError(
                "the file holds more than \(limits.nodes) values, aliases followed; shorten it", at: place)
        }
    }

    private mutating func alias(_ name: String, depth: Int, at place: SourcePlace) throws(ConfigurationError) -> Built {
        guard let built = anchors[name] else {
            throw ConfigurationError(
                "the alias *\(ConfigurationNode.shown(name)) has no anchor &\(ConfigurationNode.shown(name)) before it",
                at: place)
        }
        nodes += built.size - 1
        try checkLimits(depth: depth + built.height - 1, at: place)
        return built
    }

    private mutating func scalar(
        _ text: String, _ style: ConfigurationNode.Style, _ event: YAMLEvent
    ) throws(ConfigurationError) -> Built {
        var scalar = ConfigurationNode.Scalar(text: text, source: text, style: style, isSubstituted: false)
        if event.tag == "!" || event.tag == "tag:yaml.org,2002:str" { scalar.style = .quoted }
        do throws(Substitution.Problem) {
            let result = try Substitution.apply(text, environment)
            scalar.text = result.text
            scalar.isSubstituted = result.isSubstituted
        } catch {
            diagnostics.append(.error(error.sentence, at: event.place))
            scalar.isIncomplete = true
        }
        guard scalar.text.utf8.count <= limits.scalarSize else {
            throw ConfigurationError("this text is longer than \(limits.scalarSize) bytes", at: event.place)
        }
        return Built(node: ConfigurationNode(content: .scalar(scalar), place: event.place))
    }

    private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(ConfigurationError) -> Built {
        var items: [ConfigurationNode] = []
        var (size, height) = (1, 0)
        while true {
            let event = try parser.next()
            if event.kind == .sequenceEnd { break }
            let item = try build(event, depth: depth + 1)
            items.append(item.node)
            size += item.size
            height = max(height, item.height)
        }
        let node = ConfigurationNode(content: .sequence(items), place: start.place)
        return Built(node: node, size: size, height: height + 1)
    }

    private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(ConfigurationError) -> Built {
        var members: [String: ConfigurationNode.Member] = [:]
        var order: [String] = []
        var merged: [ConfigurationNode] = []
        var (size, height) = (1, 0)
        while true {
            let event = try parser.next()
            if event.kind == .mappingEnd { break }
            guard case .scalar(let key, let style) = event.kind else {
                throw ConfigurationError("a key must be a plain text, not a list, mapping or alias", at: event.place)
            }
            guard key.utf8.count <= 256 else {
                throw ConfigurationError("a key is longer than 256 bytes", at: event.place)
            }
            let value = try build(parser.next(), depth: depth + 1)
            size += value.size + 1
            height = max(height, value.height)
            if key == "<<", style == .plain {
                merged += mergeSources(value.node)
            } else if let first = members[key] {
                diagnostics.append(
                    .error(
                        "the key \(ConfigurationNode.shown(key)) stands twice in one mapping; "
                            + "it was first given at line \(first.keyPlace.line)", at: event.place))
            } else {
                members[key] = ConfigurationNode.Member(key: key, keyPlace: event.place, value: value.node)
                order.append(key)
            }
        }
        merge(merged, into: &members, &order)
        let node = ConfigurationNode(content: .mapping(order.compactMap { members[$0] }), place: start.place)
        return Built(node: node, size: size, height: height + 1)
    }

    /// What `<<:` names: one mapping or a list of them; earlier ones win.
    private mutating func mergeSources(_ node: ConfigurationNode) -> [ConfigurationNode] {
        switch node.content {
        case .mapping: return [node]
        case .sequence(let items):
            return items.flatMap { item in
                if case .mapping = item.content { return [item] }
                diagnostics.append(.error("<< takes mappings, not \(item.foundText)", at: item.place))
                return []
            }
        case .scalar:
            diagnostics.append(.error("<< takes a mapping, usually an alias, not \(node.foundText)", at: node.place))
            return []
        }
    }

    private func merge(
        _ sources: [ConfigurationNode], into members: inout [String: ConfigurationNode.Member], _ order: inout [String]
    ) {
        for source in sources {
            guard case .mapping(let inherited) = source.content else { continue }
            for member in inherited where members[member.key] == nil {
                members[member.key] = member
                order.append(member.key)
            }
        }
    }
}
