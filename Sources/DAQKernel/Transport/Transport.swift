// Part of daqd
// SPDX-License-Identifier: MIT

/// How a device reaches its hardware: HTTP, a line-based socket, a vendor's library.
///
/// Two devices that ask for the same configuration share one transport; it is closed when the last of them stopped.
public protocol Transport: AnyObject, Sendable {
    /// What tells one transport of this kind from another: host and port, a serial number.
    associatedtype Configuration: Hashable, Sendable

    /// Makes the transport; it connects when it is first used.
    init(_ configuration: Configuration, logger: Logger) throws

    /// Closes it; running requests fail. Called once.
    func close() async
}

/// How urgent a request on a shared transport is.
public enum TransportPriority: Int, Sendable, Comparable, CaseIterable {
    /// Abort and stop.
    case abort
    /// Data of a running acquisition.
    case data
    /// Configuration and commands.
    case control
    /// Polling.
    case status

    /// The more urgent one comes first.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
