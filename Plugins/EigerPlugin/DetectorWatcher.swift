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
    private var lifecycle: DetectorLifecycle { runner.lifecycle }
    private var keys: KeyService { runner.lifecycle.keys }
    private var client: SIMPLONClient { runner.client }

    /// Ends only by cancellation.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var link = LinkState()
            var waiting = interrupted
            var nextSlow = ContinuousClock.now
            while true {
                try Task.checkCancellation()
                let effects = await look(&link)
                for effect in effects { await apply(effect, &link, &group) }
                if effects.contains(.discover), !waiting.isEmpty {
                    let left = waiting
                    waiting = []
                    group.addTask { await runner.recover(left) }
                }
                if link.isConnected, mayPollSlowly(link), ContinuousClock.now >= nextSlow {
                    nextSlow = .now.advanced(by: settings.pollSlow)
                    do {
                        try await keys.refreshSlow()
                    } catch let error as DeviceError {
                        // The first of the failures that make a loss; the state is asked next.
                        for effect in link.failed(error.message) { await apply(effect, &link, &group) }
                        continue
                    }
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

    private func mayPollSlowly(_ link: LinkState) -> Bool {
        runner.control == nil && !lifecycle.isBusy && ["idle", "ready", "error"].contains(link.state)
    }

    /// Asks for the state, and for the version before that where it is not known to be the same as before.
    private func look(_ link: inout LinkState) async -> [LinkState.Effect] {
        do {
            if !link.isConnected {
                if settings.apiVersion == "auto" { _ = try await client.discoverVersion() }
                apiVersion.publish(client.version)
            }
            let state = try await keys.state()
            if state == "error" {
                keys.table.fail(
                    KeyService.state, Alarm(.major, .state, "the detector is in the state error; initialize it"))
            }
            return link.answered(state)
        } catch {
            // An initialize may keep the detector silent for minutes.
            if lifecycle.isBusy || error is CancellationError { return [] }
            return link.failed(DeviceError(wrapping: error).message)
        }
    }

    /// An initialize that nobody asked for.
    private func initialize() async {
        runner.monitor.message.publish("Initializing")
        do {
            try await lifecycle.initialize()
            runner.monitor.message.publish("")
        } catch {
            let text = DeviceError(wrapping: error).message
            runner.monitor.message.publish("The initialize failed: \(text)")
            context.logger.error("The detector could not be initialized", ["error": .string(text)])
        }
    }

    private func apply(
        _ effect: LinkState.Effect, _ link: inout LinkState, _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async {
        switch effect {
        case .connected:
            context.logger.notice("The detector answers", ["version": .string(client.version)])
            context.connected()
        case .disconnected(let reason):
            context.logger.warning("The detector does not answer", ["reason": .string(reason)])
            context.disconnected(reason)
        case .restarted:
            context.logger.warning("The detector's service was started anew; its settings and files are gone")
            configurator.forget()
            keys.table.invalidate("the detector was started anew and is not initialized")
        case .uninitialized:
            configurator.forget()
            if settings.initialization == .ifNeeded, runner.control == nil, !lifecycle.isBusy {
                group.addTask { await initialize() }
            }
        case .discover:
            if lifecycle.takeDiscovered() { return }
            do {
                try await keys.discover()
            } catch {
                link.forgetKeys()
                context.logger.warning(
                    "The detector's keys could not be read", ["error": .string(String(describing: error))])
            }
        }
    }
}
