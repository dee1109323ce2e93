// Part of daqd
// SPDX-License-Identifier: MIT

/// How an acquisition's record is stored and read back.
extension SQLiteConnection {
    /// Adds a new acquisition.
    func insert(_ record: AcquisitionRecord) throws {
        try run(
            """
            INSERT INTO acquisitions (id, device, name, state, began, ended, transitions, expected, received, missing,
            duplicates, gaps, first_index, stop, result, verdict, origin, configuration, notes)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
            """,
            values(of: record))
        for artifact in record.artifacts { try save(artifact, of: record.id) }
    }

    /// Writes what can have changed of an acquisition, its artifacts apart.
    func update(_ record: AcquisitionRecord) throws {
        try run(
            """
            UPDATE acquisitions SET device = ?2, name = ?3, state = ?4, began = ?5, ended = ?6, transitions = ?7,
            expected = ?8, received = ?9, missing = ?10, duplicates = ?11, gaps = ?12, first_index = ?13, stop = ?14,
            result = ?15, verdict = ?16, origin = ?17, configuration = ?18, notes = ?19 WHERE id = ?1
            """,
            values(of: record))
        guard changes == 1 else {
            throw RunLogError(.illegal, "acquisition \(record.id) is not in the run log \(path)")
        }
    }

    /// Adds an artifact, or replaces what was known of the same path.
    func save(_ artifact: Artifact, of acquisition: String) throws {
        try run(
            """
            INSERT INTO artifacts (acquisition, path, role, size, sha256, verified, maker)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (acquisition, path) DO UPDATE SET
            role = ?3, size = ?4, sha256 = ?5, verified = ?6, maker = ?7
            """,
            [
                .text(acquisition), .text(artifact.path), .text(artifact.role.name), SQLiteValue(artifact.size),
                SQLiteValue(artifact.sha256?.hex), SQLiteValue(artifact.verified), SQLiteValue(artifact.maker),
            ])
    }

    /// Stores a configuration snapshot once; its digest.
    func save(configuration: JSON) throws -> String {
        let text = configuration.text
        let digest = SHA256.hash(text).hex
        try run("INSERT OR IGNORE INTO configurations (digest, json) VALUES (?1, ?2)", [.text(digest), .text(text)])
        return digest
    }

    /// One acquisition with its artifacts.
    func acquisition(_ id: String) throws -> AcquisitionRecord? {
        let columns = Self.columns
        return try first("SELECT \(columns) FROM acquisitions WHERE id = ?1", [.text(id)]) { row throws(RunLogError) in
            try self.record(row)
        }
    }

    /// Columns that ``record(_:)`` reads, in its order.
    static let columns = """
        id, device, name, state, transitions, expected, received, missing, duplicates, gaps, first_index, stop, result,
        verdict, origin, configuration, notes, sequence
        """

    /// A row of ``columns`` as a record, with its artifacts.
    func record(_ row: SQLiteStatement) throws(RunLogError) -> AcquisitionRecord {
        let id = row.text(0)
        let state = try state(row.text(3), of: id)
        var record = AcquisitionRecord(
            id: id, device: row.text(1), name: row.text(2), state: state, transitions: [],
            frames: FrameCount(
                expected: row.optionalInteger(5), received: row.optionalInteger(6), missing: row.optionalInteger(7),
                duplicates: row.integer(8), gaps: []),
            firstIndex: row.integer(10), stop: nil, result: row.optionalText(12), verdict: nil,
            origin: Self.origin(json(row, 14)), configuration: row.optionalText(15), notes: json(row, 16), artifacts: []
        )
        if !row.isNull(13) { record.verdict = try self.state(row.text(13), of: id) }
        for item in json(row, 4)?.array ?? [] {
            guard let pair = item.array, pair.count == 2, let name = pair[0].string, let time = pair[1].integer else {
                continue
            }
            record.transitions.append(.init(try self.state(name, of: id), at: Timestamp(nanoseconds: time)))
        }
        for item in json(row, 9)?.array ?? [] {
            guard let pair = item.array, pair.count == 2, let low = pair[0].integer, let high = pair[1].integer,
                low < high
            else { continue }
            record.frames.gaps.append(low..<high)
        }
        record.stop = Self.stop(json(row, 11))
        record.artifacts = try artifacts(of: id)
        return record
    }

    /// The artifacts of one acquisition, in the order they were added.
    func artifacts(of acquisition: String) throws(RunLogError) -> [Artifact] {
        var artifacts: [Artifact] = []
        try query(
            "SELECT path, role, size, sha256, verified, maker FROM artifacts WHERE acquisition = ?1 ORDER BY sequence",
            [.text(acquisition)]
        ) { row in
            artifacts.append(
                Artifact(
                    path: row.text(0), role: Artifact.Role(row.text(1)), size: row.optionalInteger(2),
                    sha256: SHA256.Digest(hex: row.text(3)), verified: row.optionalInteger(4).map { $0 != 0 },
                    maker: row.optionalText(5)))
        }
        return artifacts
    }

    private func values(of record: AcquisitionRecord) -> [SQLiteValue] {
        let transitions = JSON.array(
            record.transitions.map { .array([.string($0.state.rawValue), .integer($0.time.nanoseconds)]) })
        let gaps = JSON.array(record.frames.gaps.map { .array([.integer($0.lowerBound), .integer($0.upperBound)]) })
        return [
            .text(record.id), .text(record.device), .text(record.name), .text(record.state.rawValue),
            .integer(record.began.nanoseconds), SQLiteValue(record.ended?.nanoseconds), .text(transitions.text),
            SQLiteValue(record.frames.expected), SQLiteValue(record.frames.received),
            SQLiteValue(record.frames.missing),
            .integer(record.frames.duplicates), .text(gaps.text), .integer(record.firstIndex),
            SQLiteValue(record.stop.map { Self.json($0).text }), SQLiteValue(record.result),
            SQLiteValue(record.verdict?.rawValue), SQLiteValue(record.origin.map { Self.json($0).text }),
            SQLiteValue(record.configuration), SQLiteValue(record.notes?.text),
        ]
    }

    private func state(_ word: String, of id: String) throws(RunLogError) -> AcquisitionState {
        guard let state = AcquisitionState(rawValue: word) else {
            throw RunLogError(.corrupt, "the run log \(path) has the unknown state \(word) at acquisition \(id)")
        }
        return state
    }

    private func json(_ row: SQLiteStatement, _ column: Int32) -> JSON? {
        row.optionalText(column).flatMap { try? JSON(parsing: $0) }
    }

    private static func json(_ origin: Origin) -> JSON {
        .object([
            ("frontend", .string(origin.frontend)), ("user", .string(origin.user)), ("host", .string(origin.host)),
        ])
    }

    private static func origin(_ json: JSON?) -> Origin? {
        guard let frontend = json?["frontend"]?.string else { return nil }
        return Origin(frontend: frontend, user: json?["user"]?.string ?? "", host: json?["host"]?.string ?? "")
    }

    private static func json(_ stop: AcquisitionStop) -> JSON {
        .object([
            ("kind", .string(stop.kind.name)), ("time", .integer(stop.time.nanoseconds)),
            ("origin", stop.origin.map { json($0) } ?? .null),
        ])
    }

    private static func stop(_ json: JSON?) -> AcquisitionStop? {
        guard let kind = json?["kind"]?.string else { return nil }
        return AcquisitionStop(
            .init(name: kind), origin: origin(json?["origin"]),
            time: Timestamp(nanoseconds: json?["time"]?.integer ?? 0))
    }
}
