// Part of daqd
// SPDX-License-Identifier: MIT

extension Settings {
    /// Decodes a component's settings from YAML text, defaults filled in, as a configuration file would give them.
    ///
    /// For the tests of a plugin: `try Settings(parsing: "{host: 127.0.0.1}", as: Shutter.factory.settings)`.
    /// - Throws: Everything that is wrong with the text; places are in a file `settings`.
    public init(
        parsing text: String, as declared: [Setting], environment: Environment = .process
    ) throws(ConfigurationError) {
        let limits = ConfigurationLimits()
        let source = try SourceText(Array(text.utf8), file: "settings", limits: limits)
        var reader = YAMLReader(source, environment: environment, limits: limits)
        let root = try reader.read()
        var decoder = SettingsDecoder(mainFile: "settings", environment: environment)
        self = decoder.decode(root, declared, path: "settings", place: SourcePlace("settings", line: 1, column: 1))
        let found = reader.diagnostics + decoder.diagnostics
        if found.hasErrors { throw ConfigurationError(found) }
    }
}
