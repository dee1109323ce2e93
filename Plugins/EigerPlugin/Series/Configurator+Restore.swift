// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

extension Configurator {
    /// A setting that is not what it was.
    struct Difference: Sendable, Equatable {
        var key: SIMPLONKey
        var before: JSON
        /// `null` when the key is gone.
        var now: JSON
        /// What the detector said when it was to be set back; `nil` when it was not asked.
        var refusal: String?

        var text: String { "\(key): \(before.text) before, \(now.text) now" + (refusal.map { " (\($0))" } ?? "") }
    }

    /// Keys whose values change by themselves.
    private static let volatile: Set<String> = ["data_collection_date", "series_unique_id"]

    /// Sets the detector to what it was before it forgot, reads back, and reports every difference.
    func restore(_ snapshot: ConfigurationMemory.Snapshot) async throws {
        let table = keys.table
        let identity = ConfigurationMemory.identity(table)
        guard identity == snapshot.identity else {
            return health.raise(
                .changed,
                "another detector answers: \(identity); it was \(snapshot.identity). Its settings are its own; configure it anew"
            )
        }
        context.logger.notice(
            "The settings of before the restart are sent again", ["keys": .integer(Int64(snapshot.values.count))])
        var refusals: [SIMPLONKey: String] = [:]
        for isFirst in [true, false] {
            for step in steps(of: snapshot) {
                try Task.checkCancellation()
                do {
                    // The energy is always sent: right after an initialize its readback is not to be trusted.
                    let isEnergy = isFirst && step.key == .detector("photon_energy")
                    if try await send(step, always: isEnergy) { refusals[step.key] = nil }
                } catch let error as DeviceError where error.code == .vendor || error.code == .notFound {
                    refusals[step.key] = error.vendorText ?? error.message
                }
            }
        }
        report(differences(from: snapshot, refusals))
        health.clear(.restarted)
        remember()
        await memory.keep(table)
    }

    /// What has to be sent, in order.
    private func steps(of snapshot: ConfigurationMemory.Snapshot) -> [ConfigurationPlan.Step] {
        let table = keys.table
        return snapshot.values.compactMap { key, value in
            guard table.has(key), table.metadata(key)?.access == .readWrite, value != .null,
                !ConfigurationOrder.isDerived(key, knows: table.has)
            else { return nil }
            return ConfigurationPlan.Step(key, value, tolerance: settings.tolerance(of: key))
        }
        .sorted {
            let ranks = (ConfigurationOrder.rank($0.key), ConfigurationOrder.rank($1.key))
            return ranks.0 == ranks.1 ? $0.key.description < $1.key.description : ranks.0 < ranks.1
        }
    }

    /// Every key that is not what it was, those that cannot be set included.
    func differences(
        from snapshot: ConfigurationMemory.Snapshot, _ refusals: [SIMPLONKey: String] = [:]
    ) -> [Difference] {
        snapshot.values.compactMap { key, value in
            guard !Self.volatile.contains(key.name) else { return nil }
            let step = ConfigurationPlan.Step(key, value, tolerance: settings.tolerance(of: key))
            let now = keys.table.value(key)
            guard !step.isSatisfied(by: now), value != now?.json ?? .null else { return nil }
            return Difference(key: key, before: value, now: now?.json ?? .null, refusal: refusals[key])
        }
        .sorted { $0.key.description < $1.key.description }
    }

    /// Tells every difference in the log, and the first ones in the alarm.
    func report(_ differences: [Difference]) {
        for difference in differences {
            context.logger.warning(
                "A setting differs from before the restart",
                [
                    "key": .string(difference.key.description), "before": difference.before, "now": difference.now,
                    "refusal": difference.refusal.map { .string($0) } ?? .null,
                ])
        }
        guard !differences.isEmpty else { return health.clear(.configuration) }
        let list = differences.prefix(5).map(\.text).joined(separator: "; ")
        health.raise(
            .configuration,
            "\(differences.count) settings differ from before the restart: \(list)\(differences.count > 5 ? " …" : "")")
    }
}
