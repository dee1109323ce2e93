// Part of daqd
// SPDX-License-Identifier: MIT

/// A configuration of which all is decoded that needs no plugin: enough to load them.
public struct ConfigurationDraft: Sendable {
    /// The section `site`.
    public let site: SiteSection
    /// The section `logging`.
    public let logging: LoggingSection
    /// The section `storage`.
    public let storage: StorageSection
    /// The section `plugins`, in order.
    public let plugins: [PluginEntry]
    /// Directories to look for plugins in, absolute, before the usual ones.
    public let pluginPath: [String]
    /// Whether a release build of daqd loads plugins built for debugging.
    public let allowDebugPlugins: Bool
    /// What was found so far; ``resolve(_:)`` reports it with the rest.
    public let diagnostics: [Diagnostic]

    private let document: ConfigurationDocument
    private let environment: Environment

    /// Reads a file with its drop-ins.
    ///
    /// - Throws: When a file cannot be read or is not YAML. What else is wrong is found by ``resolve(_:)``, all at once.
    public static func read(
        _ path: String, environment: Environment = .process
    ) throws(ConfigurationError) -> ConfigurationDraft {
        ConfigurationDraft(try ConfigurationDocument.read(path, environment: environment), environment: environment)
    }

    /// Decodes what needs no plugin.
    public init(_ document: ConfigurationDocument, environment: Environment = .process) {
        self.document = document
        self.environment = environment
        var decoder = SettingsDecoder(mainFile: document.files.first ?? "", environment: environment)
        Self.reportUnknownSections(document.root, &decoder)
        func section(_ name: String, _ settings: [Setting]) -> Settings {
            let node = document.root[name]
            return decoder.decode(node, settings, path: name, place: node?.place ?? document.root.place)
        }
        site = SiteSection(section("site", SiteSection.settings))
        logging = LoggingSection(section("logging", LoggingSection.settings))
        storage = StorageSection(section("storage", StorageSection.settings))
        let loading = Self.loading(document.root, &decoder)
        pluginPath = loading.given("plugin_path") ?? []
        allowDebugPlugins = loading.given("allow_debug_plugins") ?? false
        plugins = Self.plugins(document.root["plugins"], &decoder)
        diagnostics = document.diagnostics + decoder.diagnostics
    }

    static let loadingSettings: [Setting] = [
        .list("plugin_path", "Directories to look for plugins in, before the usual ones", of: .path, default: []),
        .bool(
            "allow_debug_plugins", "Whether a release build of daqd loads plugins built for debugging", default: false),
    ]

    static let sections = ["site", "logging", "storage", "plugins"] + ComponentKind.allCases.map(\.section)

    private static func reportUnknownSections(_ root: ConfigurationNode, _ decoder: inout SettingsDecoder) {
        guard case .mapping(let members) = root.content else { return }
        let known = sections + loadingSettings.map(\.name)
        for member in members where !known.contains(member.key) && !member.key.hasPrefix("x-") {
            let hint = NearestName.hint(member.key, among: known, known: "known are")
            decoder.report("\(ConfigurationNode.shown(member.key)) is not a section\(hint)", at: member.keyPlace)
        }
    }

    private static func loading(_ root: ConfigurationNode, _ decoder: inout SettingsDecoder) -> Settings {
        var settings = Settings(path: "", place: root.place)
        for setting in loadingSettings {
            guard let node = root[setting.name], !node.isNull else { continue }
            guard let value = decoder.value(node, setting.kind, path: setting.name) else { continue }
            settings.set(setting.name, Settings.Entry(value: value, place: node.place, isDefault: false))
        }
        return settings
    }

    private static func plugins(_ node: ConfigurationNode?, _ decoder: inout SettingsDecoder) -> [PluginEntry] {
        guard let node, !node.isNull else { return [] }
        guard case .sequence(let items) = node.content else {
            decoder.report("plugins must be a list of names, not \(node.foundText)", at: node.place)
            return []
        }
        var entries: [PluginEntry] = []
        for (index, item) in items.enumerated() {
            guard let entry = plugin(item, path: "plugins[\(index)]", &decoder) else { continue }
            if let first = entries.first(where: { $0.file == entry.file }) {
                let line = first.place.map { " at line \($0.line)" } ?? ""
                decoder.report("the plugin \(entry.file) stands twice in plugins; first\(line)", at: item.place)
            } else {
                entries.append(entry)
            }
        }
        return entries
    }

    private static func plugin(
        _ node: ConfigurationNode, path: String, _ decoder: inout SettingsDecoder
    ) -> PluginEntry? {
        if case .scalar(let scalar) = node.content {
            guard !node.isNull, !scalar.text.isEmpty else {
                decoder.report("\(path) must be a plugin's name or path, not nothing", at: node.place)
                return nil
            }
            return PluginEntry(located(scalar.text, node.place), place: node.place)
        }
        let settings = decoder.decode(node, PluginEntry.settings, path: path, place: node.place)
        guard let file: String = settings.given("file"), !file.isEmpty else { return nil }
        return PluginEntry(
            located(file, settings.place("file") ?? node.place), required: settings.given("required") ?? false,
            place: node.place)
    }

    /// A name stays a name; a path becomes absolute.
    private static func located(_ file: String, _ place: SourcePlace) -> String {
        file.contains("/") ? ConfigurationFile.absolute(file, relativeTo: place.file) : file
    }

    /// Decodes the components against what the loaded plugins declare.
    ///
    /// - Throws: Everything that is wrong anywhere in the configuration, in the order of the file.
    public func resolve(_ catalog: ComponentCatalog) throws(ConfigurationError) -> SiteConfiguration {
        var resolver = ComponentResolver(document, catalog, site: site.name, environment: environment)
        let components = resolver.resolve()
        let found = (diagnostics + resolver.diagnostics).inReadingOrder()
        if found.hasErrors { throw ConfigurationError(Self.shortened(found)) }
        return SiteConfiguration(
            files: document.files, site: site, logging: logging, storage: storage, plugins: plugins,
            pluginPath: pluginPath, allowDebugPlugins: allowDebugPlugins, components: components, warnings: found)
    }

    private static func shortened(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        let limit = ConfigurationLimits().diagnostics
        guard diagnostics.count > limit else { return diagnostics }
        let rest = Diagnostic.error("\(diagnostics.count - limit) more errors follow; mend these first", at: nil)
        return diagnostics.prefix(limit) + [rest]
    }
}
