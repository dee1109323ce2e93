// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What the device offers beside the detector's own keys and its series: what name sets need, the detector's file buffer and monitor.
final class SoftParameters: Sendable {
    let live: LiveView
    private let status = StatusParameters()
    private let seed: SeedParameters
    private let direct: DirectParameters
    private let resetHighVoltage: Command<Void>
    private let acquire: Command<Void>
    private let buffer: BufferCommands
    private let listing: BufferListing
    private let monitorCommands: MonitorCommands
    private let runner: SeriesRunner

    /// To be made inside the device's factory, after the device's other commands.
    init(
        _ settings: EigerSettings, _ context: DeviceContext, runner: SeriesRunner, series: SeriesParameters,
        commands: EigerCommands
    ) throws {
        self.runner = runner
        let keys = runner.lifecycle.keys
        let raw = try RawClient(runner.client)
        live = LiveView(settings, raw: raw, keys: keys, context: context)
        seed = SeedParameters(runner, series)
        let direct = DirectParameters(keys, context)
        self.direct = direct
        acquire = Command(
            "direct/acquire",
            "Takes series with the detector as it is set, as direct/image_mode says: one, or until stopped"
        ) { progress in
            try await direct.take(progress.origin) {
                let order = SeriesOrder(wish: nil, isManual: series.times.manualTrigger.value)
                try await runner.run(order, progress: progress)
            }
        }
        acquire.allow { [weak runner] in runner?.objection }
        resetHighVoltage = Command("direct/hv_reset", "As hv_reset, for the time of direct/hv_reset_time") {
            [hvReset = commands.detector.highVoltageReset] progress in
            let seconds = DataValue.float(direct.highVoltageSeconds.value)
            _ = try await hvReset.call(Arguments([seconds]), origin: progress.origin)
        }
        buffer = BufferCommands(runner, runner.options, root: context.dataRoot, images: raw)
        listing = BufferListing(keys)
        monitorCommands = MonitorCommands(raw, live.parameters)
        follow(commands)
        context.add(live.source)
    }

    private func follow(_ commands: EigerCommands) {
        let monitor = runner.monitor
        let keys = runner.lifecycle.keys
        let taking: [AnyCommand] = [commands.series.acquire, commands.series.acquireAsSet, acquire]
        status.follow(keys)
        listing.follow()
        runner.options.follow(monitor.files)
        seed.follow(
            series: taking, configurations: [commands.detector.configure], countdown: monitor.secondsRemaining)
        direct.follow(
            taking: taking + [seed.acquire],
            ending: [commands.series.stop, commands.series.cancel, commands.series.abort, commands.series.disarm],
            series: monitor.phase)
    }

    /// The detector's keys are known: to be called after each discovery.
    func discovered() {
        listing.wake()
        live.wake()
    }

    /// Runs for the life of the device; ends only by cancellation.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in try await live.run(isBusy: { [runner] in runner.control != nil }) }
            group.addTask { [self] in try await direct.count() }
            group.addTask { [self] in try await listing.run(isQuiet: { [runner] in runner.control == nil }) }
            try await group.next()
            group.cancelAll()
        }
    }
}
