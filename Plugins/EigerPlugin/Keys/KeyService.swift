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
    private let context: DeviceContext
    private let queue = AsyncLock()
    private let pending = Mutex(0)

    init(client: SIMPLONClient, table: KeyTable, isStale: Parameter<Bool>, context: DeviceContext) {
        self.client = client
        self.table = table
        self.isStale = isStale
        self.context = context
    }

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
    func state() async throws -> String {
        try await refresh(Self.state)?.string ?? ""
    }

    static let state = SIMPLONKey(.detector, .status, "state")

    /// Reads every key that the detector lists, and those that it is known to omit.
    ///
    /// One at a time: the second generation's server does not like more.
    func discover() async throws {
        var found: Set<SIMPLONKey> = []
        for key in try await listedKeys() {
            try Task.checkCancellation()
            do {
                try table.publish(key, try await client.get(key), context)
                found.insert(key)
            } catch let error as DeviceError where error.code == .notFound {
                continue
            } catch let error as DeviceError where error.code == .vendor || error.code == .failed {
                // One strange key must not hide the others.
                found.insert(key)
                table.fail(key, Alarm(.invalid, .read, error.message))
                context.logger.warning(
                    "A key could not be read", ["key": .string(key.description), "error": .string(error.message)])
            }
        }
        table.keepOnly(found, context)
        await remember()
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
            for task in SIMPLONKey.Task.allCases {
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
        if client.version.hasPrefix("1.6") {
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
    func write(_ key: SIMPLONKey, _ value: DataValue) async throws {
        let state = table.value(Self.state)?.string
        if key.module == .detector, state == "acquire" {
            throw DeviceError(.wrongState, "\(context.name) refused \(key): the detector is acquiring")
        }
        try await set(key, value.json)
    }

    /// Sets a key, then reads it and everything that may have followed; one at a time for all callers.
    func set(_ key: SIMPLONKey, _ value: JSON) async throws {
        adjustPending(1)
        defer { adjustPending(-1) }
        try await queue.withLock {
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
