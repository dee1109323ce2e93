// Part of daqd
// SPDX-License-Identifier: MIT

extension ComponentCatalog {
    /// The reference of all settings as Markdown, from the same declarations as everything else.
    public var reference: String {
        var text = "## Sections\n\n"
        text += Self.table("site", nil, SiteSection.settings)
        text += Self.table("logging", nil, LoggingSection.settings)
        text += Self.table("storage", nil, StorageSection.settings)
        text += Self.table("at the top of the file", nil, ConfigurationDraft.loadingSettings)
        text += Self.table("an entry of `plugins`", nil, PluginEntry.settings)
        for kind in ComponentKind.allCases {
            text += "## \(Self.capitalized(kind.section))\n\n"
            if !kind.commonSettings.isEmpty { text += Self.table("every \(kind.words)", nil, kind.commonSettings) }
            for type in types(kind) { text += Self.table("`type: \(type.name)`", type.summary, type.settings) }
        }
        return text
    }

    private static func capitalized(_ section: String) -> String {
        let words = section.split(separator: "_").joined(separator: "-")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static func table(_ title: String, _ summary: String?, _ settings: [Setting]) -> String {
        var text = "### \(title)\n\n"
        if let summary { text += "\(summary).\n\n" }
        guard !settings.isEmpty else { return text + "No settings of its own.\n\n" }
        text += "| setting | value | default | meaning |\n|---|---|---|---|\n"
        return text + rows(settings, prefix: "") + "\n"
    }

    private static func rows(_ settings: [Setting], prefix: String) -> String {
        settings.map { setting in
            let missing = setting.isRequired ? "required" : "none"
            let given = setting.defaultValue.map { "`\($0)`" } ?? missing
            let cells = ["`\(prefix)\(setting.name)`", setting.kind.expected, given, setting.summary]
            let row = "| " + cells.map(escaped).joined(separator: " | ") + " |\n"
            return row + nested(setting.kind, prefix: "\(prefix)\(setting.name).")
        }.joined()
    }

    private static func nested(_ kind: SettingKind, prefix: String) -> String {
        switch kind.form {
        case .map(let settings): rows(settings, prefix: prefix)
        case .dictionary(let element, _): nested(element, prefix: "\(prefix)*.")
        case .list(let element): nested(element, prefix: "\(prefix)[].")
        default: ""
        }
    }

    private static func escaped(_ cell: String) -> String {
        cell.map { $0 == "|" || $0 == "<" ? "\\\($0)" : String($0) }.joined()
    }
}
