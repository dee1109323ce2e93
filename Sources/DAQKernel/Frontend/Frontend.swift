// Part of daqd
// SPDX-License-Identifier: MIT

/// A server that shows devices to clients in one protocol.
///
/// The kernel calls `start`, then `run` until the stop, then `stop`; never two at once. No device call ever blocks a
/// frontend: reads are answered from the last sample, writes and commands run as operations.
public protocol Frontend: AnyObject, Sendable {
    /// Opens the sockets; when it returns, clients are served.
    /// - Throws: With address and reason; the kernel tries again with back-off.
    func start() async throws

    /// Runs until it is cancelled; default: waits.
    func run() async throws

    /// Says goodbye to clients and closes the sockets. Safe also without `start`, and a second time.
    func stop() async

    /// Every name that clients can use, for `daqd names`; default: none.
    func names() -> [ServedName]
}

extension Frontend {
    /// Waits until it is cancelled.
    public func run() async throws {
        while true { try await Task.sleep(nanoseconds: 3_600_000_000_000) }
    }
    /// None.
    public func names() -> [ServedName] { [] }
}

/// One name that a frontend serves.
public struct ServedName: Sendable, Equatable {
    /// As a client writes it.
    public var name: String
    /// The type in the protocol's own words.
    public var type: String
    /// One sentence.
    public var description: String

    /// A served name.
    public init(_ name: String, type: String, description: String) {
        self.name = name
        self.type = type
        self.description = description
    }

    var json: JSON {
        .object([("name", .string(name)), ("type", .string(type)), ("description", .string(description))])
    }
}
