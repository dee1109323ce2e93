// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// What areaDetector's names need beside the detector's own keys: series with the settings as they stand, and their state.
final class DirectParameters: Sendable {
    /// How many series one `acquire` takes.
    enum ImageMode: String, Choice, Sendable {
        /// One series of one image per trigger.
        case single
        /// One series as the detector is set.
        case multiple
        /// Series after series until it is stopped.
        case continuous
    }

    /// What the device does, in areaDetector's terms.
    enum Phase: String, Choice, Sendable {
        case idle, acquire, saving, aborting, error, waiting, initializing, disconnected
    }

    let triggerMode: Parameter<DataValue>
    let exposures: Parameter<Int>
    let imageMode = Parameter(
        "direct/image_mode", "Whether direct/acquire takes one image, a series, or series until it is stopped",
        initial: ImageMode.multiple, autosave: true)
    let highVoltageSeconds = Parameter(
        "direct/hv_reset_time", "How long direct/hv_reset takes", unit: "s", limits: 1...600, precision: 1,
        initial: 30.0, autosave: true)
    let arrayCounter = Parameter("direct/array_counter", "Images so far; may be set to count anew", initial: Int64(0))
    let arrayRate = Parameter(
        "direct/array_rate", "Images per second", unit: "Hz", access: .read, precision: 2, initial: 0.0)
    /// Wanted rather than set: the detector's filewriter is off after each initialize.
    let fileWriter = Parameter(
        "direct/file_writer", "Whether direct/acquire switches the detector's filewriter on", initial: true,
        autosave: true)
    let phase = Parameter("direct/phase", "What the device does", access: .read, initial: Phase.disconnected)
    let imageBytes = Parameter(
        "direct/image_bytes", "Size of one image", unit: "B", access: .read, initial: Int64(0))
    let acquiring = Parameter(
        "direct/acquiring", "From the start of a series until its files are here, or until its end is asked for",
        access: .read, initial: false)
    private let keys: KeyService
    private let context: DeviceContext
    private let isContinuous = Mutex(false)
    private let isEnding = Mutex(false)
    private let following = Mutex<[Following]>([])

    private static let mode = SIMPLONKey.detector("trigger_mode")
    private static let nexpi = SIMPLONKey.detector("nexpi")
    private static let writerMode = SIMPLONKey.filewriter("mode")

    /// To be made inside the device's factory.
    init(_ keys: KeyService, _ context: DeviceContext) {
        self.keys = keys
        self.context = context
        var metadata = ParameterMetadata(
            "What starts images, by the detector's own name; continuous: series after series", type: .enumeration)
        metadata.choices = ["ints", "inte", "exts", "exte", "continuous"]
        triggerMode = Parameter<DataValue>(ParameterSpec("direct/trigger_mode", metadata), initial: .string("ints"))
        exposures = Parameter(
            "direct/exposures", "Exposures per image; more than one in gated modes only", limits: 1...1, initial: 1)
        triggerMode.onWrite(self) { direct, value, origin in try await direct.setMode(value, origin) }
        fileWriter.onWrite(self) { direct, isOn, origin in
            try await direct.put(Self.writerMode, .string(isOn ? "enabled" : "disabled"), origin)
            direct.fileWriter.publish(isOn)
        }
        exposures.onWrite(self) { direct, value, origin in
            if direct.keys.table.has(Self.nexpi) { try await direct.put(Self.nexpi, .integer(Int64(value)), origin) }
            direct.exposures.publish(value)
        }
    }

    // MARK: - Following

    /// Follows the detector's keys, the series, and the commands that take and end one.
    func follow(taking: [AnyCommand], ending: [AnyCommand], series phase: AnyParameter) {
        keys.table.observe { [weak self] key in self?.showKey(key) }
        let flag = Following(taking.map(\.busy) + ending.map(\.busy)) { [weak self] in
            self?.showAcquiring(taking, ending)
        }
        let phases = Following([phase]) { [weak self] in self?.showPhase() }
        following.withLock { $0 = [flag, phases] }
    }

    private func showAcquiring(_ taking: [AnyCommand], _ ending: [AnyCommand]) {
        let isTaking = taking.contains { $0.busy.value }
        let ends = isEnding.withLock { isEnding in
            isEnding = isTaking && (isEnding || ending.contains { $0.busy.value })
            return isEnding
        }
        let isAcquiring = isTaking && !ends
        if acquiring.value != isAcquiring { acquiring.publish(isAcquiring) }
        showPhase()
    }

    private func showKey(_ key: SIMPLONKey) {
        switch (key.module, key.task, key.name) {
        case (.detector, .config, "trigger_mode"): showMode()
        case (.detector, .config, "nexpi"): showExposures()
        case (.detector, .config, "bit_depth_image"), (.detector, .config, "x_pixels_in_detector"),
            (.detector, .config, "y_pixels_in_detector"):
            showImageBytes()
        case (.detector, .status, "state"): showPhase()
        default: break
        }
    }

    private func showMode() {
        guard let sample = keys.table.sample(Self.mode), let word = keys.table.value(Self.mode)?.string else { return }
        let choices = (keys.table.metadata(Self.mode)?.choices ?? []) + ["continuous"]
        triggerMode.updateMetadata { $0.choices = choices }
        let shown = isContinuous.withLock { $0 } ? "continuous" : word
        triggerMode.publish(.string(shown), alarm: sample.alarm, at: sample.timestamp)
    }

    private func showExposures() {
        guard let value = keys.table.value(Self.nexpi)?.integer else { return }
        exposures.updateMetadata { $0.limits = 1...4_294_967_296 }
        if exposures.value != Int(value) { exposures.publish(Int(value)) }
    }

    private func showImageBytes() {
        let names = ["bit_depth_image", "x_pixels_in_detector", "y_pixels_in_detector"]
        let numbers = names.compactMap { keys.table.value(.detector($0))?.double }
        guard numbers.count == 3, let bytes = Int64(exactly: numbers[0] / 8 * numbers[1] * numbers[2]) else { return }
        if imageBytes.value != bytes { imageBytes.publish(bytes) }
    }

    private func showPhase() {
        let now = Self.phase(
            isTaking: acquiring.value, isEnding: isEnding.withLock { $0 },
            state: keys.table.value(KeyService.state)?.string)
        if phase.value != now { phase.publish(now) }
    }

    /// - Parameter state: The detector's own word.
    static func phase(isTaking: Bool, isEnding: Bool, state: String?) -> Phase {
        if isEnding { return state == "idle" ? .saving : .aborting }
        switch state {
        case "acquire": return .acquire
        case "ready": return .waiting
        case "initialize": return .initializing
        case "configure": return isTaking ? .waiting : .initializing
        case "error": return .error
        case "idle", "test": return isTaking ? .saving : .idle
        default: return .disconnected
        }
    }

    // MARK: - Writing

    private func put(_ key: SIMPLONKey, _ value: DataValue, _ origin: Origin) async throws {
        guard let parameter = context.parameter(key.description) else {
            throw DeviceError(.notFound, "\(context.name) has no \(key)")
        }
        try await parameter.put(value, origin: origin)
    }

    /// `nimages` must be 1 before the modes of one image per trigger: the detector refuses them otherwise.
    private func setMode(_ value: DataValue, _ origin: Origin) async throws {
        let word = value.string ?? ""
        let mode = word == "continuous" ? "ints" : word
        if SeriesPlan.takesOneImagePerTrigger(mode), keys.table.value(.detector("nimages"))?.integer != 1 {
            try await put(.detector("nimages"), .integer(1), origin)
        }
        try await put(Self.mode, .string(mode), origin)
        isContinuous.withLock { $0 = word == "continuous" }
        showMode()
    }

    // MARK: - Series

    /// Takes what is asked for: one image, a series, or series until the end is asked for.
    /// - Parameter takeSeries: Takes one series as the detector is set.
    func take(_ origin: Origin, _ takeSeries: () async throws -> Void) async throws {
        isEnding.withLock { $0 = false }
        if fileWriter.value, keys.table.value(Self.writerMode)?.string == "disabled" {
            try await put(Self.writerMode, .string("enabled"), origin)
        }
        if imageMode.value == .single, keys.table.value(.detector("nimages"))?.integer != 1 {
            try await put(.detector("nimages"), .integer(1), origin)
        }
        let repeats = imageMode.value == .continuous || isContinuous.withLock { $0 }
        repeat {
            try Task.checkCancellation()
            try await takeSeries()
        } while repeats && !isEnding.withLock { $0 }
    }

    /// Counts images; runs for the life of the device.
    func count() async throws {
        var counted: (acquisition: Acquisition, received: Int64)?
        var last = ContinuousClock.now
        while true {
            try await Task.sleep(for: .milliseconds(200))
            let seconds = last.duration(to: .now).seconds
            last = .now
            let current = context.acquisitions.current
            // Images that came with the end of one that is over count too.
            let added = (counted?.acquisition).map { ($0.record.frames.received ?? 0) - (counted?.received ?? 0) } ?? 0
            if let acquisition = counted?.acquisition { counted?.received = acquisition.record.frames.received ?? 0 }
            if current?.id != counted?.acquisition.id { counted = current.map { ($0, 0) } }
            if added > 0 { arrayCounter.publish(arrayCounter.value + added) }
            let rate = Double(max(0, added)) / max(0.001, seconds)
            if arrayRate.value != rate { arrayRate.publish(rate) }
        }
    }
}
