// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc
import Synchronization

/// Takes one series from configuration to verified files.
final class SeriesRunner: Sendable {
    /// The parameters of a running series.
    struct Monitor: Sendable {
        let files: FileMonitor
        let secondsRemaining: Parameter<Double>
        let seriesNumber: Parameter<Int64>
        let message: Parameter<String>
    }

    let context: DeviceContext
    let settings: EigerSettings
    let lifecycle: DetectorLifecycle
    let configurator: Configurator
    let monitor: Monitor
    let client: SIMPLONClient
    private let current = Mutex<SeriesControl?>(nil)
    /// Acquisitions of an earlier process whose series the detector may still be taking.
    private let unsettled: Mutex<Set<String>>
    private var keys: KeyService { lifecycle.keys }

    init(
        context: DeviceContext, settings: EigerSettings, lifecycle: DetectorLifecycle, configurator: Configurator,
        monitor: Monitor, interrupted: [Acquisition]
    ) {
        self.context = context
        self.settings = settings
        self.lifecycle = lifecycle
        self.configurator = configurator
        self.monitor = monitor
        client = lifecycle.keys.client
        unsettled = Mutex(Set(interrupted.map(\.id)))
    }

    /// The series that runs now; for the commands that end it.
    var control: SeriesControl? { current.withLock { $0 } }

    /// Why no series can begin now; `nil` when one can.
    var objection: String? {
        unsettled.withLock { $0.min() }.map { "the interrupted series \($0) is still being completed" }
    }

    /// The detector has ended a series of an earlier process.
    func settled(_ acquisition: Acquisition) {
        _ = unsettled.withLock { $0.remove(acquisition.id) }
    }

    /// Runs one series; also when the caller is cancelled it ends in order, with its files collected.
    func run(_ wish: SeriesWish, progress: Progress) async throws {
        let control = SeriesControl()
        let isFree = current.withLock { current in
            guard current == nil else { return false }
            current = control
            return true
        }
        guard isFree else { throw DeviceError(.busy, "\(context.name) is busy with another series") }
        defer { current.withLock { $0 = nil } }
        let task = Task { try await self.perform(wish, control, progress) }
        let (record, failure) = try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            control.request(AcquisitionStop(.cancelled, origin: progress.origin))
        }
        monitor.message.publish("Series \(record.state.rawValue): \(record.result ?? "")")
        // The caller gets the cause with its code and the vendor's number where there is one.
        if record.state == .failed, let failure { throw DeviceError(wrapping: failure) }
        try record.requireNotFailed()
    }

    private func perform(
        _ wish: SeriesWish, _ control: SeriesControl, _ progress: Progress
    ) async throws -> (AcquisitionRecord, (any Error)?) {
        let sketch = SeriesPlan(wish, readoutSeconds: 0)
        let acquisition = try await context.acquisitions.begin(
            AcquisitionPlan(
                wish.filePrefix, expected: sketch.totalImages, countsFrames: settings.retrieve == .filewriter,
                origin: progress.origin))
        await control.attach(acquisition)
        var failure: (any Error)?
        do {
            let series = RunningSeries(self, acquisition, control, progress)
            failure = try await series.take(wish)
        } catch {
            failure = error
        }
        monitor.secondsRemaining.publish(0)
        if let stop = control.stop { try? await acquisition.requestStop(stop) }
        if let failure { context.logger.error("The series failed", ["error": .string(String(describing: failure))]) }
        return (try await acquisition.finish(failure: failure), failure)
    }
}
