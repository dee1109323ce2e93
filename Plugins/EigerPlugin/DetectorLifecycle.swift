// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Brings the detector into the state that something needs: initialized, idle.
final class DetectorLifecycle: Sendable {
    let keys: KeyService
    private let context: DeviceContext
    private let settings: EigerSettings
    private let configurator: Configurator
    private let onDiscovery = Mutex<(@Sendable () -> Void)?>(nil)
    private let isInitializing = Mutex(false)
    private let waiting = Mutex(0)
    /// Set when an initialize has read all keys, so that the watcher need not.
    private let hasDiscovered = Mutex(false)
    /// Set when the service was restarted from here.
    private let hasRestarted = Mutex(false)
    private var client: SIMPLONClient { keys.client }

    init(keys: KeyService, context: DeviceContext, settings: EigerSettings, configurator: Configurator) {
        self.keys = keys
        self.context = context
        self.settings = settings
        self.configurator = configurator
    }

    /// Whether an initialize or restart runs: its long silence is no loss of the connection.
    var isBusy: Bool { isInitializing.withLock { $0 } }

    /// How many wait for an initialize that somebody else has begun; for tests.
    var waitingCount: Int { waiting.withLock { $0 } }

    /// Whether all keys were read by an initialize since this was asked last.
    func takeDiscovered() -> Bool {
        hasDiscovered.withLock { hasDiscovered in
            defer { hasDiscovered = false }
            return hasDiscovered
        }
    }

    /// Reads the state, as far as that succeeds: after a command that may have changed it.
    func look() async { _ = try? await keys.state() }

    /// Initializes, sent once, and reads everything anew; settings that a restart has lost are brought back.
    ///
    /// Somebody else's initialize that runs already is awaited instead.
    func initialize() async throws {
        if isBusy {
            try await untilInitialized()
            if try await keys.state() == "idle" { return }
        }
        try await exclusively { try await self.initializeNow() }
    }

    /// Brings back what a restart has lost, where somebody else has initialized the detector.
    func restoreIfPending() async throws {
        guard settings.restoresConfiguration, configurator.memory.isRestorePending else { return }
        try await exclusively {
            if let snapshot = self.configurator.memory.takeRestore() { try await self.configurator.restore(snapshot) }
        }
    }

    /// What was known of the detector does not hold any more.
    func detectorForgot() {
        configurator.forget()
        configurator.memory.detectorForgot()
        keys.table.invalidate("the detector was started anew and is not initialized")
    }

    /// Whether the restart that was noticed is one that was asked for here; told once.
    func takeOwnRestart() -> Bool {
        hasRestarted.withLock { hasRestarted in
            defer { hasRestarted = false }
            return hasRestarted
        }
    }

    /// Restarts the detector's service; it is not initialized afterwards.
    func restart() async throws {
        try await exclusively { try await self.restartNow() }
    }

    /// Restarts the service and initializes, without anybody in between.
    func recover() async throws {
        try await exclusively {
            try await self.restartNow()
            try await self.initializeNow()
        }
    }

    private func initializeNow() async throws {
        try await client.command("initialize", within: client.limits.initialize)
        configurator.forget()
        let state = try await keys.state()
        guard state != "na", state != "error" else {
            throw DeviceError(.vendor, "\(context.name) was initialized, but its state is \(state)")
        }
        try await keys.discover()
        hasDiscovered.withLock { $0 = true }
        hasRestarted.withLock { $0 = false }
        await didDiscover()
        if settings.restoresConfiguration, let snapshot = configurator.memory.takeRestore() {
            try await configurator.restore(snapshot)
        }
        configurator.health.clear(.restarted)
        configurator.health.clear(.error)
    }

    private func restartNow() async throws {
        await configurator.memory.keep(keys.table)
        try await client.command("restart", of: .system, within: client.limits.initialize)
        hasRestarted.withLock { $0 = true }
        detectorForgot()
        _ = try await keys.state()
    }

    /// Follows new keys: to be called after each discovery.
    func didDiscover() async {
        onDiscovery.withLock { $0 }?()
        let memory = configurator.memory
        let identity = ConfigurationMemory.identity(keys.table)
        if let before = memory.snapshot?.identity, before != identity {
            configurator.forget()
            keys.forgetClients()
            configurator.health.raise(
                .changed,
                "another detector answers: \(identity); it was \(before). Its settings are its own; configure it anew")
        } else if !memory.isRestorePending {
            await memory.keep(keys.table)
        }
    }

    /// Says what else a discovery concerns; called once, when the device is complete.
    func whenDiscovered(_ handler: @escaping @Sendable () -> Void) { onDiscovery.withLock { $0 = handler } }

    private func exclusively(_ body: @Sendable () async throws -> Void) async throws {
        let isFree = isInitializing.withLock { isInitializing in
            defer { isInitializing = true }
            return !isInitializing
        }
        guard isFree else { throw DeviceError(.busy, "\(context.name) is being initialized already") }
        defer { isInitializing.withLock { $0 = false } }
        try await body()
    }

    /// Waits for an initialize that somebody else has begun.
    private func untilInitialized() async throws {
        let end = ContinuousClock.now.advanced(by: client.limits.initialize)
        waiting.withLock { $0 += 1 }
        defer { waiting.withLock { $0 -= 1 } }
        while isBusy {
            try Task.checkCancellation()
            guard ContinuousClock.now < end else {
                throw DeviceError(.busy, "\(context.name) is still being initialized")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Makes the detector ready to be configured.
    /// - Throws: ``DeviceError/Code/wrongState`` when somebody else's series runs, or it may not be initialized.
    /// - Parameter mayInitialize: Whether a detector that is not initialized is initialized, if the site allows it.
    func makeIdle(mayInitialize: Bool = true) async throws {
        try await untilInitialized()
        let state = try await keys.state()
        switch state {
        case "idle": return
        case "ready":
            context.logger.notice("The detector was armed by somebody else and is disarmed")
            try await client.command("disarm", within: client.limits.stop)
        case "na", "error":
            guard mayInitialize else {
                throw DeviceError(.wrongState, "\(context.name) is in the state \(state); initialize it first")
            }
            guard settings.initialization == .ifNeeded || state == "error" else {
                throw DeviceError(
                    .wrongState,
                    "\(context.name) is not initialized, and initialize_on_connect forbids to do it unasked")
            }
            try await initialize()
        default:
            throw DeviceError(
                .wrongState,
                "\(context.name) is in the state \(state), which is not begun by this daemon; abort it first")
        }
        try await waitForIdle(within: client.limits.stop)
    }

    /// The state once no image is taken any more; the last one seen when that does not come in time.
    func restingState(within limit: Duration) async throws -> String {
        let end = ContinuousClock.now.advanced(by: limit)
        var pause = Duration.milliseconds(1)
        while true {
            let state = try await keys.state()
            guard state == "acquire", ContinuousClock.now < end else { return state }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    /// Waits until the detector says `idle`.
    func waitForIdle(within limit: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: limit)
        var pause = Duration.milliseconds(1)
        while true {
            let state = try await keys.state()
            if state == "idle" { return }
            guard ContinuousClock.now < end, state != "na", state != "error" else {
                throw DeviceError(.wrongState, "\(context.name) is in the state \(state) where idle was expected")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(200))
        }
    }

    /// Waits until the filewriter has closed its files; looks often at first, then so that a tenth of the time is lost at most.
    func waitForFiles(within limit: Duration) async throws {
        let key = SIMPLONKey(.filewriter, .status, "state")
        let start = ContinuousClock.now
        var failures = 0
        while true {
            do {
                guard try await keys.refresh(key)?.string == "acquire" else { return }
                failures = 0
            } catch {
                // One bad answer says nothing about the files; the images are taken already.
                failures += 1
                guard failures < 5 else { throw error }
            }
            let waited = start.duration(to: .now)
            guard waited < limit else {
                throw DeviceError(.timeout, "the filewriter of \(context.name) still writes after \(limit)")
            }
            let least = Duration.milliseconds(failures > 0 ? 100 : 1)
            try await Task.sleep(for: min(max(waited / 10, least), .milliseconds(500)))
        }
    }
}
