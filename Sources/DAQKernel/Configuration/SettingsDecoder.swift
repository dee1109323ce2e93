// Part of daqd
// SPDX-License-Identifier: MIT

/// Decodes nodes against declared settings, collecting everything that is wrong.
struct SettingsDecoder {
    /// What the names in a configuration may refer to.
    struct References: Sendable {
        var devices: [String] = []
        var postOperations: [String] = []
        /// Whether a name that is not known may belong to a plugin that was refused.
        var mayBeIncomplete = false
    }

    /// The file that default paths start from.
    let mainFile: String
    let environment: Environment
    var references = References()
    /// The refusal code that goes with what is reported, where there is one.
    var code: String?
    private(set) var diagnostics: [Diagnostic] = []

    init(mainFile: String, environment: Environment) {
        self.mainFile = mainFile
        self.environment = environment
    }

    mutating func report(_ message: String, at place: SourcePlace?) {
        diagnostics.append(.error(code.map { "\(message) (\($0))" } ?? message, at: place))
    }

    mutating func warn(_ message: String, at place: SourcePlace?) { diagnostics.append(.warning(message, at: place)) }

    /// Decodes a mapping; keys of `ignoring` belong to somebody else.
    ///
    /// - Parameter place: What a missing setting is reported at, usually the component's key.
    mutating func decode(
        _ node: ConfigurationNode?, _ declared: [Setting], path: String, place: SourcePlace, ignoring: [Setting] = [],
        owner: String? = nil
    ) -> Settings {
        var settings = Settings(path: path, place: place)
        var given: Set<String> = []
        if let node, !node.isNull {
            guard case .mapping(let members) = node.content else {
                report("\(path) must be a mapping of settings, not \(node.foundText)", at: node.place)
                return settings
            }
            let ignored = Set(ignoring.map(\.name))
            for member in members where !ignored.contains(member.key) {
                guard let setting = declared.first(where: { $0.name == member.key }) else {
                    // What was misspelt is not also missing.
                    let meant = unknown(member, path: path, owner: owner, known: (declared + ignoring).map(\.name))
                    if let meant { given.insert(meant) }
                    continue
                }
                given.insert(member.key)
                guard let value = value(member.value, setting.kind, path: "\(path).\(member.key)") else { continue }
                settings.set(member.key, Settings.Entry(value: value, place: member.value.place, isDefault: false))
            }
        }
        for setting in declared where !given.contains(setting.name) {
            addDefault(setting, to: &settings, path: path, place: place)
        }
        return settings
    }

    /// Reports a key that nobody declared; returns the name that was probably meant.
    private mutating func unknown(
        _ member: ConfigurationNode.Member, path: String, owner: String?, known: [String]
    ) -> String? {
        let hint = NearestName.hint(member.key, among: known, known: "known are")
        let what = owner.map { " of \($0)" } ?? ""
        let key = ConfigurationNode.shown(member.key)
        report("\(path.isEmpty ? "" : "\(path): ")\(key) is not a setting\(what)\(hint)", at: member.keyPlace)
        return NearestName.of(member.key, among: known)
    }

    private mutating func addDefault(
        _ setting: Setting, to settings: inout Settings, path: String, place: SourcePlace
    ) {
        if let value = setting.defaultValue {
            let entry = Settings.Entry(value: resolved(value, setting.kind), place: nil, isDefault: true)
            return settings.set(setting.name, entry)
        }
        guard setting.presence == .required else { return }
        if case .map(let nested) = setting.kind.form, !nested.contains(where: \.isRequired) {
            let value = decode(nil, nested, path: "\(path).\(setting.name)", place: place)
            return settings.set(setting.name, Settings.Entry(value: .map(value), place: nil, isDefault: true))
        }
        report("\(path) needs \(setting.name): \(setting.summary), \(setting.kind.expected)", at: place)
    }

    /// A default with its paths made absolute.
    private func resolved(_ value: SettingValue, _ kind: SettingKind) -> SettingValue {
        switch (kind.form, value) {
        case (.path, .string(let path)): .string(ConfigurationFile.absolute(path, relativeTo: mainFile))
        case (.list(let element), .list(let values)): .list(values.map { resolved($0, element) })
        default: value
        }
    }

    // MARK: - Values

    /// Decodes one value; `nil` after a report.
    mutating func value(_ node: ConfigurationNode, _ kind: SettingKind, path: String) -> SettingValue? {
        if case .scalar(let scalar) = node.content, scalar.isIncomplete { return nil }
        switch kind.form {
        case .list(let element): return list(node, element, kind, path)
        case .map(let settings):
            let before = diagnostics.count
            let decoded = decode(node, settings, path: path, place: node.place)
            return diagnostics.count == before ? .map(decoded) : nil
        case .dictionary(let element, let keysAreDevices):
            return dictionary(node, element, kind, keysAreDevices: keysAreDevices, path)
        case .secret: return secret(node, path)
        default: break
        }
        guard case .scalar(let scalar) = node.content, !node.isNull else { return refuse(node, kind, path) }
        guard let value = kind.parse(scalar) else { return refuse(node, kind, path) }
        return checked(value, node, kind, path)
    }

    private mutating func refuse(_ node: ConfigurationNode, _ kind: SettingKind, _ path: String) -> SettingValue? {
        report("\(path) must be \(kind.expected), not \(node.foundText)\(hint(node, kind))", at: node.place)
        return nil
    }

    private func hint(_ node: ConfigurationNode, _ kind: SettingKind) -> String {
        guard case .scalar(let scalar) = node.content, !scalar.isSubstituted else { return "" }
        if case .choice(let choices) = kind.form, let nearest = NearestName.of(scalar.text, among: choices) {
            return "; did you mean \(nearest)?"
        }
        if case .list = kind.form, !node.isNull { return "; write [\(ConfigurationNode.shown(scalar.text))]" }
        if scalar.style != .plain {
            var plain = scalar
            plain.style = .plain
            if kind.parse(plain) != nil { return "; remove the quotes" }
        }
        return ""
    }

    /// What needs more than the text: paths and references.
    private mutating func checked(
        _ value: SettingValue, _ node: ConfigurationNode, _ kind: SettingKind, _ path: String
    ) -> SettingValue? {
        guard case .string(let text) = value else { return value }
        switch kind.form {
        case .path:
            guard !text.isEmpty, !text.hasPrefix("~") else {
                report(
                    "\(path) must be a path, not \(node.foundText)\(text.isEmpty ? "" : "; write ${HOME} for ~")",
                    at: node.place)
                return nil
            }
            return .string(ConfigurationFile.absolute(text, relativeTo: node.place.file))
        case .device: refer(text, "device", references.devices, node, path)
        case .postOperation: refer(text, "post-operation", references.postOperations, node, path)
        default: break
        }
        return value
    }

    private mutating func refer(
        _ name: String, _ what: String, _ known: [String], _ node: ConfigurationNode, _ path: String
    ) {
        guard !known.contains(name) else { return }
        let hint = NearestName.hint(name, among: known, known: "there are")
        let message = "\(path) names the \(what) \(ConfigurationNode.shown(name)), which does not exist\(hint)"
        if references.mayBeIncomplete, what != "device" {
            warn("\(message); it may belong to a plugin that was refused", at: node.place)
        } else {
            report(message, at: node.place)
        }
    }

    private mutating func list(
        _ node: ConfigurationNode, _ element: SettingKind, _ kind: SettingKind, _ path: String
    ) -> SettingValue? {
        guard case .sequence(let items) = node.content else { return refuse(node, kind, path) }
        let values = items.enumerated().map { value($1, element, path: "\(path)[\($0)]") }
        let decoded = values.compactMap(\.self)
        return decoded.count == values.count ? .list(decoded) : nil
    }

    private mutating func dictionary(
        _ node: ConfigurationNode, _ element: SettingKind, _ kind: SettingKind, keysAreDevices: Bool, _ path: String
    ) -> SettingValue? {
        guard case .mapping(let members) = node.content else { return refuse(node, kind, path) }
        var settings = Settings(path: path, place: node.place)
        let before = diagnostics.count
        for member in members {
            if keysAreDevices, !references.devices.contains(member.key) {
                let hint = NearestName.hint(member.key, among: references.devices, known: "there are")
                let name = ConfigurationNode.shown(member.key)
                report("\(path) names the device \(name), which does not exist\(hint)", at: member.keyPlace)
            }
            let elementPath = "\(path).\(ConfigurationNode.shown(member.key))"
            guard let value = value(member.value, element, path: elementPath) else { continue }
            settings.set(member.key, Settings.Entry(value: value, place: member.value.place, isDefault: false))
        }
        return diagnostics.count == before ? .map(settings) : nil
    }

    // MARK: - Secrets

    private mutating func secret(_ node: ConfigurationNode, _ path: String) -> SettingValue? {
        switch node.content {
        case .scalar(let scalar) where scalar.isSubstituted && !scalar.text.isEmpty: return .secret(Secret(scalar.text))
        case .mapping(let members) where members.count == 1:
            guard case .scalar(let scalar) = members[0].value.content else { break }
            switch members[0].key {
            case "env": return secret(variable: scalar.text, at: members[0].value.place, path)
            case "file": return secret(file: scalar.text, at: members[0].value.place, path)
            default: break
            }
        default: break
        }
        report(
            "\(path) must be a secret from outside this file: write {file: PATH}, {env: NAME} or ${NAME}",
            at: node.place)
        return nil
    }

    private mutating func secret(variable name: String, at place: SourcePlace, _ path: String) -> SettingValue? {
        guard let text = environment[name], !text.isEmpty else {
            let shown = ConfigurationNode.shown(name)
            report("\(path) is taken from the environment variable \(shown), which is not set", at: place)
            return nil
        }
        return .secret(Secret(text))
    }

    private mutating func secret(file: String, at place: SourcePlace, _ path: String) -> SettingValue? {
        let file = ConfigurationFile.absolute(file, relativeTo: place.file)
        do throws(ConfigurationError) {
            let bytes = try ConfigurationFile.read(file, limit: 1 << 16)
            guard bytes.count <= 1 << 16, let text = String(validating: bytes, as: UTF8.self) else {
                report("\(path) is taken from \(file), which is not a text of at most 65536 bytes", at: place)
                return nil
            }
            let line = text.prefix { !$0.isNewline }
            guard !line.isEmpty, text.dropFirst(line.count).allSatisfy(\.isNewline) else {
                report("\(path) is taken from \(file), which must hold exactly one line", at: place)
                return nil
            }
            return .secret(Secret(String(line)))
        } catch {
            report(
                "\(path) is taken from \(file): \(error.diagnostics.first?.message ?? "it cannot be read")", at: place)
            return nil
        }
    }
}
