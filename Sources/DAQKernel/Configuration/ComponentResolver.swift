// Part of daqd
// SPDX-License-Identifier: MIT

/// Decodes the four sections of components against the catalog.
struct ComponentResolver {
    private let document: ConfigurationDocument
    private let catalog: ComponentCatalog
    private let site: String
    private var decoder: SettingsDecoder

    init(_ document: ConfigurationDocument, _ catalog: ComponentCatalog, site: String, environment: Environment) {
        self.document = document
        self.site = site
        self.catalog = catalog
        decoder = SettingsDecoder(mainFile: document.files.first ?? "", environment: environment)
        decoder.references.devices = members(.device).map(\.key)
        decoder.references.postOperations = members(.postOperation).map(\.key) + catalog.readyPostOperations
        decoder.references.mayBeIncomplete = !catalog.refusedPlugins.isEmpty
    }

    var diagnostics: [Diagnostic] { decoder.diagnostics }

    /// All components, each kind in the order of the file; what is wrong is in ``diagnostics``.
    mutating func resolve() -> [ComponentConfiguration] {
        var components: [ComponentConfiguration] = []
        for kind in ComponentKind.allCases {
            reportShape(kind)
            for member in members(kind) {
                if let component = component(kind, member) { components.append(component) }
            }
        }
        return components + impliedPostOperations(components)
    }

    private func members(_ kind: ComponentKind) -> [ConfigurationNode.Member] {
        guard case .mapping(let members) = document.root[kind.section]?.content else { return [] }
        return members
    }

    private mutating func reportShape(_ kind: ComponentKind) {
        guard let node = document.root[kind.section], !node.isNull else { return }
        if case .mapping = node.content { return }
        decoder.report("\(kind.section) must be a mapping of names, not \(node.foundText)", at: node.place)
    }

    private mutating func component(
        _ kind: ComponentKind, _ member: ConfigurationNode.Member
    ) -> ComponentConfiguration? {
        let path = "\(kind.section).\(ConfigurationNode.shown(member.key))"
        checkName(kind, member, path)
        guard case .mapping(let members) = member.value.content else {
            decoder.report(
                "\(path) must be a mapping with type:, not \(member.value.foundText)", at: member.value.place)
            return nil
        }
        guard let type = type(kind, member, members, path) else { return nil }
        let identity = ComponentConfiguration.Identity(kind, member.key)
        let typeKey = Setting.string("type", "The component's type")
        let ownKeys = Set(kind.commonSettings.map(\.name))
        let commonNode = ConfigurationNode(
            content: .mapping(members.filter { ownKeys.contains($0.key) }), place: member.value.place)
        decoder.code = "DAQD-P403"
        defer { decoder.code = nil }
        let common = decoder.decode(commonNode, kind.commonSettings, path: path, place: member.keyPlace)
        guard let declared = catalog.type(kind, type.name) else {
            decoder.code = nil
            return unknownType(type, identity, common, member, path)
        }
        let before = decoder.diagnostics.count
        let settings = decoder.decode(
            member.value, declared.settings, path: path, place: member.keyPlace,
            ignoring: [typeKey] + kind.commonSettings, owner: "the \(kind.words) type \(type.name)")
        if let judge = declared.judge, !decoder.diagnostics[before...].contains(where: { $0.severity == .error }) {
            report(judge, of: settings)
        }
        return ComponentConfiguration(
            identity, type: type.name, settings: settings, common: common, place: member.keyPlace)
    }

    /// Asks what no declaration of a single setting can say.
    private mutating func report(_ judge: (Settings, String, [String]) throws -> Void, of settings: Settings) {
        do {
            try judge(settings, site, members(.device).map(\.key))
        } catch let error as ConfigurationError {
            for diagnostic in error.diagnostics { decoder.report(diagnostic.message, at: diagnostic.place) }
        } catch {
            decoder.report("\(settings.path) cannot be used: \(error)", at: settings.place)
        }
    }

    /// Letters, digits, `_`, `-` and `.`: what file names, URLs and process variables all take.
    private mutating func checkName(_ kind: ComponentKind, _ member: ConfigurationNode.Member, _ path: String) {
        let isGood = member.key.utf8.enumerated().allSatisfy { index, byte in
            let character = Character(Unicode.Scalar(byte))
            guard character.isASCII else { return false }
            return character.isLetter || character.isNumber || (index > 0 && "_-.".contains(character))
        }
        if !isGood || member.key.isEmpty || member.key.utf8.count > 64 {
            decoder.report(
                "\(path): a name is at most 64 letters, digits, _, - and ., beginning with a letter or digit",
                at: member.keyPlace)
        } else if kind == .device, member.key == "daqd" {
            decoder.report("\(path): the daemon itself is the device daqd; choose another name", at: member.keyPlace)
        }
    }

    private mutating func type(
        _ kind: ComponentKind, _ member: ConfigurationNode.Member, _ members: [ConfigurationNode.Member], _ path: String
    ) -> (name: String, place: SourcePlace)? {
        let names = catalog.types(kind).map(\.name)
        guard let node = members.first(where: { $0.key == "type" })?.value else {
            let misspelt = members.first { NearestName.of($0.key, among: ["type"]) != nil }
            let known = names.isEmpty ? "" : "; known are \(names.joined(separator: ", "))"
            let hint = misspelt.map { "; did you mean type where it says \(ConfigurationNode.shown($0.key))?" }
            decoder.report("\(path) needs type: the type of \(kind.words)\(hint ?? known)", at: member.keyPlace)
            return nil
        }
        guard case .scalar(let scalar) = node.content, !node.isNull, !scalar.text.isEmpty else {
            decoder.report("\(path).type must be the name of a type, not \(node.foundText)", at: node.place)
            return nil
        }
        return (scalar.text, node.place)
    }

    private mutating func unknownType(
        _ type: (name: String, place: SourcePlace), _ identity: ComponentConfiguration.Identity, _ common: Settings,
        _ member: ConfigurationNode.Member, _ path: String
    ) -> ComponentConfiguration? {
        let names = catalog.types(identity.kind).map(\.name)
        let hint = NearestName.hint(type.name, among: names, known: "known are")
        let shown = ConfigurationNode.shown(type.name)
        let problem = "no loaded plugin brings the \(identity.kind.words) type \(shown)"
        guard !catalog.refusedPlugins.isEmpty else {
            let advice = names.isEmpty ? "; list the plugin that does under plugins" : hint
            decoder.report("\(path): \(problem)\(advice)", at: type.place)
            return nil
        }
        let reason = "\(problem); refused were \(catalog.refusedPlugins.joined(separator: ", "))"
        decoder.warn("\(path): \(reason)\(hint.contains("did you mean") ? hint : "")", at: type.place)
        return ComponentConfiguration(
            identity, type: type.name, settings: Settings(path: path, place: member.keyPlace), common: common,
            place: member.keyPlace, unavailable: reason)
    }

    /// Post-operations that devices name by their type, without an entry of their own.
    private mutating func impliedPostOperations(_ components: [ComponentConfiguration]) -> [ComponentConfiguration] {
        var known = Set(members(.postOperation).map(\.key))
        var implied: [ComponentConfiguration] = []
        for device in components where device.kind == .device {
            for name in device.postOperations where known.insert(name).inserted {
                guard let type = catalog.type(.postOperation, name) else { continue }
                let identity = ComponentConfiguration.Identity(.postOperation, name)
                let place = device.common.place("post_operations") ?? document.root.place
                let kind = ComponentKind.postOperation
                let common = decoder.decode(nil, kind.commonSettings, path: identity.description, place: place)
                let settings = decoder.decode(nil, type.settings, path: identity.description, place: place)
                implied.append(
                    ComponentConfiguration(identity, type: name, settings: settings, common: common, place: place))
            }
        }
        return implied
    }
}
