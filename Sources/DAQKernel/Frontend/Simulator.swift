// Part of daqd
// SPDX-License-Identifier: MIT

/// Hardware that is not there: speaks the real protocol on a real socket, inside the daemon.
public protocol Simulator: AnyObject, Sendable {
    /// Opens the sockets; when it returns, a device can connect.
    func start() async throws
    /// Closes them. Safe also without `start`, and a second time.
    func stop() async
}

/// What a simulator gets from the kernel.
public final class SimulatorContext: Sendable {
    /// The configured name.
    public let name: String
    /// The simulator's log.
    public let logger: Logger

    /// A context; the kernel makes them, tests and stand-alone simulators may.
    public init(name: String, logger: Logger) {
        self.name = name
        self.logger = logger
    }
}
