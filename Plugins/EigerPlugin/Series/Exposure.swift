// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The time from the first trigger to the last image: gives triggers, watches the state, and ends early when asked to.
///
/// What blocks differs by mode: a trigger of `ints` answers when its images are taken, one of `inte` at once; every other mode,
/// known here or not, is driven by electrical signals and watched by the detector's state.
struct Exposure: Sendable {
    let runner: SeriesRunner
    let control: SeriesControl
    let plan: SeriesPlan
    /// Whether all data files are there, where that is the only sign that the images are; `nil` where nobody knows.
    let hasAllFiles: (@Sendable () async -> Bool)?
    let report: @Sendable (Double, String) -> Void
    private let began = ContinuousClock.now
    var client: SIMPLONClient { runner.client }
    var keys: KeyService { runner.lifecycle.keys }
    var device: String { runner.context.name }

    init(
        _ runner: SeriesRunner, _ control: SeriesControl, _ plan: SeriesPlan,
        hasAllFiles: (@Sendable () async -> Bool)?, report: @escaping @Sendable (Double, String) -> Void
    ) {
        self.runner = runner
        self.control = control
        self.plan = plan
        self.hasAllFiles = hasAllFiles
        self.report = report
    }

    /// Returns when no more images come, also after a stop.
    func run() async throws {
        if !plan.hasSoftwareTriggers {
            try await watchSignals()
        } else if control.isManual {
            try await serveManualTriggers()
        } else {
            for number in 0..<plan.ntrigger where !control.isStopped { try await trigger(number, nil) }
        }
        _ = try await sendStop()
    }

    /// One software trigger; returns when its images are taken, or when the series is stopped.
    func trigger(_ number: Int, _ exposureSeconds: Double?) async throws {
        if number == 0, !control.isStopped { runner.monitor.enter(.acquiring) }
        runner.monitor.triggersGiven.publish(number + 1)
        if plan.triggerMode == "ints" {
            defer { control.rested() }
            try await triggerSeries(number)
        } else {
            defer { control.rested() }
            // The automatic series says the exposure; a client may leave it to the detector.
            try await triggerImage(number, control.isManual ? exposureSeconds : plan.countSeconds)
        }
    }

    // MARK: - Looking

    /// Waits for the next look; whatever concerns the series ends the wait.
    func pause(_ duration: Duration) async { await control.wake.wait(for: duration) }

    /// Publishes the state, and at most once a second what else may be asked during a series.
    func look(_ lastStatus: inout ContinuousClock.Instant) async throws -> String {
        let state = try await keys.state()
        if lastStatus.duration(to: .now) > .seconds(1) {
            lastStatus = .now
            await keys.refreshWhileAcquiring()
        }
        return state
    }

    /// The states in which a series cannot go on.
    func refuseDeadState(_ state: String) throws(DeviceError) {
        switch state {
        case "na", "initialize":
            throw DeviceError(.vendor, "\(device) was restarted during the series: its state is \(state)")
        case "error": throw DeviceError(.vendor, "\(device) went into the state error during the series")
        default: break
        }
    }

    // MARK: - Stopping

    /// Sends cancel or abort if somebody asked for the end and nobody has sent it yet; whether the series is stopped.
    func sendStop() async throws -> Bool {
        let wait = runner.settings.stopWait.seconds
        let mayExpose = !plan.hasSoftwareTriggers && keys.table.value(KeyService.state)?.string == "acquire"
        guard
            let decision = control.takeDecision(
                frameSeconds: plan.frameSeconds, waitSeconds: wait, mayExpose: mayExpose)
        else { return control.isStopped }
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

    var startDelay: Double { keys.table.value(.detector("trigger_start_delay"))?.double ?? 0 }

    func publishRemaining(_ number: Int) {
        let total = plan.seconds
        let left = max(0, total - began.duration(to: .now).seconds)
        runner.monitor.secondsRemaining.publish(left)
        let fraction = total > 0 ? min(1, (total - left) / total) : 1
        let trigger = plan.ntrigger > 1 ? ", trigger \(number + 1) of \(plan.ntrigger)" : ""
        report(0.1 + 0.7 * fraction, "Acquiring\(trigger)")
    }
}
