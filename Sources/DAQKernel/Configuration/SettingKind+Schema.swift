// Part of daqd
// SPDX-License-Identifier: MIT

extension SettingKind {
    /// The JSON Schema of values of this kind, as an editor sees them in the file.
    ///
    /// Whatever is not a text in the end may also be written as a text that holds `${…}`.
    var schema: JSON {
        switch form {
        case .string: .object([("type", .array(["string", "number", "boolean"]))])
        case .path, .device, .postOperation: .object([("type", "string"), ("minLength", 1)])
        case .choice(let choices): Self.orSubstitution([.object([("enum", .array(choices.map { .string($0) }))])])
        case .bool:
            Self.orSubstitution([
                .object([("type", "boolean")]), .object([("enum", .array(["yes", "no", "on", "off"]))]),
            ])
        case .integer(let bounds, _):
            Self.orSubstitution([
                .object([("type", "integer")] + Self.limits(bounds) { .integer(Int64($0)) }),
                .object([("type", "string"), ("pattern", "^0[xo][0-9A-Fa-f]+$")]),
            ])
        case .number(let bounds, let unit): Self.orSubstitution(Self.number(bounds, unit: unit))
        case .duration(let bounds):
            Self.orSubstitution([
                .object([("type", "number")] + Self.limits(bounds.orFromZero) { .number(Self.seconds($0)) }),
                .object([("type", "string"), ("pattern", "^([0-9.]+ *(ns|us|µs|μs|ms|s|sec|m|min|h|d) *)+$")]),
                .object([("type", "string"), ("pattern", "^[0-9.]+$")]),
            ])
        case .secret: Self.secretSchema
        case .list(let element): .object([("type", "array"), ("items", element.schema)])
        case .map(let settings): Setting.schema(of: settings)
        case .dictionary(let element, _): .object([("type", "object"), ("additionalProperties", element.schema)])
        }
    }

    private static func orSubstitution(_ alternatives: [JSON]) -> JSON {
        .object([("anyOf", .array(alternatives + [.object([("$ref", "#/$defs/substitution")])]))])
    }

    private static func limits<Value>(_ bounds: SettingBounds<Value>, _ json: (Value) -> JSON) -> [(String, JSON)] {
        let lower = bounds.lower.map { [("minimum", json($0))] } ?? []
        return lower + (bounds.upper.map { [("maximum", json($0))] } ?? [])
    }

    private static func number(_ bounds: SettingBounds<Double>, unit: String?) -> [JSON] {
        let plain = JSON.object([("type", "number")] + limits(bounds) { .number($0) })
        guard let unit, !unit.isEmpty else { return [plain] }
        let escaped = unit.map { $0.isLetter || $0.isNumber ? String($0) : "\\\($0)" }.joined()
        let pattern = "^[-+0-9.eE]+ *(n|u|µ|μ|m|k|M|G)?\(escaped)$"
        return [plain, .object([("type", "string"), ("pattern", .string(pattern))])]
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static var secretSchema: JSON {
        func from(_ key: String) -> JSON {
            .object([
                ("type", "object"), ("properties", .object([(key, .object([("type", "string")]))])),
                ("required", .array([.string(key)])), ("additionalProperties", false),
            ])
        }
        return orSubstitution([from("file"), from("env")])
    }
}

extension SettingBounds where Value == Duration {
    /// Durations are never negative.
    fileprivate var orFromZero: SettingBounds { SettingBounds(lower: lower ?? .zero, upper: upper) }
}

extension Setting {
    /// The schema of an object that holds these settings and no others.
    static func schema(of settings: [Setting], summary: String? = nil) -> JSON {
        let description = summary.map { [("description", JSON.string($0))] } ?? []
        let required = settings.filter(\.isRequiredInFile).map { JSON.string($0.name) }
        return .object(
            description + [("type", "object"), ("properties", .object(settings.map { ($0.name, $0.schema) }))]
                + (required.isEmpty ? [] : [("required", .array(required))]) + [("additionalProperties", false)])
    }

    /// A required mapping whose settings all have defaults need not be written.
    private var isRequiredInFile: Bool {
        guard isRequired else { return false }
        if case .map(let nested) = kind.form { return nested.contains(where: \.isRequired) }
        return true
    }

    /// The schema of this setting's value, with its summary and default.
    private var schema: JSON {
        var members = [("description", JSON.string(summary))] + (kind.schema.members ?? [])
        if let defaultValue { members.append(("default", defaultValue.json)) }
        return .object(members)
    }
}
