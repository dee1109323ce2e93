// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Makes one frontend, gets it to listen, and keeps it there.
final class FrontendRunner: Sendable {
    let configuration: ComponentConfiguration
    private let services: SiteServices
    private let logger: Logger
    private let frontend: (any Frontend)?
    private let running = Mutex<Task<Void, Never>?>(nil)

    /// Makes the frontend; one whose factory throws is reported and left out.
    init(_ configuration: ComponentConfiguration, services: SiteServices) {
        self.configuration = configuration
        self.services = services
        logger = services.logger.sibling(configuration.name)
        let context = FrontendContext(name: configuration.name, logger: logger, site: services.site)
        do {
            guard let factory = services.site.registry.frontend(configuration.type) else {
                throw DeviceError(.unavailable, configuration.absence)
            }
            frontend = try factory.make(configuration.settings, context)
        } catch {
            services.couldNotMake(configuration, error, logger)
            frontend = nil
        }
    }

    /// Starts to listen; after a failure it is tried again with back-off, behind.
    func start() async {
        services.site.expect(configuration.name)
        guard let frontend else { return }
        do {
            try await frontend.start()
            serve(frontend)
        } catch {
            report(error)
            let task = Task { [self] in await keepTrying(frontend) }
            running.withLock { $0 = task }
        }
    }

    private func report(_ error: any Error) {
        logger.error("The frontend cannot listen and is tried again", ["reason": .string(String(describing: error))])
    }

    private func serve(_ frontend: any Frontend) {
        services.site.set(names: { frontend.names() }, frontend: configuration.name)
        let task = Task { [self] in await keepRunning(frontend) }
        running.withLock { $0 = task }
    }

    private func keepTrying(_ frontend: any Frontend) async {
        var backoff = Backoff()
        while !Task.isCancelled {
            try? await Task.sleep(for: backoff.pause())
            if Task.isCancelled { return }
            do {
                try await frontend.start()
                services.site.set(names: { frontend.names() }, frontend: configuration.name)
                logger.notice("The frontend listens now")
                return await keepRunning(frontend)
            } catch {
                report(error)
            }
        }
    }

    private func keepRunning(_ frontend: any Frontend) async {
        do {
            try await frontend.run()
        } catch {
            if Task.isCancelled { return }
            report(error)
            await frontend.stop()
            services.site.set(names: nil, frontend: configuration.name)
            await keepTrying(frontend)
        }
    }

    /// Stops it, in ten seconds at most.
    func stop() async {
        running.withLock { $0 }?.cancel()
        services.site.expect(configuration.name, false)
        services.site.set(names: nil, frontend: configuration.name)
        guard let frontend else { return }
        let end = await DeviceRunner.race(
            { await frontend.stop() }, against: { try? await Task.sleep(for: .seconds(10)) })
        if end != .inTime { logger.error("The frontend did not stop in time and is left as it is") }
    }
}
