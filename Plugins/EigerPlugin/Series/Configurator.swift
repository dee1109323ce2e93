// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Brings the detector to what a series wants, key by key, and proves it by reading back.
final class Configurator: Sendable {
    let keys: KeyService
    let context: DeviceContext
    let settings: EigerSettings
    let memory: ConfigurationMemory
    let health: HealthMonitor
    /// After an initialize every value is sent, also those that seem to be right.
    private let mustSendAll = Mutex(true)

    init(
        keys: KeyService, context: DeviceContext, settings: EigerSettings, memory: ConfigurationMemory,
        health: HealthMonitor
    ) {
        self.keys = keys
        self.context = context
        self.settings = settings
        self.memory = memory
        self.health = health
    }

    /// Nothing that was sent before holds any more.
    func forget() { mustSendAll.withLock { $0 = true } }

    /// Everything that was sent before is sent and read back again.
    func remember() { mustSendAll.withLock { $0 = false } }

    /// Configures the detector.
    /// - Returns: The plan that holds now, with the detector's own readout time.
    @discardableResult
    func configure(_ wish: SeriesWish, progress: Progress?) async throws -> SeriesPlan {
        try check(wish)
        let sendsAll = mustSendAll.withLock { $0 }
        var plan = SeriesPlan(wish, readoutSeconds: readout)
        var first = self.plan(wish, plan)
        if sendsAll { first.insert(clientSteps) }
        try refuseOutOfRange(first)
        var energyWasSent = false
        for (index, step) in first.steps.enumerated() {
            progress?.report(0.1 * Double(index) / Double(max(1, first.steps.count)), "Setting \(step.key)")
            // The energy moves the thresholds, also those that it does not name.
            let isMoved = energyWasSent && step.key.name.hasPrefix("threshold")
            let wasSent = try await send(step, always: sendsAll || isMoved)
            if step.key == .detector("photon_energy"), wasSent {
                energyWasSent = true
                for threshold in clientSteps where threshold.key.name.hasPrefix("threshold/") {
                    if !first.steps.contains(where: { $0.key == threshold.key }) {
                        try await send(threshold, always: true)
                    }
                }
            }
        }
        // The threshold may have changed the readout time, and the times may have pushed each other.
        plan = SeriesPlan(wish, readoutSeconds: readout)
        let final = self.plan(wish, plan).steps.filter { !isTransient($0, plan) }
        for step in final { try await send(step, always: false) }
        report(final.filter { !$0.isSatisfied(by: keys.table.value($0.key)) })
        mustSendAll.withLock { $0 = false }
        health.clear(.changed)
        await memory.keep(keys.table)
        return plan
    }

    private func plan(_ wish: SeriesWish, _ plan: SeriesPlan) -> ConfigurationPlan {
        ConfigurationPlan(
            wish, plan, currentFrameSeconds: keys.table.value(.detector("frame_time"))?.double,
            energyEpsilon: settings.energyEpsilon, writesFiles: settings.retrieve == .filewriter, knows: keys.table.has)
    }

    /// What clients have set beside the wish.
    private var clientSteps: [ConfigurationPlan.Step] {
        keys.wanted.filter { keys.table.has($0.key) && !ConfigurationOrder.isDerived($0.key, knows: keys.table.has) }
            .map { ConfigurationPlan.Step($0.key, $0.value, tolerance: settings.tolerance(of: $0.key)) }
    }

    private func report(_ differing: [ConfigurationPlan.Step]) {
        for step in differing {
            context.logger.warning(
                "The detector made something else of a setting",
                [
                    "key": .string(step.key.description), "asked": step.value,
                    "got": keys.table.value(step.key)?.json ?? .null,
                ])
        }
        guard !differing.isEmpty else { return health.clear(.configuration) }
        let list = differing.prefix(5).map { step in
            "\(step.key): asked \(step.value.text), got \(keys.table.value(step.key)?.json.text ?? "nothing")"
        }
        health.raise(
            .configuration,
            "the detector made something else of \(differing.count) settings: \(list.joined(separator: "; "))")
    }

    private var readout: Double { keys.table.value(.detector("detector_readout_time"))?.double ?? 0 }

    /// The image count that only prepares a change of mode.
    private func isTransient(_ step: ConfigurationPlan.Step, _ plan: SeriesPlan) -> Bool {
        step.key == .detector("nimages") && step.value.integer != Int64(plan.nimages)
    }

    /// Whether it had to be sent.
    @discardableResult
    func send(_ step: ConfigurationPlan.Step, always: Bool) async throws -> Bool {
        guard always || !step.isSatisfied(by: keys.table.value(step.key)) else { return false }
        try await keys.set(step.key, step.value)
        return true
    }

    /// Refuses before anything is sent what the detector says it would refuse.
    ///
    /// Not where the region changes, for the limits change with it: then the detector itself judges.
    private func refuseOutOfRange(_ plan: ConfigurationPlan) throws(DeviceError) {
        let region = SIMPLONKey.detector("roi_mode")
        if let step = plan.steps.first(where: { $0.key == region }), !step.isSatisfied(by: keys.table.value(region)) {
            return
        }
        for step in plan.steps {
            guard let metadata = keys.table.metadata(step.key) else { continue }
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
    }

    private func check(_ wish: SeriesWish) throws(DeviceError) {
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
