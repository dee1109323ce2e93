// Part of daqd
// SPDX-License-Identifier: MIT

public import DAQKernel
internal import Synchronization

/// The simulated detector as a component of a site, so that a configuration works alone, without hardware.
public final class EigerSimulatorComponent: Simulator {
    /// What the configuration's `simulators:` section may make of it.
    public static let factory = SimulatorFactory(
        "eiger-sim", summary: "A simulated EIGER, EIGER2 or PILATUS4 detector that speaks SIMPLON over HTTP",
        settings: [
            .choice("model", "Which detector", EigerSimulation.models, default: "eiger2-500k"),
            .string("address", "Where to listen", default: "127.0.0.1"),
            .integer("port", "TCP port; 0 takes a free one", default: 8910, in: 0...65535),
            .number("speed", "How much faster than a real detector everything goes", default: 1, in: 0.001...10_000),
            .integer("seed", "Start of the random numbers", default: 1, in: 0...Int(Int32.max)),
            .integer("buffer_bytes", "Memory for files", unit: "B", default: 4 << 30, in: 0...(1 << 50)),
            .duration("initialize_time", "How long initialize takes", default: .seconds(2)),
            .duration("arm_time", "How long arm takes", default: .milliseconds(300)),
            .duration("energy_time", "How long a change of energy or threshold takes", default: .milliseconds(500)),
            .duration("restart_time", "How long a restart of the service takes", default: .seconds(1)),
            .duration("reboot_time", "How long nobody answers after a reboot", default: .seconds(5)),
            .list(
                "apis", "Versions of the API to serve; empty leaves it to the model",
                of: .choice(EigerSimulation.versions), default: []),
            .list(
                "quirks", "Oddities of real units; without it those usual for the model",
                of: .choice(Quirk.allCases.map(\.rawValue))
            ).optional,
            .path("script", "A YAML file of faults and triggers").optional,
            .bool("lenient", "Takes commands with a body such as {\"value\": \"arm\"}", default: false),
        ]
    ) { settings, context in
        try EigerSimulatorComponent(settings, context)
    }

    private let options: SimulatorOptions
    private let logger: Logger
    private let simulation = Mutex<EigerSimulation?>(nil)

    init(_ settings: Settings, _ context: SimulatorContext) throws(ConfigurationError) {
        var options = SimulatorOptions()
        options.model = try settings["model"]
        options.address = try settings["address"]
        options.port = try settings["port"]
        options.speed = try settings["speed"]
        let seed: Int = try settings["seed"]
        options.seed = UInt64(seed)
        options.bufferBytes = try settings["buffer_bytes"]
        options.initializeSeconds = try Self.seconds(settings["initialize_time"])
        options.armSeconds = try Self.seconds(settings["arm_time"])
        options.flatfieldSeconds = try Self.seconds(settings["energy_time"])
        options.restartSeconds = try Self.seconds(settings["restart_time"])
        options.rebootSeconds = try Self.seconds(settings["reboot_time"])
        options.apis = try settings["apis"]
        let quirks: [String]? = try settings["quirks"]
        options.quirks = quirks.map { $0.compactMap(Quirk.init) }
        options.isLenient = try settings["lenient"]
        let script: String? = try settings["script"]
        if let script { try Self.read(script, settings, &options) }
        self.options = options
        logger = context.logger
    }

    /// Listens.
    public func start() async throws {
        let started = try EigerSimulation(options)
        simulation.withLock { $0 = started }
        logger.notice(
            "The simulated detector listens",
            ["model": .string(options.model), "url": .string("http://\(options.address):\(started.port)")])
    }

    /// Stops to listen.
    public func stop() async {
        let running = simulation.withLock { simulation in
            defer { simulation = nil }
            return simulation
        }
        running?.stop()
    }

    /// The port on which it answers; `nil` while it does not run.
    public var port: Int? { simulation.withLock { $0?.port } }

    private static func read(
        _ path: String, _ settings: Settings, _ options: inout SimulatorOptions
    ) throws(ConfigurationError) {
        do {
            options.script = try SimulatorOptions.text(ofScript: path)
        } catch {
            throw settings.error(": \(error)", at: "script")
        }
        options.scriptName = path
    }

    private static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}
