// Part of daqd
// SPDX-License-Identifier: MIT

/// How a drop-in file changes what was read before it.
///
/// Mappings merge key by key at every level, so that a drop-in adds a component or overrides one key of it; any other
/// value replaces the old one, lists too. The one exception is the section `plugins`: its entries are added, and an
/// entry that names a plugin of the list takes that one's place.
enum DropIns {
    static func merge(_ added: ConfigurationNode, over base: ConfigurationNode, path: [String]) -> ConfigurationNode {
        if path == ["plugins"], case .sequence(let new) = added.content, case .sequence(let old) = base.content {
            return ConfigurationNode(content: .sequence(mergePlugins(new, over: old)), place: base.place)
        }
        guard case .mapping(let new) = added.content, case .mapping(var members) = base.content else { return added }
        for member in new {
            if let index = members.firstIndex(where: { $0.key == member.key }) {
                members[index].value = merge(member.value, over: members[index].value, path: path + [member.key])
            } else {
                members.append(member)
            }
        }
        return ConfigurationNode(content: .mapping(members), place: base.place)
    }

    private static func mergePlugins(
        _ new: [ConfigurationNode], over old: [ConfigurationNode]
    ) -> [ConfigurationNode] {
        var merged = old
        for entry in new {
            if let name = PluginEntry.name(of: entry),
                let index = old.firstIndex(where: { PluginEntry.name(of: $0) == name })
            {
                merged[index] = entry
            } else {
                merged.append(entry)
            }
        }
        return merged
    }
}
