// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Keeps the parameters true: discovers keys, reads them, and writes them on behalf of clients and series.
final class KeyService: Sendable {
    let client: SIMPLONClient
    let table: KeyTable
    /// Whether re-reads after a write are pending.
    let isStale: Parameter<Bool>
    let commands = CommandLists()
    private let context: DeviceContext
    private let settings: EigerSettings
    private let queue = WriteQueue()
    private let pending = Mutex(0)
    private let clients = Mutex(ClientWrites())

    /// What clients have set, beside what the plugin itself sets.
    private struct ClientWrites {
        /// The last value of each key.
        var wanted: [SIMPLONKey: JSON] = [:]
        /// What was set without a pause in between.
        var burst: [SIMPLONKey: JSON] = [:]
    }

    init(
        client: SIMPLONClient, table: KeyTable, isStale: Parameter<Bool>, context: DeviceContext,
        settings: EigerSettings
    ) {
        self.client = client
        self.table = table
        self.isStale = isStale
        self.context = context
        self.settings = settings
    }

    /// The last value that a client has set, by key.
    var wanted: [SIMPLONKey: JSON] { clients.withLock { $0.wanted } }

    // MARK: - Reading

    /// Reads one key and publishes it.
    @discardableResult
    func refresh(_ key: SIMPLONKey) async throws -> DataValue? {
        do {
            try table.publish(key, try await client.get(key), context)
        } catch let error as DeviceError {
            if error.code != .cancelled { table.fail(key, Alarm(.invalid, .read, error.message)) }
            throw error
        }
        return table.value(key)
    }

    /// The detector's state; published too.
    ///
    /// Asked once more where the first reply was bad: a series must not fail for one, and asking changes nothing.
    func state() async throws -> String {
        do {
            return try await refresh(Self.state)?.string ?? ""
        } catch let error as DeviceError where ![.cancelled, .disconnected, .timeout].contains(error.code) {
            return try await refresh(Self.state)?.string ?? ""
        }
    }

    static let state = SIMPLONKey(.detector, .status, "state")

    /// Reads every key and every command that the detector lists, and those that it is known to omit.
    func discover() async throws {
        await commands.read(client)
        let listed = try await listedKeys()
        var found: Set<SIMPLONKey> = []
        try await withThrowingTaskGroup(of: SIMPLONKey?.self) { group in
            for (index, key) in listed.enumerated() {
                if index >= settings.parallelReads, let next = try await group.next(), let known = next {
                    found.insert(known)
                }
                group.addTask { try await self.exists(key) ? key : nil }
            }
            for try await key in group { if let key { found.insert(key) } }
        }
        table.keepOnly(found, context)
        await remember()
    }

    /// Reads a key; whether the detector has it, however strangely it answers.
    private func exists(_ key: SIMPLONKey) async throws -> Bool {
        try Task.checkCancellation()
        do {
            try table.publish(key, try await client.get(key), context)
            return true
        } catch let error as DeviceError where error.code == .notFound {
            return false
        } catch let error as DeviceError where error.code == .vendor || error.code == .failed {
            // One strange key must not hide the others.
            table.fail(key, Alarm(.invalid, .read, error.message))
            context.logger.warning(
                "A key could not be read", ["key": .string(key.description), "error": .string(error.message)])
            return true
        }
    }

    /// Notes the keys, so that their parameters exist after a restart of the daemon before the detector answers.
    private func remember() async {
        let memory = table.memory
        do {
            let store = try context.store()
            guard store[Self.memoryKey] != memory else { return }
            try await store.set(Self.memoryKey, to: memory)
        } catch {
            context.logger.warning(
                "The detector's keys could not be noted", ["error": .string(String(describing: error))])
        }
    }

    private static let memoryKey = "keys"

    /// The keys that were noted; `null` when there are none.
    static func memory(_ context: DeviceContext) -> JSON {
        ((try? context.store())?[memoryKey]) ?? .null
    }

    private func listedKeys() async throws -> [SIMPLONKey] {
        var keys: [SIMPLONKey] = []
        for module in SIMPLONKey.Module.allCases {
            for task in module.tasks {
                var names: [String]
                do {
                    names = try await client.keys(module, task)
                } catch let error as DeviceError where error.code == .notFound || error.code == .vendor {
                    // A detector without this module or without lists: what is declared is tried one by one.
                    names = KeyCatalog.declarations.map(\.key).filter { $0.module == module && $0.task == task }.map(
                        \.name)
                }
                names += KeyCatalog.omissions(module, task)
                var seen: Set<String> = []
                for name in names.prefix(5000) where SIMPLONKey.isName(name) && !KeyCatalog.isLarge(name) {
                    if seen.insert(name).inserted { keys.append(SIMPLONKey(module, task, name)) }
                }
            }
        }
        return keys
    }

    /// Reads the slow status values; one that the detector refuses carries the alarm itself.
    /// - Throws: When the detector does not answer at all.
    func refreshSlow() async throws {
        // Where the detector has this command, its status is only as new as the last one.
        if commands.lists("status_update", of: .detector) {
            _ = try? await client.command("status_update", within: client.limits.read)
        }
        for key in table.presentKeys where KeyCatalog.isPolled(key) {
            try Task.checkCancellation()
            do {
                try await refresh(key)
            } catch let error as DeviceError where error.code == .timeout || error.code == .disconnected {
                throw error
            } catch {
                continue
            }
        }
    }

    /// Reads every key of a module, as far as that succeeds.
    func refresh(module: SIMPLONKey.Module) async {
        for key in table.presentKeys where key.module == module && !Task.isCancelled { _ = try? await refresh(key) }
    }

    /// Reads what may be asked during a series.
    func refreshWhileAcquiring() async {
        for key in KeyCatalog.polledWhileAcquiring where table.has(key) {
            do {
                try await refresh(key)
            } catch let error as DeviceError where error.code == .timeout || error.code == .disconnected {
                return
            } catch {
                continue
            }
        }
    }

    // MARK: - Writing

    /// Sets a key for a client, reads back what changed, and publishes it.
    ///
    /// Of several clients' writes at once the detector gets them in the order that it needs; what one of them overwrote of another's
    /// by a coupling is sent once more when the last one is through.
    func write(_ key: SIMPLONKey, _ value: DataValue) async throws {
        let state = table.value(Self.state)?.string
        if key.module == .detector, state == "acquire" {
            throw DeviceError(.wrongState, "\(context.name) refused \(key): the detector is acquiring")
        }
        let json = value.json
        if isWithinEpsilon(key, json) { return }
        do {
            try await set(key, json)
        } catch let error as DeviceError where error.code == .vendor && !queue.isEmpty {
            // Another client's setting that waits behind this one may be what the detector misses.
            try await set(key, json, isLast: true)
        }
        let burst = clients.withLock { clients in
            clients.wanted[key] = json
            clients.burst[key] = json
            return clients.burst
        }
        guard queue.isEmpty else { return }
        clients.withLock { $0.burst = [:] }
        if burst.count > 1 { try await settle(burst) }
    }

    /// Whether a change is too small to be worth the seconds that the detector would calculate.
    private func isWithinEpsilon(_ key: SIMPLONKey, _ value: JSON) -> Bool {
        let epsilon = settings.tolerance(of: key)
        guard epsilon > 0, wanted[key] != nil, let wanted = value.double, let now = table.value(key)?.double else {
            return false
        }
        return abs(wanted - now) <= epsilon
    }

    private func settle(_ burst: [SIMPLONKey: JSON]) async throws {
        // A count time that the detector lowered by its readout time is not overwritten: it cannot be otherwise.
        let slack = 2 * (table.value(.detector("detector_readout_time"))?.double ?? 0)
        for (key, value) in burst.sorted(by: { ConfigurationOrder.rank($0.key) < ConfigurationOrder.rank($1.key) }) {
            let isTime = key == .detector("count_time") || key == .detector("frame_time")
            let tolerance = isTime ? slack : settings.tolerance(of: key)
            let step = ConfigurationPlan.Step(key, value, tolerance: tolerance)
            if !step.isSatisfied(by: table.value(key)) { try await set(key, value) }
        }
    }

    /// Sets a key, then reads it and everything that may have followed; one at a time for all callers.
    /// - Parameter isLast: Whether everybody else who waits goes first.
    func set(_ key: SIMPLONKey, _ value: JSON, isLast: Bool = false) async throws {
        adjustPending(1)
        defer { adjustPending(-1) }
        try await queue.withTurn(rank: isLast ? .max : ConfigurationOrder.rank(key, value)) {
            let changes = try await self.client.put(key, value)
            for changed in SIMPLONDependents.refresh(after: key, changes: changes, known: self.table.has) {
                do {
                    try await self.refresh(changed)
                } catch let error as DeviceError where changed != key && error.code == .notFound {
                    continue
                }
            }
        }
    }

    /// Forgets what clients have set: another detector, whose settings are its own.
    func forgetClients() { clients.withLock { $0 = ClientWrites() } }

    private func adjustPending(_ step: Int) {
        let (before, after) = pending.withLock { pending in
            let before = pending
            pending += step
            return (before, pending)
        }
        if (before == 0) != (after == 0) { isStale.publish(after != 0) }
    }

    /// Waits until no re-read is pending.
    func untilClean(within limit: Duration) async throws {
        let end = ContinuousClock.now.advanced(by: limit)
        while pending.withLock({ $0 }) > 0 {
            guard ContinuousClock.now < end else {
                throw DeviceError(.busy, "\(context.name) is not armed: settings are still being read back")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
