// Part of daqd
// SPDX-License-Identifier: MIT

/// Makes and starts one simulator.
final class SimulatorRunner: Sendable {
    let configuration: ComponentConfiguration
    private let logger: Logger
    private let simulator: (any Simulator)?

    init(_ configuration: ComponentConfiguration, services: SiteServices) {
        self.configuration = configuration
        logger = services.logger.sibling(configuration.name)
        do {
            guard let factory = services.site.registry.simulator(configuration.type) else {
                throw DeviceError(.unavailable, configuration.absence)
            }
            simulator = try factory.make(
                configuration.settings, SimulatorContext(name: configuration.name, logger: logger))
        } catch {
            services.couldNotMake(configuration, error, logger)
            simulator = nil
        }
    }

    func start() async {
        do {
            try await simulator?.start()
        } catch {
            logger.error("The simulator cannot start", ["reason": .string(String(describing: error))])
        }
    }

    func stop() async { await simulator?.stop() }
}
