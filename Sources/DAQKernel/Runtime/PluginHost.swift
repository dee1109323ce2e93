// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The plugins of a site: loads them, knows what came of each, and what that means for the site.
final class PluginHost: Sendable {
    let registry: Registry
    private struct State {
        var loader: PluginLoader?
        var records: [PluginRecord] = []
        var reported = 0
    }
    private let state = Mutex(State())

    init(registry: Registry) { self.registry = registry }

    /// Every plugin that was asked for, in order.
    var records: [PluginRecord] { state.withLock { $0.records } }

    /// What came of the plugins that were loaded since the last call: a reload reports no plugin a second time.
    func takeNews() -> [PluginRecord] {
        state.withLock { state in
            defer { state.reported = state.records.count }
            return Array(state.records[state.reported...])
        }
    }

    /// Loads plugins that were not asked for before; where they are looked for is settled by the first call.
    func load(_ entries: [PluginEntry], from draft: ConfigurationDraft) {
        let policy = PluginPolicy(
            search: .standard(configured: draft.pluginPath), allowsDebugPlugins: draft.allowDebugPlugins)
        state.withLock { state in
            let known = Set(state.records.map(\.entry.file))
            let loader = state.loader ?? PluginLoader(registry: registry, policy: policy)
            state.loader = loader
            state.records += loader.load(entries.filter { !known.contains($0.file) })
        }
    }

    /// The types that the loaded plugins bring.
    var catalog: ComponentCatalog {
        registry.catalog(refusedPlugins: records.filter { $0.refusal != nil }.map(\.entry.file))
    }

    /// Works out what refusals mean, once the configuration is known.
    func settle(_ configuration: SiteConfiguration) {
        let unavailable = configuration.components.filter { $0.unavailable != nil }
        let names = unavailable.map { "\($0.kind.words) \($0.name)" }
        let running = configuration.components.count - unavailable.count
        state.withLock { state in
            for index in state.records.indices { state.records[index].setEffect(unavailable: names, running: running) }
        }
    }

    /// The refused plugins that the site cannot do without.
    var missingRequired: [PluginRecord] { records.filter { $0.refusal != nil && $0.entry.required } }

    /// What became of a component that its factory could not make; `nil` where no plugin brought the type.
    func refusal(making component: ComponentConfiguration, _ error: any Error) -> PluginRefusal? {
        let kinds = FactoryKind.allCases.filter { $0.componentKind == component.kind }
        let record = records.first { record in
            kinds.contains { record.registered.contains(Registry.Registration(kind: $0, type: component.type)) }
        }
        return record?.refusal(making: "\(component.kind.words) \(component.name)", type: component.type, error)
    }
}
