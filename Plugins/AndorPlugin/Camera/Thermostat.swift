// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Watches the sensor's temperature, and brings it to a set point when asked.
final class Thermostat: Sendable {
    private let core: CameraCore
    private let warned = Mutex(ContinuousClock.now - .seconds(86400))
    /// When the temperature was last asked, and with which settings.
    private let asked = Mutex<(at: ContinuousClock.Instant, target: Int, cooler: Bool)?>(nil)

    init(_ core: CameraCore) { self.core = core }

    /// Asks the status, and the temperature when that is due.
    ///
    /// While the sensor is on its way the temperature is asked each time; once it is stable, as often as the configuration's
    /// `tempWatcherWaitTime` says, or at once after the set point or the cooler was changed.
    /// - Throws: ``DeviceError`` when the camera does not answer any more.
    func watch() async throws {
        if isDue { return try await poll() }
        let status = try await core.call("GetStatus", .status) { sdk, _ in try sdk.int(.getStatus) }
        core.parameters.status.publish(status)
    }

    private var isDue: Bool {
        let (setup, cooling, wait) = core.state.withLock { ($0.setup, $0.cooling, $0.config?.temperatureWait) }
        guard let wait, let last = asked.withLock({ $0 }), cooling == .stabilized || cooling == .off else {
            return true
        }
        return last.target != setup.target || last.cooler != setup.cooler
            || last.at.duration(to: .now) >= .seconds(wait)
    }

    /// Asks status and temperature once.
    /// - Throws: ``DeviceError`` when the camera does not answer any more.
    func poll() async throws {
        let setup = core.setup
        let (status, reading, cooler, tripped, range) = try await core.call("GetTemperatureF", .status) { sdk, facts in
            let status = try sdk.int(.getStatus)
            let reading = try sdk.temperature()
            let isHidden = reading.status == .acquiring
            let cooler = isHidden ? nil : try? sdk.int(.isCoolerOn) != 0
            let tripped = sdk.has(.getTECStatus) && !isHidden ? try? sdk.int(.getTECStatus) != 0 : nil
            // The range follows the temperature.
            let range = facts.capabilities.hasEMGain ? try? sdk.ints(.getEMGainRange) : nil
            return (status, reading, cooler, tripped, range)
        }
        if reading.status.isLoss { throw reading.status.error("GetTemperatureF") }
        core.parameters.status.publish(status)
        if let tripped {
            let alarm = Alarm(.major, .hardware, "the cooler has switched itself off because it became hot")
            core.parameters.tripped.publish(tripped, alarm: tripped ? alarm : .none, at: .now())
        }
        if let cooler { core.state.withLock { $0.setup.cooler = cooler } }
        show(reading.celsius, reading.status)
        if let range { core.show(emRange: [range.0, range.1]) }
        asked.withLock { $0 = (.now, setup.target, cooler ?? setup.cooler) }
        try await core.sendPostponed()
    }

    /// While a camera hides its temperature during an acquisition the last value stays, with its age, and nobody is warned.
    private func show(_ celsius: Double, _ status: SDKStatus) {
        guard status != .acquiring else { return }
        let cooling = CoolingState(status)
        core.state.withLock { state in
            state.temperature = celsius
            if state.cooling != cooling { state.postponed?.isDue = true }
            state.cooling = cooling
        }
        let alarm = alarm(celsius, cooling)
        core.parameters.temperature.publish(celsius, alarm: alarm, at: .now())
        if core.parameters.coolingState.value != cooling || core.parameters.coolingState.sample.timestamp == .never {
            core.parameters.coolingState.publish(cooling)
        }
        if cooling == .drift { warn("The temperature has drifted", celsius) }
    }

    private func alarm(_ celsius: Double, _ cooling: CoolingState) -> Alarm {
        let setup = core.setup
        guard setup.cooler, core.parameters.watches.value else { return .none }
        if cooling == .drift { return Alarm(.major, .hardware, "the temperature was stable and has drifted") }
        let gap = abs(celsius - Double(setup.target))
        guard gap > core.parameters.tolerance.value else { return .none }
        return Alarm(.minor, .state, "\(celsius) °C is \(gap) °C away from the set point \(setup.target) °C")
    }

    private func warn(_ text: String, _ celsius: Double) {
        let isDue = warned.withLock { last in
            guard last.duration(to: .now) > .seconds(60) else { return false }
            last = .now
            return true
        }
        if isDue { core.logger.warning(text, ["temperature": .number(celsius)]) }
    }

    /// Sets the cooler's set point and waits until the sensor is there; a time-out is a warning, as the Python driver documents.
    /// - Parameter timeout: Seconds; 0: the configuration's `setTempTimeOut`.
    func set(_ temperature: Int, timeout: Double, _ progress: Progress) async throws {
        let facts = try core.facts()
        guard try await core.call("IsCoolerOn", .control, { sdk, _ in try sdk.int(.isCoolerOn) }) != 0 else {
            throw DeviceError(
                .wrongState, "\(core.name) cannot cool to \(temperature) °C: its cooler is off; call cooler(True) first"
            )
        }
        let target = min(max(temperature, facts.temperatureRange.lowerBound), facts.temperatureRange.upperBound)
        if target != temperature {
            core.logger.warning(
                "The set point was moved into the camera's range",
                ["asked": .integer(Int64(temperature)), "set": .integer(Int64(target))])
        }
        try await core.change { setup, _ in setup.target = target }
        let limit = timeout > 0 ? timeout : core.state.withLock { $0.config?.setTemperatureTimeout } ?? 1800
        try await reach(target, within: limit, progress)
    }

    private func reach(_ target: Int, within limit: Double, _ progress: Progress) async throws {
        let end = ContinuousClock.now + .seconds(limit)
        try await poll()
        let start = core.parameters.temperature.value
        while true {
            let temperature = core.state.withLock { $0.temperature }
            let gap = abs(temperature - Double(target))
            if gap <= core.parameters.tolerance.value { break }
            let way = max(abs(start - Double(target)), 0.001)
            progress.report(1 - gap / way, "\(temperature) °C on the way to \(target) °C")
            guard ContinuousClock.now < end else {
                core.logger.warning(
                    "The set point was not reached in time",
                    ["temperature": .number(temperature), "target": .integer(Int64(target)), "seconds": .number(limit)])
                return
            }
            try await Task.sleep(for: min(core.settings.pollInterval, .seconds(5)))
            try await poll()
        }
        let cooling = core.state.withLock { $0.cooling }
        if cooling != .stabilized {
            core.logger.warning(
                "The set point is reached within the tolerance, not yet stable", ["state": .string(cooling.rawValue)])
        }
    }
}
