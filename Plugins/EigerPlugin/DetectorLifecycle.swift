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
    private let isInitializing = Mutex(false)
    /// Set when an initialize has read all keys, so that the watcher need not.
    private let hasDiscovered = Mutex(false)
    private var client: SIMPLONClient { keys.client }

    init(keys: KeyService, context: DeviceContext, settings: EigerSettings, configurator: Configurator) {
        self.keys = keys
        self.context = context
        self.settings = settings
        self.configurator = configurator
    }

    /// Whether an initialize or restart runs: its long silence is no loss of the connection.
    var isBusy: Bool { isInitializing.withLock { $0 } }

    /// Whether all keys were read by an initialize since this was asked last.
    func takeDiscovered() -> Bool {
        hasDiscovered.withLock { hasDiscovered in
            defer { hasDiscovered = false }
            return hasDiscovered
        }
    }

    /// Initializes, sent once, and reads everything anew.
    func initialize() async throws {
        try await exclusively {
            try await self.client.command("initialize", within: self.client.limits.initialize)
            self.configurator.forget()
            let state = try await self.keys.state()
            guard state != "na", state != "error" else {
                throw DeviceError(.vendor, "\(self.context.name) was initialized, but its state is \(state)")
            }
            try await self.keys.discover()
            self.hasDiscovered.withLock { $0 = true }
        }
    }

    /// Restarts the detector's service; it is not initialized afterwards.
    func restart() async throws {
        try await exclusively {
            try await self.client.command("restart", of: "system", within: self.client.limits.initialize)
            self.configurator.forget()
            _ = try await self.keys.state()
        }
    }

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
        while isBusy {
            guard ContinuousClock.now < end else {
                throw DeviceError(.busy, "\(context.name) is still being initialized")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Makes the detector ready to be configured.
    /// - Throws: ``DeviceError/Code/wrongState`` when somebody else's series runs, or it may not be initialized.
    func makeIdle() async throws {
        try await untilInitialized()
        let state = try await keys.state()
        switch state {
        case "idle": return
        case "ready":
            context.logger.notice("The detector was armed by somebody else and is disarmed")
            try await client.command("disarm", within: client.limits.stop)
        case "na", "error":
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

    /// Waits until the detector says `idle`.
    func waitForIdle(within limit: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: limit)
        var pause = Duration.milliseconds(10)
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

    /// Waits until the filewriter has closed its files.
    func waitForFiles(within limit: Duration) async throws {
        let key = SIMPLONKey(.filewriter, .status, "state")
        let end = ContinuousClock.now.advanced(by: limit)
        var pause = Duration.milliseconds(10)
        while try await keys.refresh(key)?.string == "acquire" {
            guard ContinuousClock.now < end else {
                throw DeviceError(.timeout, "the filewriter of \(context.name) still writes after \(limit)")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(500))
        }
    }
}
