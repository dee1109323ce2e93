// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// A whole daqd: reads the configuration, loads the plugins, runs simulators, devices, post-operations and frontends,
/// applies what changed on SIGHUP, and stops in order.
public actor Daemon {
    private let options: DaemonOptions
    private let plugins: PluginHost
    private let serviceManager: ServiceManager
    private let writeLog: (@Sendable (LogRecord) -> Void)?
    private var format: LogFormat
    private var sink: LogSink
    private var logger: Logger
    private var configuration: SiteConfiguration?
    private var services: SiteServices?
    private var stateLock: StateLockBox?
    private var simulators: [String: SimulatorRunner] = [:]
    private var devices: [String: DeviceRunner] = [:]
    private var frontends: [String: FrontendRunner] = [:]
    private var pulse: Task<Void, Never>?
    private var control: ControlSocket?

    /// A daemon that has not started.
    public init(_ options: DaemonOptions) {
        self.init(options, registry: Registry(), serviceManager: ServiceManager(), log: nil)
    }

    /// A daemon with types that no plugin brought, a service manager and a log of one's own: for tests.
    init(
        _ options: DaemonOptions, registry: Registry, serviceManager: ServiceManager,
        log: (@Sendable (LogRecord) -> Void)?
    ) {
        self.options = options
        self.serviceManager = serviceManager
        plugins = PluginHost(registry: registry)
        writeLog = log
        format = options.logFormat ?? .text
        sink = LogSink(levels: LogLevels(options.logLevel ?? .notice), format: format, descriptor: STDERR_FILENO)
        logger = Logger(component: "daqd", sink: sink)
    }

    /// Keeps the lock while the daemon lives.
    private final class StateLockBox: Sendable {
        let lock: StateLock
        init(_ lock: consuming StateLock) { self.lock = lock }
    }

    /// Runs until a stop is asked for.
    public func run(_ signals: AsyncStream<DaemonSignal>) async -> DaemonExit {
        let stops = StopRequests()
        let (reloads, wish) = AsyncStream.makeStream(of: DaemonSignal.self, bufferingPolicy: .bufferingNewest(1))
        let listener = Task {
            for await signal in signals {
                if signal == .stop { stops.add() }
                wish.yield(signal)
            }
        }
        defer { listener.cancel() }
        FileLimit.raise()
        do {
            try await start()
        } catch let error as ConfigurationError {
            Self.printError(error.description)
            return .configuration
        } catch let error as DaemonExit {
            return error
        } catch {
            logger.error("daqd cannot start", ["reason": .string(String(describing: error))])
            return .failure
        }
        for await _ in reloads {
            if stops.count > 0 { break }
            await reload()
            if stops.count > 0 { break }
        }
        await stop(stops)
        return .success
    }

    // MARK: - Start

    private func start() async throws {
        let draft = try ConfigurationDraft.read(options.configuration)
        configureLogging(draft.logging)
        logger.info("daqd starts", ["configuration": .string(options.configuration), "pid": .integer(Int64(getpid()))])
        plugins.load(draft.plugins, from: draft)
        let configuration = try resolve(draft)
        try StateLock.makeDirectories(configuration.site.data)
        stateLock = StateLockBox(try StateLock(directory: configuration.site.state))
        let log = try RunLog(
            path: configuration.storage.runLog ?? "\(configuration.site.state)/\(RunLog.fileName)")
        let coordinator = AcquisitionCoordinator(log: log, logger: logger.sibling("acquisitions"))
        let site = Site(name: configuration.site.name, registry: plugins.registry, acquisitions: coordinator)
        let autosave = try AutosaveStore(log: log, logger: logger.sibling("autosave"))
        let services = SiteServices(
            site: site, logger: logger, dataRoot: configuration.site.data, coordinator: coordinator,
            autosave: autosave, serviceManager: serviceManager, plugins: plugins,
            report: { [format, logger] refusal in Self.report(refusal, format, logger) })
        self.services = services
        self.configuration = configuration
        site.plugins = plugins.records.map(\.json)
        watchWrites(site, autosave)
        try await coordinator.recover()
        for component in configuration.simulators { await startSimulator(component, services) }
        for component in configuration.devices { await startDevice(component, configuration, services) }
        let absent = devices.filter { !$0.value.isMade }.keys
        await coordinator.settleInterrupted(absent: Set(absent))
        for component in configuration.frontends { await startFrontend(component, services) }
        startPulse(services)
        openControl(site, state: configuration.site.state)
        site.started()
        serviceManager.ready(summary)
        logger.notice("daqd runs", ["site": .string(site.name), "serving": .string(summary)])
    }

    /// The site while it runs; for tests.
    var site: Site? { services?.site }

    private var summary: String {
        "devices: \(devices.count), frontends: \(frontends.count)"
    }

    private func configureLogging(_ section: LoggingSection) {
        if let writeLog {
            sink = LogSink(levels: levels(section), write: writeLog)
            logger = Logger(component: "daqd", sink: sink)
            return
        }
        format = options.logFormat ?? section.format.flatMap(LogFormat.init(rawValue:)) ?? .text
        sink = LogSink(levels: levels(section), format: format, descriptor: STDERR_FILENO)
        logger = Logger(component: "daqd", sink: sink)
    }

    private func levels(_ section: LoggingSection) -> LogLevels {
        LogLevels(
            options.logLevel ?? LogLevel(rawValue: section.level) ?? .notice,
            components: section.levels.compactMapValues(LogLevel.init(rawValue:)))
    }

    /// The checked configuration; refusals are reported, a refused plugin that is required ends the start.
    private func resolve(_ draft: ConfigurationDraft) throws -> SiteConfiguration {
        let configuration = try draft.resolve(plugins.catalog)
        plugins.settle(configuration)
        for record in plugins.takeNews() { report(record) }
        for warning in configuration.warnings { logger.warning("Configuration", ["at": .string(warning.description)]) }
        if !plugins.missingRequired.isEmpty { throw DaemonExit.configuration }
        return configuration
    }

    private func report(_ record: PluginRecord) {
        for warning in record.warnings {
            logger.warning("Plugin warning", ["code": .string(warning.code), "text": .string(warning.text)])
        }
        guard let refusal = record.refusal else {
            logger.info("Plugin loaded", ["id": .string(record.id ?? ""), "file": .string(record.file)])
            return
        }
        report(refusal)
    }

    private func report(_ refusal: PluginRefusal) { Self.report(refusal, format, logger) }

    /// Lines of text for people, an object for a log collector, one message of several lines for ARTIQ.
    private static func report(_ refusal: PluginRefusal, _ format: LogFormat, _ logger: Logger) {
        switch format {
        case .text: printError(refusal.text)
        case .json: logger.error("Plugin refused", ["refusal": refusal.json])
        case .artiq: logger.error(refusal.text)
        }
    }

    static func printError(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    static func write(_ text: String, to descriptor: Int32) {
        LogSink.write(Array(text.utf8), to: descriptor)
    }

    private func watchWrites(_ site: Site, _ autosave: AutosaveStore) {
        let logger = self.logger.sibling("writes")
        site.restore { parameter in autosave.saves(parameter) ? autosave.value(at: parameter.path) : nil }
        autosave.observeChoices { [weak writes = site.writes] in writes?.reconsider() }
        site.writes.add(wants: { logger.isEnabled(.info) || autosave.saves($0) }) { parameter, value, origin in
            logger.info(
                "Parameter written",
                ["parameter": .string(parameter.path), "value": value.json, "origin": .string(origin.description)])
            if autosave.saves(parameter) { autosave.save(value.json, at: parameter.path) }
        }
    }

    /// Every second: counters and memory; the service manager hears that we live as long as the run log answers.
    private func startPulse(_ services: SiteServices) {
        let serviceManager = self.serviceManager
        let period = serviceManager.watchdogPeriod.map { min($0 / 3, .seconds(1)) } ?? .seconds(1)
        pulse = Task {
            while !Task.isCancelled {
                services.site.daemon.refresh()
                if serviceManager.watchdogPeriod != nil,
                    (try? await services.coordinator.log.count(AcquisitionQuery())) != nil
                {
                    serviceManager.alive()
                }
                try? await Task.sleep(for: period)
            }
        }
    }

    /// The daemon's own command line asks here; without it the daemon runs all the same.
    private func openControl(_ site: Site, state: String) {
        do {
            control = try ControlSocket(state: state) { request in Self.answer(request, site) }
        } catch {
            logger.warning("`daqd names` will not work", ["reason": .string(String(describing: error))])
        }
    }

    private static func answer(_ request: JSON, _ site: Site) -> JSON {
        guard request["ask"] == "names" else { return .object([("error", "only names can be asked for")]) }
        let wanted = request["frontend"]?.string.map { [$0] } ?? site.frontends
        var frontends: [(String, JSON)] = []
        for name in wanted {
            guard let names = site.names(frontend: name) else {
                let known = site.frontends.joined(separator: ", ")
                return .object([("error", .string("there is no frontend “\(name)”; there are: \(known)"))])
            }
            frontends.append((name, .array(names.map(\.json))))
        }
        return .object([("frontends", .object(frontends))])
    }

    // MARK: - Components

    private func startSimulator(_ component: ComponentConfiguration, _ services: SiteServices) async {
        let runner = SimulatorRunner(component, services: services)
        simulators[component.name] = runner
        await runner.start()
    }

    private func startDevice(
        _ component: ComponentConfiguration, _ configuration: SiteConfiguration, _ services: SiteServices
    ) async {
        // The chain first: a device may end an interrupted acquisition as soon as it is made.
        await setChain(component, configuration, services)
        let runner = DeviceRunner(component, services: services)
        devices[component.name] = runner
        runner.start()
    }

    private func setChain(
        _ component: ComponentConfiguration, _ configuration: SiteConfiguration, _ services: SiteServices
    ) async {
        let chain = component.postOperations.compactMap { name in
            configuration.component(.postOperation, name).flatMap { entry(of: $0, services) }
        }
        await services.coordinator.postOperations.configure(device: component.name, chain: chain)
    }

    private func entry(of component: ComponentConfiguration, _ services: SiteServices) -> PostOperationEntry? {
        let logger = services.logger.sibling(component.name)
        do {
            guard let factory = services.site.registry.postOperation(component.type) else {
                throw DeviceError(.unavailable, component.absence)
            }
            let setup = PostOperationSetup(name: component.name, logger: logger, dataRoot: services.dataRoot)
            return PostOperationEntry(
                component.name, try factory.make(component.settings, setup), rules: PostOperationRules(component),
                waitsByDefault: factory.waits)
        } catch {
            services.couldNotMake(component, error, logger)
            return PostOperationEntry(
                component.name, absent: String(describing: error), rules: PostOperationRules(component))
        }
    }

    private func startFrontend(_ component: ComponentConfiguration, _ services: SiteServices) async {
        let runner = FrontendRunner(component, services: services)
        frontends[component.name] = runner
        await runner.start()
    }

    // MARK: - Reload

    private func reload() async {
        guard let old = configuration, let services else { return }
        serviceManager.reloading()
        defer { serviceManager.ready(summary) }
        do {
            let draft = try ConfigurationDraft.read(options.configuration)
            plugins.load(draft.plugins, from: draft)
            let new = try resolve(draft)
            let difference = ConfigurationDifference(from: old, to: new)
            await apply(difference, new, services)
            configuration = new
            services.site.plugins = plugins.records.map(\.json)
            logger.notice(
                "Configuration reloaded",
                [
                    "added": .integer(Int64(difference.added.count)),
                    "removed": .integer(Int64(difference.removed.count)),
                    "changed": .integer(Int64(difference.changed.count)),
                    "untouched": .integer(Int64(difference.untouched.count)),
                ])
        } catch let error as ConfigurationError {
            logger.error("The new configuration is wrong; the old one stays in force")
            Self.printError(error.description)
        } catch {
            logger.error("A required plugin was refused; the old configuration stays in force")
        }
    }

    private func apply(
        _ difference: ConfigurationDifference, _ new: SiteConfiguration, _ services: SiteServices
    ) async {
        if difference.loggingChanged {
            sink.change(levels(new.logging))
            services.site.writes.reconsider()
        }
        for section in difference.restartSections {
            logger.warning("A changed section needs a restart of daqd", ["section": .string(section)])
        }
        let remade = difference.changed.filter(\.needsRestart).map(\.identity)
        for identity in difference.removed + remade { await stop(identity) }
        let started = Set(difference.added + remade)
        for component in new.simulators where started.contains(component.identity) {
            await startSimulator(component, services)
        }
        let operationsChanged =
            difference.removed.contains { $0.kind == .postOperation }
            || started.contains { $0.kind == .postOperation }
            || difference.changed.contains { $0.identity.kind == .postOperation }
        for component in new.devices {
            if started.contains(component.identity) {
                await startDevice(component, new, services)
            } else if operationsChanged || difference.changed.contains(where: { $0.identity == component.identity }) {
                await setChain(component, new, services)
                devices[component.name]?.update(component)
            }
        }
        for component in new.frontends where started.contains(component.identity) {
            await startFrontend(component, services)
        }
    }

    private func stop(_ identity: ComponentConfiguration.Identity) async {
        switch identity.kind {
        case .simulator: await simulators.removeValue(forKey: identity.name)?.stop()
        case .device:
            let device = devices.removeValue(forKey: identity.name)
            await device?.stop("\(identity) was taken out of the configuration") {
                try? await Task.sleep(for: .seconds(86400))
            }
            device?.leave()
        case .frontend: await frontends.removeValue(forKey: identity.name)?.stop()
        case .postOperation: break
        }
    }

    // MARK: - Stop

    private func stop(_ stops: StopRequests) async {
        guard let services else { return }
        logger.notice("daqd stops; a second signal ends the wait")
        serviceManager.stopping("ending acquisitions")
        services.site.ended()
        await services.coordinator.beginShutdown()
        await withTaskGroup(of: Void.self) { group in
            for device in devices.values {
                group.addTask {
                    await device.stop("daqd is stopping") {
                        await stops.wait(for: 2)
                    } abandon: {
                        await stops.wait(for: 3)
                    }
                }
            }
        }
        await services.coordinator.shutdown()
        // Frontends serve until here: the end of a series, and who waits for it, needs them. What they list stays whole.
        for frontend in frontends.values { await frontend.stop() }
        for device in devices.values { device.leave() }
        for simulator in simulators.values { await simulator.stop() }
        pulse?.cancel()
        control?.shut()
        do {
            try await services.autosave.flush()
        } catch {
            logger.error("Saved values could not be written", ["reason": .string(String(describing: error))])
        }
        services.coordinator.log.close()
        stateLock = nil
        logger.notice("daqd stopped")
    }
}
