// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Alarms in the numbers and words of the EPICS menus.
enum AlarmCodes {
    /// Words of `SEVR`.
    static let severities = ["NO_ALARM", "MINOR", "MAJOR", "INVALID"]

    /// Words of `STAT`, by number; the first sixteen are the states that a client sees.
    static let statuses = [
        "NO_ALARM", "READ", "WRITE", "HIHI", "HIGH", "LOLO", "LOW", "STATE", "COS", "COMM", "TIMEOUT", "HWLIMIT",
        "CALC",
        "SCAN", "LINK", "SOFT", "BAD_SUB", "UDF", "DISABLE", "SIMM", "READ_ACCESS", "WRITE_ACCESS",
    ]

    /// The number of a severity.
    static func severity(_ alarm: Alarm) -> UInt16 { UInt16(alarm.severity.rawValue) }

    /// The number of a reason.
    static func status(_ alarm: Alarm) -> UInt16 {
        switch alarm.status {
        case .none: 0
        case .read: 1
        case .write: 2
        case .highMajor: 3
        case .high: 4
        case .lowMajor: 5
        case .low: 6
        case .state: 7
        case .communication: 9
        case .timeout: 10
        case .hardware: 11
        case .configuration, .resource: 15
        case .undefined: 17
        @unknown default: 15
        }
    }
}
