// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What the detector itself says about the series that it will take: read back before arming, never assumed.
struct SeriesFacts: Sendable, Equatable {
    var plan: SeriesPlan
    /// With `$id` for the series' number.
    var namePattern: String
    var imagesPerFile: Int
    /// Whether the detector writes files.
    var writesFiles: Bool

    /// The keys to read, in this order.
    static let keys: [SIMPLONKey] = [
        .detector("trigger_mode"), .detector("nimages"), .detector("ntrigger"), .detector("count_time"),
        .detector("frame_time"), .filewriter("mode"), .filewriter("nimages_per_file"), .filewriter("name_pattern"),
    ]

    /// From what was read.
    /// - Throws: ``DeviceError/Code/vendor`` naming what is missing.
    init(_ value: (SIMPLONKey) -> DataValue?, device: String) throws(DeviceError) {
        func number(_ key: SIMPLONKey) throws(DeviceError) -> Double {
            guard let number = value(key)?.double, number.isFinite, number >= 0 else {
                throw DeviceError(.vendor, "\(device) does not say its \(key), so that no series can be planned")
            }
            return number
        }
        guard let mode = value(.detector("trigger_mode"))?.string else {
            throw DeviceError(.vendor, "\(device) does not say its trigger mode, so that no series can be planned")
        }
        plan = SeriesPlan(
            triggerMode: mode, nimages: Int(min(1e15, try number(.detector("nimages")))),
            ntrigger: Int(min(1e15, try number(.detector("ntrigger")))),
            countSeconds: try number(.detector("count_time")), frameSeconds: try number(.detector("frame_time")))
        writesFiles = value(.filewriter("mode"))?.string == "enabled"
        namePattern = value(.filewriter("name_pattern"))?.string ?? ""
        imagesPerFile = Int(min(1e9, value(.filewriter("nimages_per_file"))?.double ?? 0))
    }

    /// Reads them anew.
    static func read(_ keys: KeyService, device: String) async throws -> SeriesFacts {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for key in Self.keys where keys.table.has(key) { group.addTask { try await keys.refresh(key) } }
            try await group.waitForAll()
        }
        return try SeriesFacts(keys.table.value, device: device)
    }
}
