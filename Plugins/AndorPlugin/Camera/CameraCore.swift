// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// One camera's link to the SDK: its handle, what it is, what was set last; every change goes through here.
final class CameraCore: Sendable {
    struct State {
        var facts: CameraFacts?
        var setup = CameraSetup()
        var readback = CameraReadback()
        var config: AndorConfig?
        var isClosed = false
        /// While it is being closed, which may take half an hour, no acquisition begins.
        var isClosing = false
        /// Changes that came during an acquisition and wait for its end.
        var waiting: [@Sendable (inout CameraSetup, CameraFacts) throws -> Void] = []
        /// Whether the SDK has got ready for the settings as they are.
        var isPrepared = false
        /// What a configuration wanted and the camera does not take while it is warm.
        var postponed: PostponedSettings?
        var temperature = 0.0
        var cooling = CoolingState.unknown
    }

    let context: DeviceContext
    let settings: CameraSettings
    let gate: SDKGate
    let parameters: CameraParameters
    let state = Mutex(State())
    private let acquiring = Atomic<Bool>(false)

    init(_ context: DeviceContext, _ settings: CameraSettings, _ gate: SDKGate, _ parameters: CameraParameters) {
        self.context = context
        self.settings = settings
        self.gate = gate
        self.parameters = parameters
    }

    var name: String { context.name }
    var logger: Logger { context.logger }
    var setup: CameraSetup { state.withLock { $0.setup } }
    var readback: CameraReadback { state.withLock { $0.readback } }
    /// The sensor's temperature, and whether it is still on its way to the set point.
    var cooling: (celsius: Double, isCooling: Bool) {
        state.withLock { ($0.temperature, $0.cooling != .stabilized && $0.cooling != .off) }
    }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    var isOpen: Bool { state.withLock { $0.facts != nil && !$0.isClosed } }

    /// Whether the camera exposes: then only few settings may change.
    var isAcquiring: Bool {
        get { acquiring.load(ordering: .acquiring) }
        set { acquiring.store(newValue, ordering: .releasing) }
    }

    /// The open camera.
    /// - Throws: ``DeviceError`` that says why there is none.
    func facts() throws(DeviceError) -> CameraFacts {
        let facts = state.withLock { $0.isClosed ? nil : $0.facts }
        guard let facts else { throw whyNotOpen() }
        return facts
    }

    /// The same where nothing need be known of it: for each batch of images.
    func requireOpen() throws(DeviceError) {
        guard isOpen else { throw whyNotOpen() }
    }

    private func whyNotOpen() -> DeviceError {
        if isClosed { return DeviceError(.wrongState, "\(name) was closed by stop_camera; open it by open_camera") }
        return DeviceError(
            .disconnected,
            "\(name) is not open: \(parameters.message.value.isEmpty ? "it is being opened" : parameters.message.value)",
            vendorCode: SDKStatus.notInitialized.code, vendorText: SDKStatus.notInitialized.name)
    }

    /// Runs SDK calls with this camera selected.
    func call<Result: Sendable>(
        _ what: String, _ priority: TransportPriority = .control,
        _ body: @escaping @Sendable (SDKLibrary, CameraFacts) throws -> Result
    ) async throws -> Result {
        let facts = try facts()
        return try await gate.call(what, camera: facts.handle, priority) { try body($0, facts) }
    }

    /// Says where the camera stands.
    func show(_ state: CameraState, _ message: String? = nil) {
        if parameters.state.value != state { parameters.state.publish(state) }
        if let message { say(message) }
    }

    /// The last message; empty once all is well.
    func say(_ message: String, alarm: Alarm = .none) { parameters.message.publish(message, alarm: alarm, at: .now()) }

    // MARK: - Changing settings

    /// Changes settings: what differs is sent, what the camera made of it is read back and shown.
    /// - Throws: The first setting's refusal; those before it hold.
    func change(_ mutate: @escaping @Sendable (inout CameraSetup, CameraFacts) throws -> Void) async throws {
        if isAcquiring, settings.applyWhenIdle, try await mustWait(mutate) { return }
        let before = state.withLock { $0.postponed?.message }
        let outcomes = try await call("change") { [self] sdk, facts in
            var wanted = setup
            try mutate(&wanted, facts)
            wanted.settle()
            try requireAllowed(wanted)
            try requireModestGain(wanted)
            let rest = try state.withLock({ $0.postponed })?.without({ try mutate(&$0, facts) }, over: setup)
            state.withLock { $0.postponed = rest }
            return send(wanted, all: false, sdk, facts)
        }
        show()
        refreshMessage(before)
        if let error = outcomes.lazy.compactMap(\.error).first { throw error }
    }

    /// Sends a whole setup; settings that the camera does not take are reported, not thrown.
    func replace(_ setup: CameraSetup, all: Bool) async throws -> [SetupWriter.Outcome] {
        var settled = setup
        settled.settle()
        let wanted = settled
        let outcomes = try await call("configure") { [self] sdk, facts in
            try requireAllowed(wanted)
            var wanted = wanted
            var refused: [SetupWriter.Outcome] = []
            if !all {
                do throws(DeviceError) {
                    try requireModestGain(wanted)
                } catch {
                    wanted.emAdvanced = true
                    refused = [SetupWriter.Outcome(name: "EM gain above 300", error: error)]
                }
            }
            let outcomes = send(wanted, all: all, sdk, facts)
            state.withLock { $0.postponed = PostponedSettings(wanted, outcomes) }
            return refused + outcomes
        }
        show()
        if let lost = outcomes.lazy.compactMap(\.error).first(where: { $0.code == .disconnected }) { throw lost }
        return outcomes
    }

    /// A gain that is allowed by `em/advanced` only goes down before that is switched off.
    private func requireModestGain(_ wanted: CameraSetup) throws(DeviceError) {
        guard setup.emAdvanced, !wanted.emAdvanced, wanted.emMode.isFactor, wanted.emGain > EMGainRule.modest else {
            return
        }
        throw DeviceError(
            .wrongState,
            "em/advanced (emAdvanced) stays on while the EM gain is \(wanted.emGain); set em/gain to \(EMGainRule.modest) or less first"
        )
    }

    /// On the gate's thread.
    func send(
        _ wanted: CameraSetup, all: Bool, _ sdk: SDKLibrary, _ facts: CameraFacts
    ) -> [SetupWriter.Outcome] {
        var applied = setup
        let outcomes = SetupWriter.send(wanted, over: &applied, all: all, to: sdk, facts)
        if all, facts.capabilities.hasMetadata, sdk.has(.setMetaData) { try? sdk.set(.setMetaData, 1) }
        var before = setup
        (before.fan, before.target, before.cooler) = (applied.fan, applied.target, applied.cooler)
        if all || before != applied {
            forgetPreparation()
            // What does not go together yet is told by the start.
            if !isAcquiring { try? prepare(sdk, facts) }
        }
        let readback = Self.read(back: sdk, facts)
        let result = applied
        if result.emAdvanced, all || !setup.emAdvanced {
            logger.warning("EM gain above 300 is allowed: it ages the sensor")
        }
        state.withLock {
            $0.setup = result
            $0.readback = readback
        }
        return outcomes
    }

    /// Lets the SDK get ready for the settings, if they changed since it last did, so that a start is quick; on the gate's thread.
    func prepare(_ sdk: SDKLibrary, _ facts: CameraFacts) throws(DeviceError) {
        guard !state.withLock({ $0.isPrepared }) else { return }
        if sdk.has(.prepareAcquisition) {
            do throws(DeviceError) {
                try sdk.set(.prepareAcquisition)
            } catch {
                if error.sdkStatus?.isUnsupported != true { throw error }
            }
        }
        state.withLock { $0.isPrepared = true }
    }

    /// Something was set that the SDK got ready for otherwise.
    func forgetPreparation() { state.withLock { $0.isPrepared = false } }

    /// What the camera made of the settings; on the gate's thread.
    static func read(back sdk: SDKLibrary, _ facts: CameraFacts) -> CameraReadback {
        var readback = CameraReadback()
        if let timings = try? sdk.timings() {
            readback.exposure = timings.exposure
            readback.accumulate = timings.accumulate
            readback.kinetic = timings.kinetic
        }
        readback.readout = (try? sdk.float(.getReadOutTime)) ?? 0
        readback.cleaning = (try? sdk.float(.getKeepCleanTime)) ?? 0
        readback.buffer = (try? sdk.int(.getSizeOfCircularBuffer)) ?? 0
        if facts.capabilities.hasEMGain, let range = try? sdk.ints(.getEMGainRange) {
            readback.emRange = [range.0, range.1]
        }
        return readback
    }

    /// Shows settings and readback as they are now.
    func show() {
        let (facts, setup, readback) = state.withLock { ($0.facts, $0.setup, $0.readback) }
        if let facts { parameters.show(setup, readback, facts) }
    }

    // MARK: - During an acquisition

    /// What may change while the camera exposes: cooling always, the exposure between triggers.
    private func requireAllowed(_ wanted: CameraSetup) throws(DeviceError) {
        guard isAcquiring, !isAllowed(wanted) else { return }
        throw DeviceError(
            .wrongState, "\(name) acquires; stop it before changing this setting", SDKStatus.acquiring)
    }

    private func isAllowed(_ wanted: CameraSetup) -> Bool {
        var present = setup
        present.target = wanted.target
        present.fan = wanted.fan
        if wanted.cooler { present.cooler = true }
        if present.mode == .runTillAbort, present.trigger == .software || present.trigger == .external {
            present.exposure = wanted.exposure
        }
        return present == wanted
    }

    private func mustWait(_ mutate: @escaping @Sendable (inout CameraSetup, CameraFacts) throws -> Void) async throws
        -> Bool
    {
        var wanted = setup
        try mutate(&wanted, try facts())
        guard !isAllowed(wanted) else { return false }
        state.withLock { $0.waiting.append(mutate) }
        logger.notice("A setting waits for the end of the acquisition")
        return true
    }

    /// Sends what came during the acquisition.
    func applyWaiting() async {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for mutate in waiting {
            do {
                try await change(mutate)
            } catch {
                logger.warning(
                    "A setting that waited was refused", ["reason": .string(DeviceError(wrapping: error).message)])
            }
        }
        do {
            try await sendPostponed()
        } catch {
            logger.warning("A setting was refused", ["reason": .string(DeviceError(wrapping: error).message)])
        }
    }
}
