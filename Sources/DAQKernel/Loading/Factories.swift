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
