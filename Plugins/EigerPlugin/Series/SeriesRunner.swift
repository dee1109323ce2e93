// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Takes one series after the other, from configuration to verified files.
final class SeriesRunner: Sendable {
    let context: DeviceContext
    let settings: EigerSettings
    let lifecycle: DetectorLifecycle
    let configurator: Configurator
    let monitor: SeriesMonitor
    let health: HealthMonitor
    let options: FileOptions
    let client: SIMPLONClient
    private let current = Mutex<SeriesControl?>(nil)
    /// Acquisitions of an earlier process whose series the detector may still be taking.
    private let unsettled: Mutex<Set<String>>
    private var keys: KeyService { lifecycle.keys }

    init(
        context: DeviceContext, settings: EigerSettings, lifecycle: DetectorLifecycle, configurator: Configurator,
        monitor: SeriesMonitor, health: HealthMonitor, options: FileOptions,
        interrupted: [Acquisition]
    ) {
        self.context = context
        self.settings = settings
        self.lifecycle = lifecycle
        self.configurator = configurator
        self.monitor = monitor
        self.health = health
        self.options = options
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

    /// Refuses what must not happen beside a series.
    func requireNoSeries(_ what: String) throws(DeviceError) {
        if control != nil {
            throw DeviceError(.busy, "\(context.name) refused to \(what) while a series runs; stop or disarm it first")
        }
    }

    // MARK: - Series

    /// Runs one series; also when the caller is cancelled it ends in order, with its files collected.
    func run(_ order: SeriesOrder, progress: Progress) async throws {
        let control = try claim(order)
        let task = Task { try await self.lead(order, control, progress) }
        let (record, failure) = try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            control.request(AcquisitionStop(.cancelled, origin: progress.origin))
        }
        // The caller gets the cause with its code and the vendor's number where there is one.
        if record.state == .failed, let failure { throw DeviceError(wrapping: failure) }
        try record.requireNotFailed()
    }

    /// Arms the detector as it is set; the series then waits for the commands `trigger` and `disarm`, and ends by itself.
    /// - Returns: The detector's number of the series.
    func arm(progress: Progress) async throws -> Int64 {
        // One whose images are taken only collects its files: its end is awaited.
        if let control, control.imagesAreOver { _ = try? await control.ended.value() }
        let order = SeriesOrder(wish: nil, isManual: true)
        let control = try claim(order)
        Task {
            do {
                let (record, failure) = try await self.lead(order, control, progress)
                control.armed.resolve(.failure(failure ?? DeviceError(.failed, record.result ?? "the series ended")))
            } catch {
                control.armed.resolve(.failure(error))
                self.context.logger.error("The series failed", ["error": .string(String(describing: error))])
            }
        }
        return try await control.armed.value()
    }

    /// Gives a trigger to the series that waits for it; returns when its images are taken.
    func trigger(exposureSeconds: Double?) async throws {
        guard let control else {
            throw DeviceError(.wrongState, "\(context.name) is not armed by this daemon; arm it first")
        }
        let trigger: SeriesControl.ManualTrigger
        do {
            trigger = try control.give(exposureSeconds: exposureSeconds, device: context.name)
        } catch {
            monitor.tell(failure: error.message)
            throw error
        }
        try await trigger.done.value()
    }

    private func claim(_ order: SeriesOrder) throws(DeviceError) -> SeriesControl {
        let control = SeriesControl(isManual: order.isManual)
        let isFree = current.withLock { current in
            guard current == nil else { return false }
            current = control
            return true
        }
        guard isFree else { throw DeviceError(.busy, "\(context.name) is busy with another series") }
        return control
    }

    /// Leads a claimed series to its end and gives the device free again.
    private func lead(
        _ order: SeriesOrder, _ control: SeriesControl, _ progress: Progress
    ) async throws -> (AcquisitionRecord, (any Error)?) {
        defer {
            control.endImages()
            monitor.enter(.idle)
            current.withLock { $0 = nil }
            control.ended.resolve(.success(()))
        }
        monitor.enter(.preparing)
        monitor.triggersGiven.publish(0)
        do {
            let (record, failure) = try await perform(order, control, progress)
            monitor.tell(record)
            health.seriesEnded(record)
            return (record, failure)
        } catch {
            monitor.tell(failure: DeviceError(wrapping: error).message)
            throw error
        }
    }

    private func perform(
        _ order: SeriesOrder, _ control: SeriesControl, _ progress: Progress
    ) async throws -> (AcquisitionRecord, (any Error)?) {
        let sketch = try await sketch(order)
        let acquisition = try await context.acquisitions.begin(
            AcquisitionPlan(
                sketch.name, expected: sketch.images, countsFrames: sketch.writesFiles, origin: progress.origin))
        await control.attach(acquisition)
        var failure: (any Error)?
        do {
            let series = RunningSeries(self, acquisition, control, progress)
            failure = try await series.take(order, expecting: sketch.images)
        } catch {
            failure = error
        }
        monitor.secondsRemaining.publish(0)
        if let stop = control.stop { try? await acquisition.requestStop(stop) }
        if let failure { context.logger.error("The series failed", ["error": .string(String(describing: failure))]) }
        if control.isAcquisitionLeft { return (acquisition.record, nil) }
        return (try await acquisition.finish(failure: failure), failure)
    }

    /// What the run log must know of a series before anything is sent.
    private func sketch(_ order: SeriesOrder) async throws -> (name: String, images: Int64, writesFiles: Bool) {
        if let wish = order.wish {
            let plan = SeriesPlan(wish, readoutSeconds: 0)
            return (wish.filePrefix, plan.totalImages, options.fetches.value)
        }
        let facts = try await SeriesFacts.read(keys, device: context.name)
        let name = String(facts.namePattern.split(separator: "$id").first ?? "series")
        return (name, facts.plan.totalImages, facts.writesFiles && options.fetches.value)
    }
}
