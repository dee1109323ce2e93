// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Makes one device, keeps its `run` going, and stops it in bounded time.
final class DeviceRunner: Sendable {
    private let current: Mutex<ComponentConfiguration>
    let node: DeviceNode
    private let logger: Logger
    private let device: (any Device)?
    private let context: DeviceContext
    private let services: SiteServices
    private let running = Mutex<Task<Void, Never>?>(nil)
    private let deadline = Mutex<ContinuousClock.Instant?>(nil)

    /// Makes the device; a factory that throws leaves it in the tree, unavailable, with the reason.
    init(_ configuration: ComponentConfiguration, services: SiteServices) {
        current = Mutex(configuration)
        self.services = services
        let factory = services.site.registry.device(configuration.type)
        logger = services.logger.sibling(configuration.name)
        node = services.site.makeNode(
            name: configuration.name, type: configuration.type, summary: factory?.summary ?? "")
        let asked = MoreTime()
        context = DeviceContext(
            node: node, logger: logger,
            dataRoot: configuration.dataDirectory ?? "\(services.dataRoot)/\(configuration.name)",
            acquisitions: services.coordinator.acquisitions(of: configuration.name), pool: services.transports,
            openStore: { try services.coordinator.log.store(for: "device \(configuration.name)") },
            moreTime: { asked.runner?.extend(by: $0) })
        device = Self.make(configuration, factory, node, context, logger, services)
        asked.runner = self
        if let device { node.set(nameSets: device.nameSets) }
    }

    /// The configuration in force; what is common to all devices may change while it runs.
    private var configuration: ComponentConfiguration { current.withLock { $0 } }

    /// Takes over what is common to all devices: the time for a stop, what is saved.
    func update(_ configuration: ComponentConfiguration) {
        current.withLock { $0 = configuration }
        services.autosave.choose(configuration.autosave, for: node.name)
    }

    private final class MoreTime: @unchecked Sendable {  // sound: written once, before the device can ask
        weak var runner: DeviceRunner?
    }

    private static func make(
        _ configuration: ComponentConfiguration, _ factory: DeviceFactory?, _ node: DeviceNode,
        _ context: DeviceContext, _ logger: Logger, _ services: SiteServices
    ) -> (any Device)? {
        guard let factory, configuration.unavailable == nil else {
            node.set(.unavailable(configuration.absence))
            return nil
        }
        let collector = MemberCollector()
        do {
            let device = try MemberCollector.$current.withValue(collector) {
                try factory.make(configuration.settings, context)
            }
            for parameter in collector.parameters { try node.add(parameter) }
            for command in collector.commands { try node.add(command) }
            return device
        } catch {
            node.set(.unavailable(services.couldNotMake(configuration, error, logger)))
            return nil
        }
    }

    /// Whether there is a device; one that could not be made keeps its interrupted acquisitions for another start.
    var isMade: Bool { device != nil }

    /// Restores saved values, shows the device and keeps it running.
    func start() {
        restore()
        services.site.add(node)
        guard let device else { return }
        let task = Task { [self] in await keepRunning(device) }
        running.withLock { $0 = task }
    }

    private func keepRunning(_ device: any Device) async {
        var backoff = Backoff()
        while !Task.isCancelled {
            let began = ContinuousClock.now
            do {
                try await device.run()
                return
            } catch {
                if Task.isCancelled { return }
                let reason = DeviceError(wrapping: error).message
                node.fail(reason)
                if ContinuousClock.now - began > .seconds(60) { backoff.reset() }
                let pause = backoff.pause()
                logger.warning(
                    "The device failed and is tried again",
                    ["reason": .string(reason), "pause_s": .number(Double(pause.components.seconds))])
                try? await Task.sleep(for: pause)
            }
        }
    }

    // MARK: - Autosave

    private func restore() {
        services.autosave.choose(configuration.autosave, for: node.name)
        for path in services.autosave.paths(of: node.name) {
            guard let parameter = node.parameter(String(path.dropFirst(node.name.count + 1))),
                services.autosave.saves(parameter), let value = services.autosave.value(at: path)
            else { continue }
            do {
                try parameter.store(try parameter.metadata.check(DataValue(value), outOfRange: .refuse))
            } catch {
                logger.warning(
                    "A saved value does not fit any more",
                    ["parameter": .string(path), "reason": .string(error.message)])
            }
        }
    }

    // MARK: - Stopping

    /// How long a device has for what is left to do once its time is over: a camera is told to stay cold and let go.
    static let grace = Duration.seconds(5)

    /// Refuses new work, gives what runs time to end, brings the hardware to a safe state.
    ///
    /// It has its `stop_timeout` and what the device asks for, or until `hurry` returns; then it is cancelled, and has ``grace``.
    /// The device stays where clients see it, stopped and in alarm, until ``leave()``.
    /// - Parameter abandon: Ends the grace, too.
    func stop(
        _ reason: String, hurry: @escaping @Sendable () async -> Void,
        abandon: @escaping @Sendable () async -> Void = { try? await Task.sleep(for: grace) }
    ) async {
        node.close(reason)
        let limit = ContinuousClock.now + configuration.stopTimeout
        deadline.withLock { $0 = limit }
        let end = await Self.race(
            { [self] in await stopGracefully() },
            against: { [self] in
                await Self.first({ await self.waitForDeadline() }, hurry)
                if !Task.isCancelled { services.serviceManager.extend(by: Self.grace + .seconds(5)) }
            },
            grace: { await Self.first({ try? await Task.sleep(for: Self.grace) }, abandon) })
        if end != .inTime {
            let seconds = JSON.number(Double(configuration.stopTimeout.components.seconds))
            if end == .late {
                logger.warning("The device did not stop in time; its stop was cut short", ["stop_timeout_s": seconds])
            } else {
                logger.error("The device did not stop in time and is left as it is", ["stop_timeout_s": seconds])
            }
            for operation in services.site.operations.running(device: node.name) { operation.cancel() }
        }
        running.withLock { $0 }?.cancel()
        await services.coordinator.settle(device: node.name, reason: reason)
        await context.releaseTransports()
        node.set(.stopped)
    }

    /// Takes the stopped device out of the tree.
    func leave() {
        services.site.remove(node.name)
        node.clear()
    }

    private func stopGracefully() async {
        async let stopped: Void? = device?.stop()
        let inAcquisition = services.coordinator.active.contains { $0.device == node.name && !$0.isResumed }
        for operation in services.site.operations.running(device: node.name) {
            // An acquisition hears of the stop itself and ends safely; cancelling its command would cut that short.
            if !inAcquisition { operation.cancel() }
            _ = await operation.end()
        }
        _ = await stopped
        let task = running.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    private func extend(by duration: Duration) {
        deadline.withLock { deadline in
            if let present = deadline { deadline = max(present, ContinuousClock.now + duration) }
        }
        services.serviceManager.extend(by: duration + .seconds(5))
    }

    private func waitForDeadline() async {
        while let limit = deadline.withLock({ $0 }), ContinuousClock.now < limit, !Task.isCancelled {
            try? await Task.sleep(until: limit)
        }
    }

    /// How work ended that had a limit.
    enum Ending { case inTime, late, never }

    /// Runs work until a limit; then it is cancelled, and waited for until the grace is over.
    /// - Returns: Where it ended; work that did not end goes on unwatched.
    static func race(
        _ work: @escaping @Sendable () async -> Void, against limit: @escaping @Sendable () async -> Void,
        grace: @escaping @Sendable () async -> Void = {}
    ) async -> Ending {
        let worker = Task { await work() }
        if await ends(worker, before: limit) { return .inTime }
        worker.cancel()
        return await ends(worker, before: grace) ? .late : .never
    }

    private static func ends(
        _ worker: Task<Void, Never>, before limit: @escaping @Sendable () async -> Void
    ) async -> Bool {
        let (stream, continuation) = AsyncStream.makeStream(of: Bool.self)
        Task {
            await worker.value
            continuation.yield(true)
        }
        let watcher = Task {
            await limit()
            continuation.yield(false)
        }
        var iterator = stream.makeAsyncIterator()
        let isDone = await iterator.next() ?? false
        watcher.cancel()
        continuation.finish()
        return isDone
    }

    /// Returns when one of two waits ends; the other one is cancelled.
    private static func first(
        _ one: @escaping @Sendable () async -> Void, _ other: @escaping @Sendable () async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await one() }
            group.addTask { await other() }
            await group.next()
            group.cancelAll()
        }
    }
}
