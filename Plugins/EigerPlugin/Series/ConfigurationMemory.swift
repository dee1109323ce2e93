// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// What the detector was set to, kept over restarts of the detector and of the daemon, so that it can be set so again.
final class ConfigurationMemory: Sendable {
    /// Every configuration value with the detector that had it.
    struct Snapshot: Sendable, Equatable {
        /// Model and serial number.
        var identity: String
        var values: [SIMPLONKey: JSON]

        var json: JSON {
            let pairs = values.map { ($0.key.description, $0.value) }.sorted { $0.0 < $1.0 }
            return .object([("identity", .string(identity)), ("values", .object(pairs))])
        }

        init(identity: String, values: [SIMPLONKey: JSON]) {
            self.identity = identity
            self.values = values
        }

        /// From the run log's database; `nil` for what this version did not write.
        init?(_ json: JSON) {
            guard let identity = json["identity"]?.string, let members = json["values"]?.members else { return nil }
            self.identity = identity
            values = [:]
            for (path, value) in members.prefix(5000) {
                if let key = SIMPLONKey(path: path), key.task == .config { values[key] = value }
            }
        }
    }

    private struct State {
        var snapshot: Snapshot?
        var mustRestore = false
        var isSaved = true
    }

    private let state: Mutex<State>
    private let context: DeviceContext
    private static let storeKey = "configuration"

    /// To be made inside the device's factory: reads what an earlier process kept.
    init(_ context: DeviceContext) {
        self.context = context
        let kept = (try? context.store())?[Self.storeKey]
        state = Mutex(State(snapshot: kept.flatMap(Snapshot.init)))
    }

    /// What is kept; `nil` before the first time.
    var snapshot: Snapshot? { state.withLock { $0.snapshot } }

    /// The detector has lost its settings: the next initialize brings them back.
    func detectorForgot() { state.withLock { $0.mustRestore = $0.snapshot != nil } }

    /// What has to be brought back, asked once.
    func takeRestore() -> Snapshot? {
        state.withLock { state in
            defer { state.mustRestore = false }
            return state.mustRestore ? state.snapshot : nil
        }
    }

    var isRestorePending: Bool { state.withLock { $0.mustRestore } }

    /// Keeps the present settings, unless older ones wait to be restored.
    func keep(_ table: KeyTable) async {
        var values: [SIMPLONKey: JSON] = [:]
        for key in table.presentKeys where key.task == .config { values[key] = table.value(key)?.json }
        guard !values.isEmpty else { return }
        let snapshot = Snapshot(identity: Self.identity(table), values: values)
        let isNew = state.withLock { state in
            guard !state.mustRestore, state.snapshot != snapshot || !state.isSaved else { return false }
            state.snapshot = snapshot
            state.isSaved = false
            return true
        }
        guard isNew else { return }
        do {
            try await context.store().set(Self.storeKey, to: snapshot.json)
            state.withLock { $0.isSaved = true }
        } catch {
            context.logger.warning(
                "The detector's settings could not be noted", ["error": .string(String(describing: error))])
        }
    }

    /// Model and serial number, as far as the detector says them.
    static func identity(_ table: KeyTable) -> String {
        ["description", "detector_number"].map { table.value(.detector($0))?.string ?? "?" }.joined(separator: ", ")
    }
}
