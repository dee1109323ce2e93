// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Asks the detector how it is, tells the kernel, and takes up what a change calls for; runs for the life of the device.
struct DetectorWatcher: Sendable {
    let context: DeviceContext
    let settings: EigerSettings
    let runner: SeriesRunner
    let configurator: Configurator
    let apiVersion: Parameter<String>
    /// Acquisitions that an earlier process left, oldest first.
    let interrupted: [Acquisition]
    /// After an initialize that failed the next one is tried so much later.
    private static let retry = Duration.seconds(60)
    private var lifecycle: DetectorLifecycle { runner.lifecycle }
    private var keys: KeyService { runner.lifecycle.keys }
    private var client: SIMPLONClient { runner.client }
    private var health: HealthMonitor { runner.health }

    /// Ends only by cancellation.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var link = LinkState()
            var waiting = interrupted
            var nextSlow = ContinuousClock.now
            var nextInitialize = ContinuousClock.now
            while true {
                try Task.checkCancellation()
                let effects = await look(&link)
                for effect in effects { await apply(effect, &link) }
                if effects.contains(.uninitialized) { nextInitialize = .now }
                // A running series ends first: its files are asked for until it has.
                if link.state == "na", isQuiet, settings.initialization == .ifNeeded,
                    ContinuousClock.now >= nextInitialize
                {
                    nextInitialize = .now.advanced(by: Self.retry)
                    group.addTask { await initialize() }
                }
                if effects.contains(.discover), !waiting.isEmpty {
                    let left = waiting
                    waiting = []
                    group.addTask { await runner.recover(left) }
                }
                if isQuiet, settings.watchdog == .recover, health.takeRecovery() { group.addTask { await recover() } }
                if ContinuousClock.now >= nextSlow, isQuiet {
                    nextSlow = .now.advanced(by: settings.pollSlow)
                    await health.judgeDisk(settings.folder)
                    guard await lookSlowly(&link) else { continue }
                }
                try await Task.sleep(for: wait(link))
            }
        }
    }

    private func wait(_ link: LinkState) -> Duration {
        guard link.isConnected else { return .seconds(link.backOffSeconds) }
        // During a series the exposure itself looks often.
        let isForeignSeries = runner.control == nil && link.state == "acquire"
        return isForeignSeries ? min(settings.pollIdle, settings.pollAcquiring) : settings.pollIdle
    }

    /// Whether nothing runs beside which much may be asked.
    private var isQuiet: Bool { runner.control == nil && !lifecycle.isBusy }

    /// Asks for the state, and for the version before that where it is not known to be the same as before.
    private func look(_ link: inout LinkState) async -> [LinkState.Effect] {
        do {
            if !link.isConnected {
                try await client.discoverVersion()
                apiVersion.publish(client.version)
            }
            let state = try await keys.state()
            await judge(state)
            return link.answered(state)
        } catch {
            // An initialize may keep the detector silent for minutes.
            if lifecycle.isBusy || error is CancellationError { return [] }
            return link.failed(DeviceError(wrapping: error).message)
        }
    }

    private func judge(_ state: String) async {
        guard state == "error" else { return health.clear(.error) }
        let key = SIMPLONKey(.detector, .status, "error")
        let told = health.has(.error) ? nil : (try? await client.get(key))?.value
        let reason = told.map { $0.string ?? $0.text }.flatMap {
            $0.isEmpty || $0 == "[]" ? nil : ": \($0.prefix(200))"
        }
        let text =
            "the detector is in the state error\(reason ?? ""); initialize it, and restart its service if that fails"
        keys.table.fail(KeyService.state, Alarm(.major, .state, text))
        if !health.has(.error) { health.raise(.error, text) }
    }

    /// Asks for everything that changes slowly; whether the detector answered.
    private func lookSlowly(_ link: inout LinkState) async -> Bool {
        guard link.isConnected, ["idle", "ready", "error"].contains(link.state) else { return true }
        do {
            try await keys.refreshSlow()
        } catch let error as DeviceError {
            // The first of the failures that make a loss; the state is asked next.
            for effect in link.failed(error.message) { await apply(effect, &link) }
            return false
        } catch {
            return true
        }
        health.judgeBuffer(keys.table)
        let clock = keys.table.value(SIMPLONKey(.detector, .status, "time"))?.string
        if let seconds = clock.flatMap(SIMPLONTime.seconds) {
            for effect in link.answered(clockSeconds: seconds) { await apply(effect, &link) }
        }
        if link.state == "idle", isQuiet, !health.has(.changed) { await configurator.memory.keep(keys.table) }
        return true
    }

    /// An initialize that nobody asked for.
    private func initialize() async {
        runner.monitor.remark("Initializing")
        do {
            try await lifecycle.initialize()
            runner.monitor.remark("")
        } catch {
            let text = DeviceError(wrapping: error).message
            runner.monitor.message.publish("The initialize failed: \(text)")
            context.logger.error("The detector could not be initialized", ["error": .string(text)])
        }
    }

    /// A restart and an initialize after a series without data.
    private func recover() async {
        context.logger.warning("The last series left no data: the detector's service is restarted and initialized")
        runner.monitor.message.publish("Restarting the detector's service")
        do {
            try await lifecycle.recover()
            runner.monitor.message.publish("The detector's service was restarted after a series without data")
        } catch {
            let text = DeviceError(wrapping: error).message
            runner.monitor.message.publish("The restart failed: \(text)")
            context.logger.error("The detector could not be recovered", ["error": .string(text)])
        }
    }

    private func apply(_ effect: LinkState.Effect, _ link: inout LinkState) async {
        switch effect {
        case .connected:
            context.logger.notice("The detector answers", ["version": .string(client.version)])
            context.connected()
        case .disconnected(let reason):
            context.logger.warning("The detector does not answer", ["reason": .string(reason)])
            context.disconnected(reason)
        case .restarted:
            // A restart from here is taken up by whoever began it.
            if lifecycle.isBusy { return }
            if !lifecycle.takeOwnRestart() {
                health.raise(
                    .restarted,
                    "the detector's service was started anew; its settings and the files in its memory are gone")
            }
            lifecycle.detectorForgot()
        case .uninitialized:
            if lifecycle.isBusy { return }
            configurator.forget()
            configurator.memory.detectorForgot()
        case .discover:
            if lifecycle.takeDiscovered() { return }
            do {
                try await keys.discover()
                await lifecycle.didDiscover()
                if link.state == "idle", isQuiet { try await lifecycle.restoreIfPending() }
            } catch {
                link.forgetKeys()
                context.logger.warning(
                    "The detector's keys could not be read", ["error": .string(String(describing: error))])
            }
        }
    }
}
