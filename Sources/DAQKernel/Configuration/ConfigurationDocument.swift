// Part of daqd
// SPDX-License-Identifier: MIT

/// A configuration as read from its file and the drop-ins beside it, merged, not yet decoded.
public struct ConfigurationDocument: Sendable {
    /// The merged sections.
    public let root: ConfigurationNode
    /// The main file and then the drop-ins, in the order they were read.
    public let files: [String]
    /// What reading found; syntax errors are thrown instead.
    public let diagnostics: [Diagnostic]

    /// Reads a file and the drop-ins `<file>.d/*.conf`, in the order of their names.
    ///
    /// A drop-in may add sections' components and override single keys of what came before; its `plugins` are added.
    /// - Throws: When a file cannot be read or is not YAML; every such file is named.
    public static func read(
        _ path: String, environment: Environment = .process
    ) throws(ConfigurationError) -> ConfigurationDocument {
        var sources: [(file: String, bytes: [UInt8])] = [(path, try ConfigurationFile.read(path))]
        for file in try ConfigurationFile.dropIns(of: path) {
            sources.append((file, try ConfigurationFile.read(file)))
        }
        return try parse(sources, environment: environment, limits: ConfigurationLimits())
    }

    /// Reads a configuration from bytes; `file` is what messages call it, and where relative paths start.
    public static func parse(
        _ bytes: [UInt8], file: String, environment: Environment = .process
    ) throws(ConfigurationError) -> ConfigurationDocument {
        try parse([(file, bytes)], environment: environment, limits: ConfigurationLimits())
    }

    static func parse(
        _ sources: [(file: String, bytes: [UInt8])], environment: Environment, limits: ConfigurationLimits
    ) throws(ConfigurationError) -> ConfigurationDocument {
        var diagnostics: [Diagnostic] = []
        var failures: [Diagnostic] = []
        var merged: ConfigurationNode?
        for source in sources {
            do throws(ConfigurationError) {
                let text = try SourceText(source.bytes, file: source.file, limits: limits)
                var reader = YAMLReader(text, environment: environment, limits: limits)
                let root = try reader.read()
                diagnostics += reader.diagnostics
                guard let root, !root.isNull else { continue }
                guard case .mapping = root.content else {
                    throw ConfigurationError(
                        "a configuration is a mapping of sections, such as devices:, not \(root.foundText)",
                        at: root.place)
                }
                merged = merged.map { DropIns.merge(root, over: $0, path: []) } ?? root
            } catch {
                failures += error.diagnostics
            }
        }
        if !failures.isEmpty { throw ConfigurationError(diagnostics + failures) }
        let files = sources.map(\.file)
        guard let merged else {
            throw ConfigurationError(
                "the file is empty; begin with site:, plugins: and devices:", at: SourcePlace(files[0]))
        }
        return ConfigurationDocument(root: merged, files: files, diagnostics: diagnostics)
    }
}
