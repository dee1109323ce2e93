// Part of daqd
// SPDX-License-Identifier: MIT

/// How a device is, as the kernel knows it.
public enum DeviceState: Sendable, Equatable {
    /// Made; not connected yet.
    case starting
    /// Its hardware answers.
    case connected
    /// Its hardware does not answer; the sentence says why.
    case disconnected(String)
    /// It could not be made: its plugin was refused or its configuration is at fault.
    case unavailable(String)
    /// Stopped for good.
    case stopped

    /// One word for frontends.
    public var name: String {
        switch self {
        case .starting: "starting"
        case .connected: "connected"
        case .disconnected: "disconnected"
        case .unavailable: "unavailable"
        case .stopped: "stopped"
        }
    }

    /// The sentence behind it; empty when all is well.
    public var message: String {
        switch self {
        case .starting, .connected: ""
        case .stopped: "the device is stopped"
        case .disconnected(let reason), .unavailable(let reason): reason
        }
    }
}
