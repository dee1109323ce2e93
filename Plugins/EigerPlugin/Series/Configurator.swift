// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Brings the detector to what a series wants, key by key, and proves it by reading back.
final class Configurator: Sendable {
    private let keys: KeyService
    private let context: DeviceContext
    private let settings: EigerSettings
    /// After an initialize every value is sent, also those that seem to be right.
    private let mustSendAll = Mutex(true)

    init(keys: KeyService, context: DeviceContext, settings: EigerSettings) {
        self.keys = keys
        self.context = context
        self.settings = settings
    }

    /// Nothing that was sent before holds any more.
    func forget() { mustSendAll.withLock { $0 = true } }

    /// Configures the detector.
    /// - Returns: The plan that holds now, with the detector's own readout time.
    func configure(_ wish: SeriesWish, progress: Progress?) async throws -> SeriesPlan {
        try check(wish)
        let table = keys.table
        let sendsAll = mustSendAll.withLock { $0 }
        var plan = SeriesPlan(wish, readoutSeconds: readout)
        let steps = ConfigurationPlan(
            wish, plan, currentFrameSeconds: table.value(.detector("frame_time"))?.double,
            energyEpsilon: settings.energyEpsilon, writesFiles: settings.retrieve == .filewriter, knows: table.has
        ).steps
        for (index, step) in steps.enumerated() {
            progress?.report(0.1 * Double(index) / Double(max(1, steps.count)), "Setting \(step.key)")
            try await send(step, always: sendsAll)
        }
        // The threshold may have changed the readout time, and the times may have pushed each other.
        plan = SeriesPlan(wish, readoutSeconds: readout)
        let final = ConfigurationPlan(
            wish, plan, currentFrameSeconds: table.value(.detector("frame_time"))?.double,
            energyEpsilon: settings.energyEpsilon, writesFiles: settings.retrieve == .filewriter, knows: table.has
        ).steps.filter { !isTransient($0, plan) }
        for step in final { try await send(step, always: false) }
        for step in final where !step.isSatisfied(by: table.value(step.key)) {
            context.logger.warning(
                "The detector made something else of a setting",
                [
                    "key": .string(step.key.description), "asked": step.value,
                    "got": table.value(step.key)?.json ?? .null,
                ])
        }
        mustSendAll.withLock { $0 = false }
        return plan
    }

    private var readout: Double { keys.table.value(.detector("detector_readout_time"))?.double ?? 0 }

    /// The image count that only prepares a change of mode.
    private func isTransient(_ step: ConfigurationPlan.Step, _ plan: SeriesPlan) -> Bool {
        step.key == .detector("nimages") && step.value.integer != Int64(plan.nimages)
    }

    private func send(_ step: ConfigurationPlan.Step, always: Bool) async throws {
        guard always || !step.isSatisfied(by: keys.table.value(step.key)) else { return }
        try refuseOutOfRange(step)
        try await keys.set(step.key, step.value)
    }

    /// Refuses before anything is sent what the detector says it would refuse.
    private func refuseOutOfRange(_ step: ConfigurationPlan.Step) throws {
        guard let metadata = keys.table.metadata(step.key) else { return }
        if let limits = metadata.limits, let number = step.value.double, !limits.contains(number) {
            let unit = metadata.unit.isEmpty ? "" : " \(metadata.unit)"
            throw DeviceError(
                .outOfRange,
                "\(context.name) refused \(step.key.name) \(number)\(unit); it accepts \(limits.lowerBound) to \(limits.upperBound)\(unit)"
            )
        }
        if !metadata.choices.isEmpty, let text = step.value.string, !metadata.choices.contains(text) {
            throw DeviceError(
                .unknownChoice,
                "\(context.name) refused \(step.key.name) \(text); it accepts \(metadata.choices.joined(separator: ", "))"
            )
        }
    }

    private func check(_ wish: SeriesWish) throws {
        guard wish.exposureSeconds > 0, wish.exposureSeconds.isFinite, wish.frameSeconds > 0, wish.frameSeconds.isFinite
        else {
            throw DeviceError(
                .outOfRange,
                "\(context.name) refused an exposure of \(wish.exposureSeconds) s in frames of \(wish.frameSeconds) s; both must be above 0 s"
            )
        }
        if let objection = FilePrefix.objection(wish.filePrefix) {
            throw DeviceError(
                .outOfRange, "\(context.name) refused the file prefix “\(wish.filePrefix)”: it \(objection)")
        }
    }
}
