// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Opens the camera, keeps it watched, and closes it by the site's policy.
final class Lifecycle: Sendable {
    private let core: CameraCore
    private let acquirer: Acquirer
    private let thermostat: Thermostat
    /// A close is going on; a second one hands over to keep the camera cold.
    private let closing = Mutex<(isActive: Bool, mustHurry: Bool)>((false, false))

    init(_ core: CameraCore, _ acquirer: Acquirer, _ thermostat: Thermostat) {
        self.core = core
        self.acquirer = acquirer
        self.thermostat = thermostat
    }

    /// Whether a close is going on.
    var isClosing: Bool { closing.withLock { $0.isActive } }

    // MARK: - Open

    /// Opens the camera and watches it until it is lost; shows meanwhile which call takes long, an opening one, too.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await CallWatch(core: self.core).run() }
            group.addTask { try await self.keepOpen() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func keepOpen() async throws {
        var refusal = ""
        while true {
            try Task.checkCancellation()
            if core.isClosed {
                try await Task.sleep(for: core.settings.pollInterval)
                continue
            }
            do {
                if !core.isOpen { try await open() }
                try await thermostat.watch()
                if !refusal.isEmpty, core.parameters.message.value == refusal { core.clearMessage() }
                refusal = ""
            } catch {
                let error = DeviceError(wrapping: error)
                if core.isOpen, let status = error.sdkStatus, !status.isLoss {
                    // The camera answers, if strangely: its images are not given up for that.
                    refusal = error.message
                    core.say(refusal, alarm: Alarm(.minor, .communication, refusal))
                } else {
                    try await lose(error)
                }
            }
            try await Task.sleep(for: core.settings.pollInterval)
        }
    }

    /// The camera is gone: its acquisition ends first, then the kernel tries again.
    private func lose(_ error: DeviceError) async throws {
        try Task.checkCancellation()
        if core.isClosed || isClosing { return }
        core.context.disconnected(error.message)
        core.show(.absent, error.message)
        while acquirer.isBusy { try await Task.sleep(for: .milliseconds(20)) }
        core.state.withLock { $0.facts = nil }
        throw error
    }

    /// Opens and configures the camera.
    func open() async throws {
        core.show(.opening, "the camera is being opened")
        let library = try await core.gate.open()
        core.parameters.library.publish(library.path)
        core.parameters.isSimulated.publish(library.isSimulated)
        let config = try loadConfig()
        let opener = CameraOpener(
            device: core.name, serialNumber: serialNumber(config), directory: directory(config), gate: core.gate)
        var facts = try await opener.open()
        facts.emGainLimit = core.settings.emGainMax
        let opened = facts
        core.state.withLock { $0.facts = opened }
        core.parameters.show(facts)
        let version = try await core.call("GetVersionInfo") { sdk, _ in sdk.versions.joined(separator: ", driver ") }
        core.parameters.version.publish(version)
        try await configure(config, facts)
        await acquirer.closeIdleShutter()
        core.context.connected()
        core.show(.idle)
        core.logger.notice(
            "The camera is open",
            [
                "model": .string(facts.head), "serial": .integer(Int64(facts.serial)), "library": .string(library.path),
                "version": .string(version),
            ])
    }

    private func loadConfig() throws -> AndorConfig? {
        guard !core.settings.configuration.isEmpty else { return nil }
        return try AndorConfig.load(core.settings.configuration, over: CameraSetup())
    }

    private func serialNumber(_ config: AndorConfig?) -> Int {
        core.settings.serialNumber != 0 ? core.settings.serialNumber : config?.serialNumber ?? 0
    }

    private func directory(_ config: AndorConfig?) -> String {
        guard let path = config?.json["iniPath"]?.string, path.hasPrefix("/"), !path.hasSuffix(".ini") else {
            return core.settings.directory
        }
        return path
    }

    private func configure(_ config: AndorConfig?, _ facts: CameraFacts) async throws {
        // Only now is the sensor known, which is read whole where the file does not say otherwise.
        var base = CameraSetup()
        base.region = ImageRegion(hend: facts.sensorWidth, vend: facts.sensorHeight)
        let present = try await core.call("IsCoolerOn") { try PresentCooling(reading: $0, $1) }
        base = present.over(base)
        let config = try config.map { try AndorConfig($0.json, over: base) }
        let (start, json) = (core.settings.start, config?.json)
        let asksTarget = start.target != nil || json?["targetTemperature"] != nil
        let asksCooler = start.cooler != nil || json?["coolerOn"] != nil
        var wanted = wanted(config?.setup ?? base, facts)
        // A set point is to be reached, unless the cooler is expressly off.
        if asksTarget, !asksCooler { wanted.cooler = true }
        let setup = wanted
        core.state.withLock {
            $0.setup = present.applied(to: $0.setup, setup, asks: (asksTarget || asksCooler, asksTarget))
        }
        take(config)
        report(try await core.replace(setup, all: true), config)
    }

    /// What a configuration asks for, with the site's own settings over it, as this camera can have it.
    private func wanted(_ setup: CameraSetup, _ facts: CameraFacts) -> CameraSetup {
        var setup = setup
        core.settings.start.apply(to: &setup)
        return setup.fitted(to: facts)
    }

    /// Sends what differs in a configuration that was read anew; what it does not name stays as it is.
    func apply(_ config: AndorConfig) async throws {
        let facts = try core.facts()
        let (setup, old) = core.state.withLock { ($0.setup, $0.config) }
        let config = try AndorConfig(config.json, over: setup, after: old)
        take(config)
        report(try await core.replace(wanted(config.setup, facts), all: false), config)
    }

    /// The parts of the configuration that the camera never sees.
    private func take(_ config: AndorConfig?) {
        guard let config else { return }
        core.state.withLock { $0.config = config }
        if config.json["tempTolerance"] != nil { core.parameters.tolerance.publish(config.tolerance) }
        if config.json["watchTemperature"] != nil { core.parameters.watches.publish(config.watchesTemperature) }
    }

    /// What is set and may do harm.
    private var hazards: [String] {
        let setup = core.setup
        guard setup.fan == .off, setup.cooler, setup.target < 0, !core.settings.isWaterCooled else { return [] }
        return ["the fan is off while the camera cools to \(setup.target) °C: only with water cooling (water_cooled)"]
    }

    /// Says which settings the camera did not take.
    private func report(_ outcomes: [SetupWriter.Outcome], _ config: AndorConfig?) {
        for remark in (config?.remarks ?? []) + hazards {
            core.logger.warning("The configuration has a remark", ["remark": .string(remark)])
        }
        for sentence in outcomes.compactMap(\.sentence) {
            core.logger.warning("A setting was refused", ["reason": .string(sentence)])
        }
        let later = core.state.withLock { $0.postponed?.message }
        let refused = outcomes.filter { !$0.isForLater }.compactMap(\.sentence) + (later.map { [$0] } ?? [])
        let text = refused.joined(separator: "; ")
        core.say(text, alarm: refused.isEmpty ? .none : Alarm(.minor, .configuration, text))
    }

    /// Opens again after ``close(moreTime:)``.
    func reopen() async throws {
        core.state.withLock { $0.isClosed = false }
        guard !core.isOpen else { return }
        do {
            try await open()
        } catch {
            core.show(.absent, DeviceError(wrapping: error).message)
            throw error
        }
    }

    // MARK: - Close

    /// Ends the acquisition, brings the sensor to a safe temperature as the policy says, and lets the camera go.
    ///
    /// A second call while it waits for the sensor to get warm, or a cancellation, ends the wait: the camera is left cooling.
    /// - Parameter moreTime: Called again and again while it takes long.
    func close(_ stop: AcquisitionStop, moreTime: @escaping @Sendable () -> Void = {}) async {
        let isFirst = closing.withLock { closing in
            defer {
                closing.mustHurry = closing.isActive
                closing.isActive = true
            }
            return !closing.isActive
        }
        guard isFirst else { return await untilClosed() }
        core.state.withLock { $0.isClosing = true }
        defer {
            core.state.withLock { $0.isClosing = false }
            closing.withLock { $0 = (false, false) }
        }
        await acquirer.stop(stop)
        guard core.isOpen else {
            core.state.withLock { $0.isClosed = true }
            return core.show(.closed)
        }
        await letGo(moreTime)
        core.gate.register.release(core.name)
        core.state.withLock { state in
            state.facts = nil
            state.postponed = nil
            state.isClosed = true
        }
        core.show(.closed, "closed")
    }

    private func untilClosed() async {
        while isClosing { try? await Task.sleep(for: .milliseconds(10)) }
    }

    private var policy: CameraSettings.ShutdownPolicy {
        guard core.settings.shutdown == .automatic else { return core.settings.shutdown }
        let mustWarmUp = core.state.withLock { $0.facts?.capabilities.mustWarmUp } ?? false
        return mustWarmUp || core.settings.isFibreCoupled ? .warm : .immediate
    }

    private func letGo(_ moreTime: @escaping @Sendable () -> Void) async {
        let policy = policy
        await quietly("SetShutter") { sdk, facts in
            try? sdk.closeShutter(self.core.setup.shutter, facts)
            if sdk.has(.freeInternalMemory) { try? sdk.set(.freeInternalMemory) }
        }
        var end = WarmUp.warm
        if policy != .keepCold {
            await quietly("CoolerOFF") { sdk, _ in
                if sdk.has(.setCoolerMode) { try? sdk.set(.setCoolerMode, 0) }
                try sdk.set(.coolerOFF)
            }
            if policy == .warm { end = await warmUp(moreTime) }
        }
        if policy == .keepCold || end == .interrupted {
            let wasCutShort = end == .interrupted
            await quietly("SetCoolerMode") { sdk, _ in
                if wasCutShort { try? sdk.set(.coolerON) }
                try sdk.set(.setCoolerMode, 1)
            }
        }
        await quietly("ShutDown") { sdk, _ in try sdk.set(.shutDown) }
        core.logger.notice("The camera is closed", ["policy": .string(policy.rawValue), "warm": .bool(end == .warm)])
    }

    /// How a wait for a warm sensor ended.
    private enum WarmUp {
        /// It is warm, or not there any more.
        case warm
        /// It took too long: the camera is closed as it is and goes on to get warm by itself.
        case late
        /// Somebody needs the end now: the sensor would get warm faster than it may, so that it is left cooling.
        case interrupted
    }

    private func warmUp(_ moreTime: @escaping @Sendable () -> Void) async -> WarmUp {
        let end = ContinuousClock.now + core.settings.warmUpTimeout
        let goal = core.settings.warmUpTo
        while !Task.isCancelled, !closing.withLock({ $0.mustHurry }) {
            guard let reading = try? await core.call("GetTemperatureF", .status, { sdk, _ in try sdk.temperature() }),
                !reading.status.isLoss
            else { return .warm }
            // The number that comes with a refusal is none of the sensor's.
            let celsius = reading.status.tellsTemperature ? reading.celsius : nil
            if let celsius {
                core.parameters.temperature.publish(celsius)
                if celsius >= goal { return .warm }
            }
            guard ContinuousClock.now < end else {
                core.logger.warning("The sensor was not warm in time; the camera is closed", ["goal": .number(goal)])
                return .late
            }
            let present = celsius.map { "\($0) °C" } ?? "the camera does not tell its temperature"
            core.show(.warming, "\(present); the camera is closed at \(goal) °C")
            moreTime()
            try? await Task.sleep(for: min(core.settings.pollInterval, .seconds(1)))
        }
        core.logger.warning("The warm-up was cut short; the camera is left cooling", ["goal": .number(goal)])
        return .interrupted
    }

    private func quietly(
        _ what: String, _ body: @escaping @Sendable (SDKLibrary, CameraFacts) throws -> Void
    ) async {
        do {
            try await core.call(what, .abort, body)
        } catch {
            core.logger.warning(
                "A call was refused while the camera was closed",
                ["call": .string(what), "reason": .string(DeviceError(wrapping: error).message)])
        }
    }
}
