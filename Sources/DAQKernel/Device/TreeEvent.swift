// Part of daqd
// SPDX-License-Identifier: MIT

/// What changed in the tree of devices.
public enum TreeEvent: Sendable, Equatable {
    /// A device came.
    case deviceAdded(String)
    /// A device went.
    case deviceRemoved(String)
    /// A device's state changed.
    case deviceState(String, DeviceState)
    /// A parameter or command came: device, path.
    case memberAdded(String, String)
    /// A parameter or command went: device, path.
    case memberRemoved(String, String)
    /// Unit, limits, choices or other metadata changed: device, path.
    case metadataChanged(String, String)
    /// The type changed: device, path.
    case typeChanged(String, String)
}
