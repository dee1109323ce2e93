// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Shows faults: one alarm each, raised once, told once in the log, and taken back when the fault is over.
final class HealthMonitor: Sendable {
    private let parameters: [HealthCondition: Parameter<Bool>]
    private let summary = Parameter(
        "health/summary", "What is wrong, in one sentence; empty when nothing is", access: .read, initial: "")
    private let raised = Mutex<[HealthCondition: String]>([:])
    private let recoveryIsDue = Mutex(false)
    private let space = Mutex((mostBuffer: Int64(0), neededDisk: Int64(0)))
    private let logger: Logger

    /// To be made inside the device's factory.
    init(logger: Logger) {
        self.logger = logger
        parameters = Dictionary(
            uniqueKeysWithValues: HealthCondition.allCases.map { condition in
                let parameter = Parameter(
                    "health/\(condition.rawValue)", condition.summary, access: .read, initial: false)
                return (condition, parameter)
            })
    }

    /// Whether a fault is present.
    func has(_ condition: HealthCondition) -> Bool { raised.withLock { $0[condition] != nil } }

    /// A fault is present; told once, however often it is seen.
    func raise(_ condition: HealthCondition, _ message: String) {
        let before = raised.withLock { raised in
            defer { raised[condition] = message }
            return raised[condition]
        }
        guard before != message else { return }
        let alarm = Alarm(condition.severity, condition.status, message)
        parameters[condition]?.publish(true, alarm: alarm, at: .now())
        publishSummary()
        if before == nil {
            logger.error("Alarm", ["alarm": .string(condition.rawValue), "reason": .string(message)])
        }
    }

    /// A fault is over.
    func clear(_ condition: HealthCondition) {
        guard raised.withLock({ $0.removeValue(forKey: condition) }) != nil else { return }
        parameters[condition]?.publish(false)
        publishSummary()
        logger.notice("Alarm over", ["alarm": .string(condition.rawValue)])
    }

    private func publishSummary() {
        let all = raised.withLock { raised in
            HealthCondition.allCases.compactMap { condition in raised[condition].map { (condition, $0) } }
        }
        var worst = Alarm.none
        for (condition, message) in all {
            worst = worst.merged(with: Alarm(condition.severity, condition.status, message))
        }
        summary.publish(all.map(\.1).joined(separator: "; "), alarm: worst, at: .now())
    }

    // MARK: - Judging

    /// Takes in how much memory is free on the detector; the most that was ever free.
    func noteBuffer(_ free: Int64) -> Int64 {
        space.withLock { space in
            space.mostBuffer = max(space.mostBuffer, free)
            return space.mostBuffer
        }
    }

    /// What the series needs for which there was no room on the local disk.
    var neededDiskBytes: Int64 { space.withLock { $0.neededDisk } }

    /// A series, or one of its files, found no room on the local disk.
    func diskIsFull(_ message: String, needed: Int64) {
        space.withLock { $0.neededDisk = needed }
        raise(.diskFull, message)
    }

    /// Looks at what a series left.
    func seriesEnded(_ record: AcquisitionRecord) {
        let hasData = record.artifacts.contains { $0.role != .master } || (record.frames.received ?? 0) > 0
        if hasData { return clear(.noData) }
        let wasArmed = record.transitions.contains { $0.state == .acquiring }
        guard wasArmed, record.stop == nil, record.state == .failed else { return }
        raise(
            .noData,
            "the series \(record.id) left not a single image; if that happens again, restart the detector's service and initialize it"
        )
        recoveryIsDue.withLock { $0 = true }
    }

    /// Whether a series without data has ended since this was asked last.
    func takeRecovery() -> Bool {
        recoveryIsDue.withLock { isDue in
            defer { isDue = false }
            return isDue
        }
    }
}
