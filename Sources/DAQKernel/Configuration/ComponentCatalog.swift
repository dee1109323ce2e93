// Part of daqd
// SPDX-License-Identifier: MIT

/// One type of component that a loaded plugin brings, as its factory declares it.
public struct ComponentType: Sendable {
    /// What it makes.
    public var kind: ComponentKind
    /// The word after `type:`.
    public var name: String
    /// One sentence for the reference.
    public var summary: String
    /// The settings beside those common to the kind.
    public var settings: [Setting]
    /// Throws for settings that do not go together; gets them checked, with the site's name and those of its devices.
    var judge: (@Sendable (Settings, String, [String]) throws -> Void)?

    /// A type as its factory declares it.
    public init(_ kind: ComponentKind, _ name: String, summary: String, settings: [Setting]) {
        self.kind = kind
        self.name = name
        self.summary = summary
        self.settings = settings
    }
}

/// What can be configured: every type that the loaded plugins bring.
public struct ComponentCatalog: Sendable {
    private var types: [ComponentKind: [String: ComponentType]] = [:]
    /// Plugins that were refused, so that a type that is not known may be theirs.
    public var refusedPlugins: [String]

    /// A catalog; of two types of one kind and name the first counts.
    public init(_ types: [ComponentType], refusedPlugins: [String] = []) {
        self.refusedPlugins = refusedPlugins
        for type in types where self.types[type.kind]?[type.name] == nil {
            self.types[type.kind, default: [:]][type.name] = type
        }
    }

    /// The type of a kind and name; `nil` when no plugin brings it.
    public func type(_ kind: ComponentKind, _ name: String) -> ComponentType? { types[kind]?[name] }

    /// All types of a kind, by name.
    public func types(_ kind: ComponentKind) -> [ComponentType] {
        (types[kind] ?? [:]).values.sorted { $0.name < $1.name }
    }

    /// The post-operations that a device may name without an entry in `post_operations`.
    var readyPostOperations: [String] {
        types(.postOperation).filter { !$0.settings.contains(where: \.isRequired) }.map(\.name)
    }
}
