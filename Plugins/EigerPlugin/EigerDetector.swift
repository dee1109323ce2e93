// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A DECTRIS EIGER, EIGER2 or PILATUS4 detector behind the SIMPLON interface of its control unit.
///
/// The device only puts the parts together: the watcher keeps the connection, the runner takes series, the key service mirrors
/// the detector's own keys as parameters.
final class EigerDetector: Device {
    static let factory = DeviceFactory(
        "eiger", summary: "DECTRIS EIGER, EIGER2 and PILATUS4 detectors through SIMPLON",
        settings: EigerSettings.declarations
    ) { settings, context in
        try EigerDetector(
            EigerSettings(settings, dataRoot: context.dataRoot), context)
    }

    private let context: DeviceContext
    private let settings: EigerSettings
    let runner: SeriesRunner
    private let series: SeriesParameters
    private let commands: EigerCommands
    private let watcher: DetectorWatcher
    private let soft: SoftParameters

    init(_ settings: EigerSettings, _ context: DeviceContext) throws {
        self.settings = settings
        self.context = context
        let client = try SIMPLONClient(
            device: context.name, address: SIMPLONAddress(host: settings.host, port: settings.port),
            version: settings.apiVersion, limits: settings.timeouts)
        let keys = KeyService(
            client: client, table: KeyTable(memory: KeyService.memory(context)),
            isStale: Parameter("stale", "Whether settings are being read back", access: .read, initial: false),
            context: context, settings: settings)
        let health = HealthMonitor(logger: context.logger)
        let configurator = Configurator(
            keys: keys, context: context, settings: settings, memory: ConfigurationMemory(context), health: health)
        let lifecycle = DetectorLifecycle(keys: keys, context: context, settings: settings, configurator: configurator)
        let interrupted = context.acquisitions.claimInterrupted()
        runner = SeriesRunner(
            context: context, settings: settings, lifecycle: lifecycle, configurator: configurator,
            monitor: SeriesMonitor(), health: health, options: FileOptions(settings, root: context.dataRoot),
            interrupted: interrupted)
        series = SeriesParameters(settings)
        commands = EigerCommands(runner, series)
        let soft = try SoftParameters(settings, context, runner: runner, series: series, commands: commands)
        self.soft = soft
        watcher = DetectorWatcher(
            context: context, settings: settings, runner: runner, configurator: configurator,
            apiVersion: Parameter(
                "api_version", "SIMPLON version that is spoken", access: .read, initial: client.version),
            interrupted: interrupted)
        keys.table.observe { [weak keys, series] key in
            if SeriesParameters.followed.contains(key), let keys { series.follow(keys.table) }
        }
        lifecycle.whenDiscovered { [weak runner, weak soft, series, keys] in
            series.follow(keys.table)
            soft?.discovered()
            if let runner { DiscoveredCommands.add(runner) }
        }
        keys.table.bind { [weak keys] key, value, _ in
            guard let keys else { throw DeviceError(.unavailable, "the device is being stopped") }
            try await keys.write(key, value)
        }
    }

    var nameSets: [NameSet] {
        [
            SeedNames.set, PackageNames.set, AreaDetectorNames.set,
            SIMPLONNames.set(discovered: runner.lifecycle.keys.table.known),
        ]
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [watcher] in try await watcher.run() }
            group.addTask { [soft] in try await soft.run() }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Ends a running series in order and waits for its files, asking for more time; what takes too long is left to the next start.
    func stop() async {
        guard let control = runner.control else { return }
        control.request(AcquisitionStop(.shutdown, origin: .daemon))
        while !control.imagesAreOver, !control.ended.isResolved, !Task.isCancelled { await moreTime() }
        let end = ContinuousClock.now.advanced(by: settings.collectGrace)
        while !control.ended.isResolved, ContinuousClock.now < end, !Task.isCancelled { await moreTime() }
        control.leave()
        while !control.ended.isResolved, !Task.isCancelled { await moreTime() }
    }

    private func moreTime() async {
        context.needsMoreTime(.seconds(5))
        try? await Task.sleep(for: .milliseconds(20))
    }
}
