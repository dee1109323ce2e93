// Part of daqd
// SPDX-License-Identifier: MIT

extension RunLog {
    /// The post-operations of one acquisition, in the order of the chain.
    public func postOperations(of acquisition: String) async throws -> [PostOperationRecord] {
        try await read { try $0.postOperations("WHERE acquisition = ?1 ORDER BY position", [.text(acquisition)]) }
    }

    /// Post-operations in these states, newest first; an empty list: in any.
    public func postOperations(
        in states: [PostOperationState] = [], limit: Int = 100
    ) async throws -> [PostOperationRecord] {
        let words = PostOperationState.allCases.filter { states.contains($0) }.map { "'\($0.rawValue)'" }
        let condition = words.isEmpty ? "" : "WHERE state IN (\(words.joined(separator: ", ")))"
        let rows = Int64(min(max(limit, 1), 1000))
        return try await read {
            try $0.postOperations("\(condition) ORDER BY sequence DESC LIMIT ?1", [.integer(rows)])
        }
    }

    /// The acquisitions with post-operations that are not over, oldest first.
    func acquisitionsWithOpenPostOperations(of device: String? = nil) async throws -> [(id: String, device: String)] {
        try await read { connection in
            var found: [(id: String, device: String)] = []
            try connection.query(
                """
                SELECT acquisition, device, min(sequence) FROM post_operations
                WHERE state NOT IN ('succeeded', 'failed', 'skipped') AND (?1 IS NULL OR device = ?1)
                GROUP BY acquisition ORDER BY min(sequence)
                """, [SQLiteValue(device)]
            ) { found.append(($0.text(0), $0.text(1))) }
            return found
        }
    }
}

extension SQLiteConnection {
    /// Queues a device's chain for one acquisition.
    func insert(_ chain: [PostOperationEntry], of record: AcquisitionRecord) throws -> [PostOperationRecord] {
        var jobs: [PostOperationRecord] = []
        for (position, entry) in chain.enumerated() {
            try run(
                """
                INSERT INTO post_operations (acquisition, device, position, name, waits, state, attempts)
                VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', 0)
                """,
                [
                    .text(record.id), .text(record.device), .integer(Int64(position)), .text(entry.name),
                    SQLiteValue(entry.waits),
                ])
            jobs.append(
                PostOperationRecord(
                    number: lastInserted, acquisition: record.id, device: record.device, position: position,
                    name: entry.name, waits: entry.waits, state: .waiting, attempts: 0))
        }
        return jobs
    }

    /// Writes what can change of a post-operation.
    func update(_ job: PostOperationRecord) throws {
        try run(
            """
            UPDATE post_operations SET state = ?2, attempts = ?3, next_time = ?4, began = ?5, ended = ?6, note = ?7,
            last_error = ?8 WHERE sequence = ?1
            """,
            [
                .integer(job.number), .text(job.state.rawValue), .integer(Int64(job.attempts)),
                SQLiteValue(job.nextTime?.nanoseconds), SQLiteValue(job.began?.nanoseconds),
                SQLiteValue(job.ended?.nanoseconds), SQLiteValue(job.note), SQLiteValue(job.lastError),
            ])
    }

    /// Ends the operations behind a failed one without running them.
    func skipRest(after job: PostOperationRecord, at time: Timestamp) throws -> [PostOperationRecord] {
        let rest = try postOperations(
            "WHERE acquisition = ?1 AND position > ?2 AND state NOT IN ('succeeded', 'failed', 'skipped')",
            [.text(job.acquisition), .integer(Int64(job.position))])
        return try rest.map { open in
            var skipped = open
            skipped.state = .skipped
            skipped.ended = time
            skipped.nextTime = nil
            skipped.note = "not run because \(job.name) failed"
            try update(skipped)
            return skipped
        }
    }

    /// The post-operations that a condition of our own selects.
    func postOperations(_ condition: String, _ values: [SQLiteValue] = []) throws -> [PostOperationRecord] {
        var jobs: [PostOperationRecord] = []
        try query(
            """
            SELECT sequence, acquisition, device, position, name, waits, state, attempts, next_time, began, ended, note,
            last_error FROM post_operations \(condition)
            """, values
        ) { row throws(RunLogError) in
            guard let state = PostOperationState(rawValue: row.text(6)) else {
                let place = "at post-operation \(row.integer(0))"
                throw RunLogError(.corrupt, "the run log \(self.path) has the unknown state \(row.text(6)) \(place)")
            }
            func time(_ column: Int32) -> Timestamp? {
                row.optionalInteger(column).map { Timestamp(nanoseconds: $0) }
            }
            jobs.append(
                PostOperationRecord(
                    number: row.integer(0), acquisition: row.text(1), device: row.text(2),
                    position: Int(row.integer(3)), name: row.text(4), waits: row.integer(5) != 0, state: state,
                    attempts: Int(row.integer(7)), nextTime: time(8), began: time(9), ended: time(10),
                    note: row.optionalText(11), lastError: row.optionalText(12)))
        }
        return jobs
    }
}
