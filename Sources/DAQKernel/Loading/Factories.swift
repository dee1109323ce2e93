// Part of daqd
// SPDX-License-Identifier: MIT

/// Makes devices of one type.
public struct DeviceFactory: Sendable {
    /// How the configuration names it: `eiger`.
    public let type: String
    /// One sentence.
    public let summary: String
    /// What the configuration may say; decoding, messages, schema and documentation come from it.
    public let settings: [Setting]
    let make: @Sendable (Settings, DeviceContext) throws -> any Device

    /// A factory; `make` gets checked settings and throws only for what a declaration cannot say.
    public init(
        _ type: String, summary: String, settings: [Setting] = [],
        make: @escaping @Sendable (Settings, DeviceContext) throws -> any Device
    ) {
        self.type = type
        self.summary = summary
        self.settings = settings
        self.make = make
    }
}

/// Makes frontends of one type.
public struct FrontendFactory: Sendable {
    /// How the configuration names it: `rest`.
    public let type: String
    /// One sentence.
    public let summary: String
    /// What the configuration may say.
    public let settings: [Setting]
    let make: @Sendable (Settings, FrontendContext) throws -> any Frontend
    private(set) var judge: (@Sendable (Settings, String, [String]) throws -> Void)?

    /// A factory; `make` opens nothing yet, ``Frontend/start()`` does.
    public init(
        _ type: String, summary: String, settings: [Setting] = [],
        make: @escaping @Sendable (Settings, FrontendContext) throws -> any Frontend
    ) {
        self.type = type
        self.summary = summary
        self.settings = settings
        self.make = make
    }
}

extension FrontendFactory {
    /// The same factory with a judgement of what a declaration cannot say: settings that do not go together.
    ///
    /// Asked when a configuration is read, also by `--check`, where nothing is made; it gets checked settings, the site's name and the
    /// names of all devices, and throws `ConfigurationError`. Called from any thread; it opens nothing.
    public func judging(
        _ judge: @escaping @Sendable (_ settings: Settings, _ site: String, _ devices: [String]) throws -> Void
    ) -> FrontendFactory {
        var factory = self
        factory.judge = judge
        return factory
    }
}

/// What a post-operation gets from the kernel when it is made.
public struct PostOperationSetup: Sendable {
    /// Name of its entry in the configuration.
    public let name: String
    /// Its log.
    public let logger: Logger
    /// Folder below which the site's data go; absolute.
    public let dataRoot: String

    /// A setup; the kernel makes them, tests may.
    public init(name: String, logger: Logger, dataRoot: String) {
        self.name = name
        self.logger = logger
        self.dataRoot = dataRoot
    }
}

/// Makes post-operations of one type.
public struct PostOperationFactory: Sendable {
    /// How the configuration names it: `copy`.
    public let type: String
    /// One sentence.
    public let summary: String
    /// What the configuration may say, besides what every post-operation takes.
    public let settings: [Setting]
    /// Whether the first attempt comes before the acquisition's busy flag falls, where the site does not say.
    public let waits: Bool
    let make: @Sendable (Settings, PostOperationSetup) throws -> any PostOperation

    /// A factory.
    public init(
        _ type: String, summary: String, settings: [Setting] = [], waits: Bool = false,
        make: @escaping @Sendable (Settings, PostOperationSetup) throws -> any PostOperation
    ) {
        self.type = type
        self.summary = summary
        self.settings = settings
        self.waits = waits
        self.make = make
    }
}

/// Makes simulators of one type.
public struct SimulatorFactory: Sendable {
    /// How the configuration names it: `eiger-sim`.
    public let type: String
    /// One sentence.
    public let summary: String
    /// What the configuration may say.
    public let settings: [Setting]
    let make: @Sendable (Settings, SimulatorContext) throws -> any Simulator

    /// A factory; `make` opens nothing yet, ``Simulator/start()`` does.
    public init(
        _ type: String, summary: String, settings: [Setting] = [],
        make: @escaping @Sendable (Settings, SimulatorContext) throws -> any Simulator
    ) {
        self.type = type
        self.summary = summary
        self.settings = settings
        self.make = make
    }
}

/// Makes transports of one type, for devices that let the site choose how they are reached.
public struct TransportFactory: Sendable {
    /// How the configuration names it: `http`.
    public let type: String
    /// One sentence.
    public let summary: String
    /// What the configuration may say.
    public let settings: [Setting]
    let make: @Sendable (Settings, Logger) throws -> any Transport

    /// A factory; the transport connects when it is first used.
    public init(
        _ type: String, summary: String, settings: [Setting] = [],
        make: @escaping @Sendable (Settings, Logger) throws -> any Transport
    ) {
        self.type = type
        self.summary = summary
        self.settings = settings
        self.make = make
    }
}
