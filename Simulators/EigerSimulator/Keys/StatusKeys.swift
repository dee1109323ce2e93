// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// One status value of a subsystem, without the value itself.
struct StatusKey: Sendable {
    var name: String
    var type: KeyType
    var unit = ""
    var criticalLimits: [Double?] = [nil, nil]
    var criticalValues: [String] = []
    /// Keys of a real unit that answer but are missing in its `keys` list.
    var isListed = true
    /// In which trees of the API the key exists.
    var versions: Set<APIVersion> = [.v16, .v18]

    /// What a GET answers.
    func envelope(_ value: JSON, time: String) -> JSON {
        .object([
            ("critical_limits", .array(criticalLimits.map { $0.map(JSON.number) ?? .null })),
            ("critical_values", .array(criticalValues.map(JSON.string))),
            ("state", .string(isCritical(value) ? "critical" : "normal")), ("time", .string(time)),
            ("unit", .string(unit)), ("value", value), ("value_type", .string(type.rawValue)),
        ])
    }

    /// Whether the detector marks this value as alarming.
    func isCritical(_ value: JSON) -> Bool {
        if let text = value.string { return criticalValues.contains(text) }
        guard let number = value.double, criticalLimits.count == 2 else { return false }
        if let low = criticalLimits[0], number < low { return true }
        if let high = criticalLimits[1], number > high { return true }
        return false
    }
}

extension Subsystem {
    /// Its status keys, in alphabetical order.
    var status: [StatusKey] {
        switch self {
        case .detector:
            [
                StatusKey(name: "board_000/th0_humidity", type: .float, unit: "%", criticalLimits: [0, 35]),
                StatusKey(name: "board_000/th0_temp", type: .float, unit: "C", criticalLimits: [15, 37.5]),
                StatusKey(name: "builder/dcu_buffer_free", type: .float, unit: "%", criticalLimits: [2, nil]),
                StatusKey(name: "error", type: .string, isListed: false),
                StatusKey(name: "high_voltage/state", type: .string, versions: [.v18]),
                StatusKey(name: "humidity", type: .float, unit: "%", criticalLimits: [0, 35], versions: [.v18]),
                StatusKey(name: "link_0", type: .string, criticalValues: ["down"]),
                StatusKey(name: "link_1", type: .string, criticalValues: ["down"]),
                StatusKey(name: "series_unique_id", type: .string, versions: [.v18]),
                StatusKey(name: "state", type: .string, criticalValues: ["na", "error"]),
                StatusKey(name: "temperature", type: .float, unit: "C", criticalLimits: [15, 37.5], versions: [.v18]),
                StatusKey(name: "time", type: .date),
            ]
        case .filewriter:
            [
                StatusKey(name: "buffer_free", type: .uint), StatusKey(name: "error", type: .strings),
                StatusKey(name: "files", type: .strings, versions: [.v18]),
                StatusKey(name: "state", type: .string, criticalValues: ["error"]),
                StatusKey(name: "time", type: .date, versions: [.v16]),
            ]
        case .monitor:
            [
                StatusKey(name: "buffer_fill_level", type: .uints),
                StatusKey(name: "buffer_free", type: .uint, versions: [.v18]),
                StatusKey(name: "dropped", type: .uint), StatusKey(name: "error", type: .strings),
                StatusKey(name: "monitor_image_number", type: .uints, versions: [.v16]),
                StatusKey(name: "next_image_number", type: .uints, versions: [.v16]),
                StatusKey(name: "state", type: .string, criticalValues: ["overflow"]),
            ]
        case .stream:
            [
                StatusKey(name: "dropped", type: .uint), StatusKey(name: "error", type: .strings, isListed: false),
                StatusKey(name: "state", type: .string, criticalValues: ["error"]),
            ]
        case .system: []
        }
    }
}
