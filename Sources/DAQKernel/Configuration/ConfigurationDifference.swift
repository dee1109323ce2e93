// Part of daqd
// SPDX-License-Identifier: MIT

/// What a new configuration changes, so that a reload touches nothing else.
public struct ConfigurationDifference: Sendable {
    /// A component that is in both, with other settings.
    public struct Change: Sendable {
        /// Which.
        public var identity: ComponentConfiguration.Identity
        /// Whether it must be made anew; otherwise only settings common to its kind changed, such as its post-operations.
        public var needsRestart: Bool
    }

    /// Components that are new, in the order of the new file.
    public var added: [ComponentConfiguration.Identity] = []
    /// Components that are gone, in the order of the old file.
    public var removed: [ComponentConfiguration.Identity] = []
    /// Components whose configuration changed.
    public var changed: [Change] = []
    /// Components that are not to be touched.
    public var untouched: [ComponentConfiguration.Identity] = []
    /// Plugins to load; a plugin that is gone stays loaded, for no Swift image can be unloaded.
    public var addedPlugins: [PluginEntry] = []
    /// Whether `logging` changed.
    public var loggingChanged = false
    /// Sections that changed and only a restart of daqd applies: `site`, `storage`.
    public var restartSections: [String] = []

    /// Whether nothing changed.
    public var isEmpty: Bool {
        added.isEmpty && removed.isEmpty && changed.isEmpty && addedPlugins.isEmpty && !loggingChanged
            && restartSections.isEmpty
    }

    /// What leads from one configuration to another; where in the files things stand does not count.
    public init(from old: SiteConfiguration, to new: SiteConfiguration) {
        let before = Dictionary(old.components.map { ($0.identity, $0) }) { first, _ in first }
        let after = Set(new.components.map(\.identity))
        removed = old.components.map(\.identity).filter { !after.contains($0) }
        for component in new.components {
            guard let previous = before[component.identity] else {
                added.append(component.identity)
                continue
            }
            let isSame = component.makesTheSame(as: previous)
            if isSame, component.common == previous.common {
                untouched.append(component.identity)
            } else {
                changed.append(Change(identity: component.identity, needsRestart: !isSame))
            }
        }
        let plugins = Set(old.plugins.map(\.file))
        addedPlugins = new.plugins.filter { !plugins.contains($0.file) }
        loggingChanged = old.logging != new.logging
        if old.site != new.site { restartSections.append("site") }
        if old.storage != new.storage { restartSections.append("storage") }
    }
}
