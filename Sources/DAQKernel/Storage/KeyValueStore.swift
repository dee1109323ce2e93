// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// What one component remembers over restarts: keys and JSON values in the run log.
///
/// Reading comes from memory and never waits, so a device may read while it is made. A change is on the disk when its call returns.
public final class KeyValueStore: Sendable {
    /// The component's name; stores of different components do not see each other.
    public let component: String
    private let log: RunLog
    private let values: Mutex<[String: JSON]>

    init(component: String, log: RunLog) throws {
        self.component = component
        self.log = log
        let pairs = try log.readBlocking { connection in
            var pairs: [(String, JSON)] = []
            try connection.query("SELECT key, value FROM key_values WHERE component = ?1", [.text(component)]) { row in
                if let value = try? JSON(parsing: row.text(1)) { pairs.append((row.text(0), value)) }
            }
            return pairs
        }
        values = Mutex(Dictionary(pairs) { $1 })
    }

    /// The value of a key; `nil` if there is none.
    public subscript(key: String) -> JSON? { values.withLock { $0[key] } }

    /// All keys, sorted.
    public var keys: [String] { values.withLock { $0.keys.sorted() } }

    /// Stores a value; `nil` removes the key.
    /// - Throws: ``RunLogError``; then nothing has changed.
    public func set(_ key: String, to value: JSON?) async throws { try await update([(key, value)]) }

    /// Stores and removes several keys, all or none.
    /// - Throws: ``RunLogError``; then nothing has changed.
    public func update(_ changes: [(key: String, value: JSON?)]) async throws {
        let component = component
        try await log.write { connection in
            for (key, value) in changes {
                let place: [SQLiteValue] = [.text(component), .text(key)]
                if let value {
                    try connection.run(
                        """
                        INSERT INTO key_values (component, key, value) VALUES (?1, ?2, ?3)
                        ON CONFLICT (component, key) DO UPDATE SET value = ?3
                        """, place + [.text(value.text)])
                } else {
                    try connection.run("DELETE FROM key_values WHERE component = ?1 AND key = ?2", place)
                }
            }
        } then: {
            self.values.withLock { values in for (key, value) in changes { values[key] = value } }
        }
    }
}

extension RunLog {
    /// The store of a component, the same object each time; blocks the calling thread when it is first asked for.
    public func store(for component: String) throws -> KeyValueStore {
        try stores.withLock { stores in
            if let store = stores[component] { return store }
            let store = try KeyValueStore(component: component, log: self)
            stores[component] = store
            return store
        }
    }
}
