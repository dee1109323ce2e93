// Part of daqd
// SPDX-License-Identifier: MIT

extension Registry {
    /// What can be configured: every type that was registered.
    ///
    /// - Parameter refusedPlugins: Plugins whose types are therefore missing; see ``ComponentCatalog/refusedPlugins``.
    public func catalog(refusedPlugins: [String] = []) -> ComponentCatalog {
        let found = FactoryKind.allCases.flatMap { factoryKind -> [ComponentType] in
            guard let kind = factoryKind.componentKind else { return [] }
            return types(factoryKind).map { type, summary in
                var made = ComponentType(kind, type, summary: summary, settings: settings(factoryKind, type) ?? [])
                if factoryKind == .frontend { made.judge = frontend(type)?.judge }
                return made
            }
        }
        return ComponentCatalog(found, refusedPlugins: refusedPlugins)
    }
}

extension FactoryKind {
    /// The section that makes components of these factories; `nil` for transports, which devices ask for.
    var componentKind: ComponentKind? {
        switch self {
        case .device: .device
        case .frontend: .frontend
        case .postOperation: .postOperation
        case .simulator: .simulator
        case .transport: nil
        }
    }
}
