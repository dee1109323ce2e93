// Part of daqd
// SPDX-License-Identifier: MIT

extension Registry {
    /// What can be configured: every type that was registered.
    ///
    /// - Parameter refusedPlugins: Plugins whose types are therefore missing; see ``ComponentCatalog/refusedPlugins``.
    public func catalog(refusedPlugins: [String] = []) -> ComponentCatalog {
        let kinds: [(FactoryKind, ComponentKind)] = [
            (.simulator, .simulator), (.device, .device), (.frontend, .frontend), (.postOperation, .postOperation),
        ]
        let found = kinds.flatMap { factoryKind, kind in
            self.types(factoryKind).map { type, summary in
                ComponentType(kind, type, summary: summary, settings: settings(factoryKind, type) ?? [])
            }
        }
        return ComponentCatalog(found, refusedPlugins: refusedPlugins)
    }
}
