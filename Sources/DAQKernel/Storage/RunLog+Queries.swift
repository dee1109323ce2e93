// Part of daqd
// SPDX-License-Identifier: MIT

/// Which acquisitions are wanted; everything left out means "all".
public struct AcquisitionQuery: Sendable {
    /// Only of this device.
    public var device: String?
    /// Only in these states; empty: any.
    public var states: [AcquisitionState]
    /// Only begun at or after.
    public var since: Timestamp?
    /// Only begun before.
    public var until: Timestamp?
    /// Only with a name that contains this, small and capital ASCII letters alike.
    public var nameContains: String?
    /// The cursor of the page before; `nil`: from the newest.
    public var after: String?
    /// At most so many, 1 to 1000.
    public var limit: Int

    /// All acquisitions, newest first, 100 at a time.
    public init() {
        states = []
        limit = 100
    }
}

/// One page of acquisitions, newest first.
public struct AcquisitionPage: Sendable {
    /// The records.
    public var records: [AcquisitionRecord]
    /// What ``AcquisitionQuery/after`` must be for the next page; `nil` at the end.
    public var next: String?
}

extension RunLog {
    /// The acquisitions that a query asks for, newest first.
    /// - Throws: ``RunLogError``: `illegal` for a cursor that no page gave.
    public func acquisitions(_ query: AcquisitionQuery) async throws -> AcquisitionPage {
        try await read { try $0.page(query) }
    }

    /// One acquisition; `nil` if there is none of that id.
    public func acquisition(_ id: String) async throws -> AcquisitionRecord? {
        try await read { try $0.acquisition(id) }
    }

    /// How many acquisitions a query asks for, whatever its limit and cursor.
    public func count(_ query: AcquisitionQuery) async throws -> Int64 {
        try await read { connection in
            var values: [SQLiteValue] = []
            let condition = SQLiteConnection.condition(query, &values)
            return try connection.first("SELECT count(*) FROM acquisitions\(condition)", values) { $0.integer(0) } ?? 0
        }
    }

    /// A configuration snapshot by its digest; `nil` if there is none.
    public func configuration(_ digest: String) async throws -> JSON? {
        try await read { connection in
            let text = try connection.first("SELECT json FROM configurations WHERE digest = ?1", [.text(digest)]) {
                $0.text(0)
            }
            return try text.map { try JSON(parsing: $0) }
        }
    }

    /// Acquisitions that have not ended, oldest first.
    func openAcquisitions() throws -> [AcquisitionRecord] {
        try readBlocking { connection in
            var records: [AcquisitionRecord] = []
            let columns = SQLiteConnection.columns
            try connection.query(
                """
                SELECT \(columns) FROM acquisitions WHERE state NOT IN ('done', 'aborted', 'failed') ORDER BY sequence
                """
            ) { row throws(RunLogError) in records.append(try connection.record(row)) }
            return records
        }
    }
}

extension SQLiteConnection {
    /// Reads one page; one row more than asked tells whether there is a next.
    func page(_ query: AcquisitionQuery) throws -> AcquisitionPage {
        var values: [SQLiteValue] = []
        var condition = Self.condition(query, &values)
        if let cursor = query.after {
            guard let sequence = Int64(cursor) else {
                throw RunLogError(.illegal, "\(JSON.string(String(cursor.prefix(40))).text) is no cursor of a page")
            }
            values.append(.integer(sequence))
            condition += (condition.isEmpty ? " WHERE " : " AND ") + "sequence < ?\(values.count)"
        }
        let limit = min(max(query.limit, 1), 1000)
        values.append(.integer(Int64(limit + 1)))
        var page = AcquisitionPage(records: [], next: nil)
        var last: Int64 = 0
        // The inner query picks from indexes alone, so that whole rows are read for one page only.
        let chosen = "SELECT sequence FROM acquisitions\(condition) ORDER BY sequence DESC LIMIT ?\(values.count)"
        try self.query(
            "SELECT \(Self.columns) FROM acquisitions WHERE sequence IN (\(chosen)) ORDER BY sequence DESC", values
        ) { row throws(RunLogError) in
            if page.records.count == limit {
                page.next = String(last)
            } else {
                last = row.integer(17)
                page.records.append(try self.record(row))
            }
        }
        return page
    }

    /// The WHERE clause of a query, its cursor apart.
    static func condition(_ query: AcquisitionQuery, _ values: inout [SQLiteValue]) -> String {
        var parts: [String] = []
        func add(_ text: String, _ value: SQLiteValue) {
            values.append(value)
            parts.append("\(text) ?\(values.count)")
        }
        if let device = query.device { add("device =", .text(device)) }
        if let since = query.since { add("began >=", .integer(since.nanoseconds)) }
        if let until = query.until { add("began <", .integer(until.nanoseconds)) }
        if let name = query.nameContains, !name.isEmpty {
            values.append(.text(name))
            parts.append("instr(lower(name), lower(?\(values.count))) > 0")
        }
        let states = Set(query.states)
        if !states.isEmpty {
            // Raw values of our own enumeration, in one order so that the statement stays prepared.
            let words = AcquisitionState.allCases.filter { states.contains($0) }.map { "'\($0.rawValue)'" }
            parts.append("state IN (\(words.joined(separator: ", ")))")
        }
        return parts.isEmpty ? "" : " WHERE " + parts.joined(separator: " AND ")
    }
}
