// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The time from the first trigger to the last image: sends triggers, watches the state, and ends early when asked to.
struct Exposure: Sendable {
    private let runner: SeriesRunner
    private let control: SeriesControl
    private let plan: SeriesPlan
    private let report: @Sendable (Double, String) -> Void
    private let began = ContinuousClock.now
    private var client: SIMPLONClient { runner.client }
    private var keys: KeyService { runner.lifecycle.keys }

    init(
        _ runner: SeriesRunner, _ control: SeriesControl, _ plan: SeriesPlan,
        report: @escaping @Sendable (Double, String) -> Void
    ) {
        self.runner = runner
        self.control = control
        self.plan = plan
        self.report = report
    }

    /// Returns when no more images come, also after a stop.
    func run() async throws {
        switch plan.triggerMode {
        case "ints":
            for number in 0..<plan.ntrigger where !control.isStopped { try await triggerSeries(number) }
        case "inte":
            for number in 0..<plan.ntrigger where !control.isStopped { try await triggerImage(number) }
        default:
            try await watchUntilIdle()
        }
        _ = try await sendStop()
    }

    // MARK: - Software triggers

    private enum Event: Sendable {
        case replied((any Error)?)
        case stopTimeIsUp
    }

    /// One trigger of `ints`: the request answers when its images are done.
    private func triggerSeries(_ number: Int) async throws {
        let start = ContinuousClock.now
        control.triggered()
        let limit = Duration.seconds(max(20, plan.secondsPerTrigger + startDelay + 10))
        let event = await withTaskGroup(of: Event.self) { group in
            group.addTask {
                do {
                    try await client.command("trigger", within: limit, pool: "trigger")
                    return .replied(nil)
                } catch {
                    return .replied(error)
                }
            }
            group.addTask { await watchTrigger(number) }
            let first = await group.next() ?? .replied(nil)
            group.cancelAll()
            return first
        }
        guard case .replied(let error?) = event, !control.isStopped else { return }
        try await judge(error, since: start)
    }

    /// Publishes what happens during a trigger and sends the stop that somebody asks for.
    private func watchTrigger(_ number: Int) async -> Event {
        var lastStatus = ContinuousClock.now
        while !Task.isCancelled {
            if (try? await sendStop()) == true {
                // The request answers once the detector has stopped; if not, it is given up.
                try? await Task.sleep(for: client.limits.stop)
                return .stopTimeIsUp
            }
            publishRemaining(number)
            _ = try? await keys.state()
            if lastStatus.duration(to: .now) > .seconds(1) {
                lastStatus = .now
                await keys.refreshWhileAcquiring()
            }
            await pause()
        }
        return .stopTimeIsUp
    }

    /// Waits for the next look; a stop that is asked for ends the wait within 20 ms.
    private func pause() async {
        let end = ContinuousClock.now.advanced(by: runner.settings.pollAcquiring)
        while ContinuousClock.now < end, !Task.isCancelled, !control.isStopped {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// A trigger whose request failed: the detector's state says whether it was taken all the same.
    ///
    /// A server may close the connection of a long exposure although that goes on; a network may be away for a while.
    private func judge(_ error: any Error, since start: ContinuousClock.Instant) async throws {
        let expected = plan.secondsPerTrigger + startDelay
        let end = start.advanced(by: .seconds(expected + 60))
        while !control.isStopped {
            let state = try? await keys.state()
            switch state {
            case "acquire": break
            case "idle", "ready":
                if start.duration(to: .now).seconds >= expected * 0.9 { return }
                throw error
            case "na", "error", "initialize": throw error
            default: break
            }
            guard ContinuousClock.now < end else { throw error }
            runner.context.logger.info(
                "The trigger's connection broke; the detector's state is watched instead",
                ["state": .string(state ?? "unknown")])
            await pause()
        }
    }

    /// One trigger of `inte`: the request answers at once, the exposure goes on behind.
    private func triggerImage(_ number: Int) async throws {
        control.triggered()
        let limit = Duration.seconds(max(20, plan.countSeconds + 10))
        try await client.command("trigger", argument: .number(plan.countSeconds), within: limit, pool: "trigger")
        let end = ContinuousClock.now.advanced(by: .seconds(plan.countSeconds + 30))
        let exposed = ContinuousClock.now.advanced(by: .seconds(plan.countSeconds))
        while !control.isStopped {
            let state = try await keys.state()
            if ContinuousClock.now >= exposed, state != "acquire" { return }
            guard ContinuousClock.now < end else {
                throw DeviceError(
                    .timeout,
                    "\(runner.context.name) still exposes image \(number + 1) after \(plan.countSeconds + 30) s")
            }
            publishRemaining(number)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    // MARK: - Triggers from outside

    /// Watches a series that electrical triggers drive until the detector says that it is over, or somebody ends it.
    private func watchUntilIdle() async throws {
        var failures = 0
        while !control.isStopped {
            do {
                let state = try await keys.state()
                failures = 0
                if state == "idle" { return }
                if state == "na" || state == "error" {
                    throw DeviceError(.vendor, "\(runner.context.name) went into the state \(state) during the series")
                }
                report(0.1, state == "acquire" ? "Acquiring" : "Waiting for triggers")
            } catch let error as DeviceError where error.code == .disconnected || error.code == .timeout {
                failures += 1
                guard failures < 60 else { throw error }
            }
            await keys.refreshWhileAcquiring()
            await pause()
        }
    }

    // MARK: - Stopping

    /// Sends cancel or abort if somebody asked for the end and nobody has sent it yet; whether it was sent.
    private func sendStop() async throws -> Bool {
        let wait = runner.settings.stopWait.seconds
        guard let decision = control.takeDecision(frameSeconds: plan.frameSeconds, waitSeconds: wait) else {
            return control.isStopped
        }
        runner.context.logger.notice("The series is ended early", ["by": .string(decision.rawValue)])
        report(0.8, "Stopping")
        do {
            // A task of its own: the trigger that this ends must not take the request with it.
            let client = client
            _ = try await Task { try await client.command(decision.rawValue, within: client.limits.stop) }.value
        } catch {
            runner.context.logger.error("The series could not be ended", ["error": .string(String(describing: error))])
            throw error
        }
        return true
    }

    private var startDelay: Double { keys.table.value(.detector("trigger_start_delay"))?.double ?? 0 }

    private func publishRemaining(_ number: Int) {
        let total = plan.seconds
        let left = max(0, total - began.duration(to: .now).seconds)
        runner.monitor.secondsRemaining.publish(left)
        let fraction = total > 0 ? min(1, (total - left) / total) : 1
        let trigger = plan.ntrigger > 1 ? ", trigger \(number + 1) of \(plan.ntrigger)" : ""
        report(0.1 + 0.7 * fraction, "Acquiring\(trigger)")
    }
}
