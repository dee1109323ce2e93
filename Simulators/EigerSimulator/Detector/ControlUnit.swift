// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// The simulated detector control unit: its keys, its state, its series and its files. All decisions are made here, in order.
///
/// Whoever waits (a blocking trigger, a disarm) waits in ``pause(until:)`` and looks at the state again whenever anything changed.
actor ControlUnit {
    nonisolated let model: DetectorModel
    nonisolated let options: SimulatorOptions
    nonisolated let clock: any SimulationClock
    nonisolated let store: FileStore
    nonisolated let faults = FaultTable()
    nonisolated let power = PowerSwitch()
    /// The trees of the API that it serves.
    nonisolated let versions: [APIVersion]
    /// Its oddities.
    nonisolated let quirks: Set<Quirk>

    var machine = DetectorMachine()
    var configuration: DetectorConfiguration
    var fileWriter: KeyStore
    var monitor: KeyStore
    var stream: KeyStore

    /// Series that run or whose files are still being written, by a number that never repeats.
    var series: [Int: Series] = [:]
    /// The series that is armed now.
    var armed: Int?
    /// Whether the running exposure ends with its current image.
    var isCancelling = false
    /// Counts initializations and interrupted arms, so that whoever waited notices that the world has changed.
    var epoch = 0
    /// The last writer; the next one begins after it.
    var lastWriter: Task<Void, Never>?
    /// Series whose files are not all there yet.
    var writing: [Int: WritingProgress] = [:]
    /// Counts restarts of the service, whose writers must not leave anything behind.
    var serviceEpoch = 0
    /// What the file writer complains of.
    var fileWriterErrors: [String] = []
    var lastSeriesID = ""

    var monitorBuffer = MonitorBuffer()
    var monitorFeed: MonitorFeed?
    /// Whether an odd monitor showed an older image last.
    var monitorShowsBefore = false
    /// Masks and flat fields that a client sent, by the name of the first threshold's twin.
    var customArrays: [String: [UInt8]] = [:]
    /// When the slow values were read last, in units that do so only when told; `nil` as long as nobody told them.
    var statusTime: Duration?
    /// Whether the energy was set since the detector was initialized.
    var hasAnsweredEnergy = true

    private var lastSerial = 0
    private var random: SplitMix64
    private var pattern: FramePattern?
    private var rings: [FrameFormat: FrameRing] = [:]
    private var sleepers: [Int: Task<Void, Never>] = [:]
    private var lastSleeper = 0

    init(_ model: DetectorModel, _ options: SimulatorOptions, clock: any SimulationClock) {
        self.model = model
        self.options = options
        self.clock = clock
        store = FileStore(limit: options.bufferBytes)
        versions = Self.versions(options, model)
        let firmware = versions.max() ?? model.family.firmware
        quirks = options.quirks.map(Set.init) ?? Quirk.usual(firmware)
        configuration = DetectorConfiguration(model, firmware)
        fileWriter = KeyStore(Subsystem.filewriter.configuration(of: model))
        monitor = KeyStore(Subsystem.monitor.configuration(of: model))
        stream = KeyStore(Subsystem.stream.configuration(of: model))
        random = SplitMix64(seed: options.seed ^ 0x554C_4944)
    }

    /// What is served: as asked for, else what the family speaks, and for very old clients also what they speak.
    private static func versions(_ options: SimulatorOptions, _ model: DetectorModel) -> [APIVersion] {
        let wanted = options.apis.compactMap(APIVersion.init)
        if !wanted.isEmpty { return wanted.sorted() }
        return options.isLenient ? Set([.v16, model.family.firmware]).sorted() : [model.family.firmware]
    }

    /// The newest generation that it speaks, which decides how it behaves.
    nonisolated var firmware: APIVersion { versions.max() ?? model.family.firmware }

    /// Where the detector stands.
    var state: DetectorState { machine.state }

    /// The trigger mode that is configured.
    var triggerMode: TriggerMode { TriggerMode(rawValue: configuration.store.text("trigger_mode")) ?? .ints }

    /// Carries out what takes effect at once.
    func apply(_ fault: Fault) async {
        switch fault.kind.name {
        case "state_error":
            epoch += 1
            endSeries(aborted: true)
            machine.happened(.failed)
            wakeAll()
        case "buffer_limit": store.limit = fault.count("bytes")
        case "reset_ids": machine.resetNumbers()
        case "restart": loseEverything()
        case "power_off": powerOff(seconds: fault.number("seconds"))
        case "power_on": power.on()
        default: break
        }
    }

    /// Nobody answers any more, and everything in memory is lost; after some seconds (unless 0) the unit has booted again.
    func powerOff(seconds: Double) {
        power.off()
        loseEverything()
        guard seconds > 0 else { return }
        Task {
            await wait(seconds: seconds)
            power.on()
        }
    }

    // MARK: - Waiting

    /// Waits until that time or until anything changes; `nil` waits for a change only.
    func pause(until deadline: Duration?) async {
        lastSleeper += 1
        let id = lastSleeper
        let clock = clock
        let sleeper = Task<Void, Never> {
            do { try await clock.sleep(until: deadline ?? .seconds(1_000_000_000)) } catch {}
        }
        sleepers[id] = sleeper
        await sleeper.value
        sleepers[id] = nil
    }

    /// Waits a time of the detector, whatever changes meanwhile.
    func wait(seconds: Double) async {
        let end = clock.now + .seconds(seconds)
        while clock.now < end { await pause(until: end) }
    }

    /// Makes everybody who waits look again.
    func wakeAll() {
        for sleeper in sleepers.values { sleeper.cancel() }
    }

    // MARK: - Series and images

    /// A new number for a series, and its identifier.
    func nextSeries() -> (serial: Int, uniqueID: String) {
        lastSerial += 1
        let id = UniqueID.make(milliseconds: DateText.epochMilliseconds(), using: &random)
        lastSeriesID = id
        return (lastSerial, id)
    }

    /// What the detector sees; made at its first use.
    func framePattern() async -> FramePattern {
        if let pattern { return pattern }
        let made = await Self.makePattern(model, seed: options.seed)
        pattern = made
        return made
    }

    /// The compressed images of a format; made at their first use.
    func ring(_ format: FrameFormat) async throws -> FrameRing {
        if let ring = rings[format] { return ring }
        let made = try await Self.makeRing(framePattern(), format)
        rings[format] = made
        return made
    }

    @concurrent
    private static func makePattern(_ model: DetectorModel, seed: UInt64) async -> FramePattern {
        FramePattern(model, seed: seed)
    }

    @concurrent
    private static func makeRing(_ pattern: FramePattern, _ format: FrameFormat) async throws -> FrameRing {
        try FrameRing(pattern, format)
    }
}
