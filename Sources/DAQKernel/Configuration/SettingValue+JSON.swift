// Part of daqd
// SPDX-License-Identifier: MIT

extension SettingValue {
    /// The value as JSON, durations as text; a secret shows as `(secret)`.
    public var json: JSON {
        switch self {
        case .string(let text): .string(text)
        case .integer(let integer): .integer(Int64(integer))
        case .number(let number): .number(number)
        case .bool(let bool): .bool(bool)
        case .duration, .secret: .string(description)
        case .list(let values): .array(values.map(\.json))
        case .map(let settings): settings.json
        }
    }
}

extension Settings {
    /// The settings as an object, for records; secrets do not show.
    public var json: JSON {
        .object(names.compactMap { name in value(name).map { (name, $0.json) } })
    }
}

extension SiteConfiguration {
    /// The configuration in force, defaults filled in, for the run log; secrets do not show.
    public var snapshot: JSON {
        var members: [(String, JSON)] = [
            (
                "site",
                .object([("name", .string(site.name)), ("data", .string(site.data)), ("state", .string(site.state))])
            ),
            (
                "plugins",
                .array(plugins.map { .object([("file", .string($0.file)), ("required", .bool($0.required))]) })
            ),
        ]
        for kind in ComponentKind.allCases {
            members.append((kind.section, .object(components(kind).map { ($0.name, $0.snapshot) })))
        }
        return .object(members)
    }
}

extension ComponentConfiguration {
    /// The component in force, defaults filled in, for the run log; secrets do not show.
    public var snapshot: JSON {
        .object([("type", .string(type))] + (settings.json.members ?? []) + (common.json.members ?? []))
    }
}
