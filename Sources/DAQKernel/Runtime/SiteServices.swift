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
    let report: @Sendable (PluginRefusal) -> Void

    /// Reports that a factory could not make its component.
    /// - Returns: The sentence for those who ask for the component.
    @discardableResult
    func couldNotMake(_ component: ComponentConfiguration, _ error: any Error, _ logger: Logger) -> String {
        let reason = String(describing: error)
        guard let refusal = plugins.refusal(making: component, error) else {
            logger.error("The \(component.kind.words) could not be made", ["reason": .string(reason)])
            return reason
        }
        report(refusal)
        return "DAQD-\(refusal.code.name): \(refusal.reason.joined(separator: " "))"
    }
}
