// Part of daqd
// SPDX-License-Identifier: MIT

/// A site's whole configuration, decoded and checked.
///
/// Made in two steps, because plugins must be loaded before their settings can be checked: a ``ConfigurationDraft``
/// says which, then resolves against the catalog of what they brought.
public struct SiteConfiguration: Sendable {
    /// The main file and its drop-ins.
    public let files: [String]
    /// The section `site`.
    public let site: SiteSection
    /// The section `logging`.
    public let logging: LoggingSection
    /// The section `storage`.
    public let storage: StorageSection
    /// The section `plugins`, in order.
    public let plugins: [PluginEntry]
    /// Directories to look for plugins in, absolute, before the usual ones.
    public let pluginPath: [String]
    /// Whether a release build of daqd loads plugins built for debugging.
    public let allowDebugPlugins: Bool
    /// Simulators, devices, frontends and post-operations, each kind in the order of the file.
    ///
    /// A post-operation that a device names without an entry of its own is here too.
    public let components: [ComponentConfiguration]
    /// What somebody should look at, though daqd can run with it.
    public let warnings: [Diagnostic]

    /// The simulators, which are started first.
    public var simulators: [ComponentConfiguration] { components(.simulator) }
    /// The devices.
    public var devices: [ComponentConfiguration] { components(.device) }
    /// The frontends.
    public var frontends: [ComponentConfiguration] { components(.frontend) }
    /// The post-operations.
    public var postOperations: [ComponentConfiguration] { components(.postOperation) }

    /// The components of one kind, in the order of the file.
    public func components(_ kind: ComponentKind) -> [ComponentConfiguration] { components.filter { $0.kind == kind } }

    /// The component of that kind and name.
    public func component(_ kind: ComponentKind, _ name: String) -> ComponentConfiguration? {
        components.first { $0.identity == ComponentConfiguration.Identity(kind, name) }
    }
}
