// Part of daqd
// SPDX-License-Identifier: MIT

/// What the runners of devices, frontends and simulators share.
struct SiteServices: Sendable {
    let site: Site
    let logger: Logger
    let dataRoot: String
    let transports = TransportPool()
    let coordinator: AcquisitionCoordinator
    let autosave: AutosaveStore
    let serviceManager: ServiceManager
    let plugins: PluginHost
}
