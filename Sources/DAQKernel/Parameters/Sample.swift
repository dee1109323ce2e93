// Part of daqd
// SPDX-License-Identifier: MIT

/// One value with its time and its alarm.
public struct Sample: Sendable, Equatable {
    /// The value.
    public var value: DataValue
    /// When it was true; ``Timestamp/never`` before the first value.
    public var timestamp: Timestamp
    /// Its alarm, the device's connection alarm included.
    public var alarm: Alarm

    /// A sample.
    public init(_ value: DataValue, timestamp: Timestamp, alarm: Alarm = .none) {
        self.value = value
        self.timestamp = timestamp
        self.alarm = alarm
    }
}
