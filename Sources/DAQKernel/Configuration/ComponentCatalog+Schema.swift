// Part of daqd
// SPDX-License-Identifier: MIT

extension ComponentCatalog {
    /// The JSON Schema (draft 2020-12) of a configuration file, for editors: what `daqd --schema` prints.
    public var schema: JSON {
        var properties: [(String, JSON)] = [
            ("site", Setting.schema(of: SiteSection.settings, summary: "The site as a whole")),
            ("logging", Setting.schema(of: LoggingSection.settings, summary: "What is logged")),
            ("storage", Setting.schema(of: StorageSection.settings, summary: "Where daqd keeps its records")),
            ("plugins", plugins),
        ]
        properties += Setting.schema(of: ConfigurationDraft.loadingSettings)["properties"]?.members ?? []
        properties += ComponentKind.allCases.map { ($0.section, section($0)) }
        return .object([
            ("$schema", "https://json-schema.org/draft/2020-12/schema"),
            ("title", "daqd configuration"),
            ("type", "object"),
            ("properties", .object(properties)),
            ("patternProperties", .object([("^x-", true)])),
            ("additionalProperties", false),
            ("$defs", .object(definitions)),
        ])
    }

    private var plugins: JSON {
        .object([
            ("description", "The plugins to load, in order"),
            ("type", "array"),
            (
                "items",
                .object([("anyOf", .array([.object([("type", "string")]), Setting.schema(of: PluginEntry.settings)]))])
            ),
        ])
    }

    private func section(_ kind: ComponentKind) -> JSON {
        .object([
            ("description", .string("Each \(kind.words) under a name of the site's choice")),
            ("type", .array(["object", "null"])),
            ("propertyNames", .object([("pattern", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")])),
            ("additionalProperties", .object([("$ref", .string("#/$defs/\(kind.rawValue)"))])),
        ])
    }

    private var definitions: [(String, JSON)] {
        let substitution = JSON.object([
            ("description", "A value from the environment"), ("type", "string"), ("pattern", "\\$\\{"),
        ])
        return [("substitution", substitution)]
            + ComponentKind.allCases.flatMap { kind in
                [(kind.rawValue, choice(of: kind))]
                    + types(kind).map { ("\(kind.rawValue).\($0.name)", Self.definition($0)) }
            }
    }

    /// Which schema holds is decided by `type`, so that an editor's message is about the type that was meant.
    private func choice(of kind: ComponentKind) -> JSON {
        let names = types(kind).map(\.name)
        let type = JSON.object([
            ("description", .string("The type of \(kind.words)")), ("enum", .array(names.map { .string($0) })),
        ])
        let branches = names.map { name in
            let isType = JSON.object([
                ("properties", .object([("type", .object([("const", .string(name))]))])),
                ("required", .array(["type"])),
            ])
            return JSON.object([
                ("if", isType), ("then", .object([("$ref", .string("#/$defs/\(kind.rawValue).\(name)"))])),
            ])
        }
        return .object(
            [("type", "object"), ("properties", .object([("type", type)])), ("required", .array(["type"]))]
                + (branches.isEmpty ? [] : [("allOf", .array(branches))]))
    }

    private static func definition(_ type: ComponentType) -> JSON {
        let typeKey = Setting("type", "The type of \(type.kind.words)", .choice([type.name]))
        return Setting.schema(of: [typeKey] + type.settings + type.kind.commonSettings, summary: type.summary)
    }
}
