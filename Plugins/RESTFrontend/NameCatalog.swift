// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// The name sets of the devices, bound when somebody first asks for them.
final class NameCatalog: Sendable {
    private let site: Site
    /// By device, then by the set's name; a view belongs to one node.
    private let views = Mutex<[String: [String: (node: DeviceNode, view: NameView)]]>([:])

    init(site: Site) { self.site = site }

    /// A device under one of its name sets; `nil` when it has none of that name.
    func view(_ name: String, of node: DeviceNode) -> NameView? {
        if let known = views.withLock({ $0[node.name]?[name] }), known.node === node { return known.view }
        guard let set = node.nameSets.first(where: { $0.name == name }) else { return nil }
        let made = NameView(set, of: node, on: site)
        let (kept, surplus) = views.withLock { views -> (NameView, NameView?) in
            let other = views[node.name]?[name]
            if let other, other.node === node { return (other.view, made) }
            views[node.name, default: [:]][name] = (node, made)
            return (made, other?.view)
        }
        surplus?.close()
        return kept
    }

    /// A device went: what was bound to it is let go.
    func forget(_ event: TreeEvent) {
        guard case .deviceRemoved(let device) = event else { return }
        let gone = views.withLock { $0.removeValue(forKey: device) } ?? [:]
        for (_, entry) in gone { entry.view.close() }
    }

    /// Ends every view.
    func close() {
        let all = views.withLock { views in
            defer { views = [:] }
            return views.values.flatMap(\.values)
        }
        for entry in all { entry.view.close() }
    }
}
