// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Takes images from the detector's monitor while it exposes, at most ten per second, and offers each newer one as a frame of the
/// channel `monitor` and as parameters.
final class LiveView: Sendable {
    let parameters: LiveParameters
    /// Frames of the channel `monitor`, never reduced.
    let source = FrameSource(channel: "monitor")
    private let raw: RawClient
    private let keys: KeyService
    private let context: DeviceContext
    private let order = Mutex(LiveOrder())
    private let lastFault = Mutex("")
    private let isUnprepared = Mutex(false)

    private static let period = Duration.milliseconds(100)
    private static let mode = SIMPLONKey(.monitor, .config, "mode")

    /// To be made inside the device's factory.
    init(_ settings: EigerSettings, raw: RawClient, keys: KeyService, context: DeviceContext) {
        parameters = LiveParameters(settings)
        self.raw = raw
        self.keys = keys
        self.context = context
        parameters.enabled.onWrite(self) { view, isOn, _ in
            try await view.switchMonitor(isOn)
            view.parameters.enabled.publish(isOn)
        }
    }

    /// Runs for the life of the device; ends only by cancellation.
    /// - Parameter isBusy: Whether a series of this daemon runs.
    func run(isBusy: @escaping @Sendable () -> Bool) async throws {
        var wasActive = false
        while true {
            try Task.checkCancellation()
            let start = ContinuousClock.now
            if isUnprepared.withLock({ $0 }), isIdle, !isBusy() { await prepare() }
            let isActive = isBusy() || keys.table.value(KeyService.state)?.string == "acquire"
            // Once more after the end: the last image of a series is worth seeing.
            if parameters.enabled.value, isOn, isActive || wasActive { await look() }
            wasActive = isActive
            try await Task.sleep(until: start + Self.period, clock: .continuous)
        }
    }

    /// The detector's keys were read anew: its monitor is brought to what is wanted as soon as the detector is idle.
    func wake() { isUnprepared.withLock { $0 = true } }

    private var isIdle: Bool { keys.table.value(KeyService.state)?.string == "idle" }

    private func prepare() async {
        isUnprepared.withLock { $0 = false }
        order.withLock { $0.forget() }
        guard parameters.enabled.value, keys.table.has(Self.mode), !isOn else { return }
        do {
            try await switchMonitor(true)
        } catch {
            context.logger.warning(
                "The detector's monitor could not be switched on",
                ["error": .string(DeviceError(wrapping: error).message)])
        }
    }

    private var isOn: Bool { keys.table.value(Self.mode)?.string == "enabled" }

    private func switchMonitor(_ isOn: Bool) async throws {
        guard keys.table.has(Self.mode), isOn != self.isOn else { return }
        let state = keys.table.value(KeyService.state)?.string ?? "unknown"
        guard state == "idle" else {
            throw DeviceError(
                .wrongState,
                "the monitor of \(context.name) changes only while the detector is idle; its state is \(state)")
        }
        try await keys.set(Self.mode, .string(isOn ? "enabled" : "disabled"))
    }

    private func look() async {
        do {
            let wait = Duration.milliseconds(parameters.timeout.value)
            guard let image = try await raw.image(.newest, wait: wait) else { return }
            lastFault.withLock { $0 = "" }
            take(image)
        } catch {
            guard !(error is CancellationError) else { return }
            tell(DeviceError(wrapping: error).message)
        }
    }

    /// A fault that repeats is told once.
    private func tell(_ fault: String) {
        let isNew = lastFault.withLock { last in
            defer { last = fault }
            return last != fault
        }
        guard isNew else { return }
        context.logger.warning("A monitor image was not taken", ["error": .string(fault)])
        parameters.image.publish(alarm: Alarm(.invalid, .read, fault))
    }

    private func take(_ image: MonitorImage) {
        guard order.withLock({ $0.accepts(image) }) else {
            return parameters.skipped.publish(parameters.skipped.value + 1)
        }
        let time = Timestamp.now()
        source.publish(frame(image, time))
        parameters.publish(image, at: time)
    }

    private func frame(_ image: MonitorImage, _ time: Timestamp) -> Frame {
        let type: ElementType = image.bits == 8 ? .uint8 : image.bits == 16 ? .uint16 : .uint32
        let index = image.number.map { Int($0 - 1) } ?? Int(source.count)
        var frame = Frame(
            shape: [image.rows, image.columns], elementType: type, channel: source.channel, index: max(0, index),
            buffer: FrameBuffer(image.pixels))
        frame.received = time
        frame.acquisition = context.acquisitions.current?.id ?? ""
        frame.metadata = image.metadata
        return frame
    }
}

extension MonitorImage {
    /// What the detector said of the image, for consumers of frames.
    var metadata: [(String, DataValue)] {
        var all: [(String, DataValue)] = []
        if let series { all.append(("series", .integer(series))) }
        if let number { all.append(("image", .integer(number))) }
        if let seriesID { all.append(("series_unique_id", .string(seriesID))) }
        if let date { all.append(("date", .string(date))) }
        if !thresholdEnergies.isEmpty {
            all.append(("threshold_energies", .list(thresholdEnergies.map { .float($0) })))
        }
        if let exposureSeconds { all.append(("exposure_time", .float(exposureSeconds))) }
        if let incidentEnergy { all.append(("incident_energy", .float(incidentEnergy))) }
        return all
    }
}
