// Part of daqd
// SPDX-License-Identifier: MIT

/// What a site allows its plugins to be.
public struct PluginPolicy: Sendable, Equatable {
    /// Where names are looked up.
    public var search: PluginSearchPath
    /// Whether a release build of daqd loads debug plugins.
    public var allowsDebugPlugins: Bool

    /// - Parameters:
    ///   - search: Where names are looked up.
    ///   - allowsDebugPlugins: Whether a release build of daqd loads debug plugins.
    public init(search: PluginSearchPath, allowsDebugPlugins: Bool = false) {
        self.search = search
        self.allowsDebugPlugins = allowsDebugPlugins
    }
}
