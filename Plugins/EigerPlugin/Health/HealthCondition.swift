// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What can be wrong with a detector and its surroundings beyond a lost connection; each has a way back.
enum HealthCondition: String, CaseIterable, Sendable {
    /// Its service started anew; ends once it is initialized and its settings are restored.
    case restarted = "detector_restarted"
    /// Another detector answers than before; ends with the next `configure`.
    case changed = "detector_changed"
    /// It is in the state `error`; ends with an initialize.
    case error = "detector_error"
    /// Settings differ from those before a restart; ends with the next `configure` that is read back as sent.
    case configuration = "settings_differ"
    /// The detector's memory for files is full; ends when files were fetched or deleted.
    case bufferFull = "buffer_full"
    /// The local disk is full; ends when there is room again.
    case diskFull = "disk_full"
    /// A series left not a single image; ends with the next one that does.
    case noData = "no_data"

    var severity: AlarmSeverity {
        switch self {
        case .restarted, .changed, .error, .bufferFull, .diskFull, .noData: .major
        case .configuration: .minor
        }
    }

    var status: AlarmStatus {
        switch self {
        case .error, .restarted, .changed, .noData: .state
        case .configuration: .configuration
        case .bufferFull, .diskFull: .resource
        }
    }

    var summary: String {
        switch self {
        case .restarted: "Whether the detector's service started anew and is not restored yet"
        case .changed: "Whether another detector answers than before"
        case .error: "Whether the detector is in the state error"
        case .configuration: "Whether settings differ from those before a restart"
        case .bufferFull: "Whether the detector's memory for files is full"
        case .diskFull: "Whether the local disk is full"
        case .noData: "Whether the last series left not a single image"
        }
    }
}
