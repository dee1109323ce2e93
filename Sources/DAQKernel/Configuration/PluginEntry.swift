// Part of daqd
// SPDX-License-Identifier: MIT

/// One entry of the section `plugins`.
public struct PluginEntry: Hashable, Sendable {
    /// A name, which means `lib<name>.so` on the search path, or a path with a slash.
    public var file: String
    /// Whether daqd ends with status 78 when the plugin is refused.
    public var required: Bool
    /// Where the entry stands.
    public var place: SourcePlace?

    /// An entry of the list.
    public init(_ file: String, required: Bool = false, place: SourcePlace? = nil) {
        self.file = file
        self.required = required
        self.place = place
    }

    /// Equal for the same plugin with the same rule, wherever it was written.
    public static func == (left: PluginEntry, right: PluginEntry) -> Bool {
        left.file == right.file && left.required == right.required
    }

    /// Feeds what equality compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(file)
        hasher.combine(required)
    }

    static let settings: [Setting] = [
        .string("file", "The plugin's name, which means lib<name>.so, or a path with a slash"),
        .bool("required", "Whether daqd ends when the plugin is refused", default: false),
    ]

    /// What an entry names, before it is checked.
    static func name(of node: ConfigurationNode) -> String? {
        switch node.content {
        case .scalar(let scalar): scalar.text
        case .mapping: node["file"].flatMap(name)
        case .sequence: nil
        }
    }
}
