// Part of daqd
// SPDX-License-Identifier: MIT
internal import CSQLite

/// A value that SQLite stores.
enum SQLiteValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)

    init(_ value: Int64?) { self = value.map { .integer($0) } ?? .null }
    init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    init(_ value: Bool) { self = .integer(value ? 1 : 0) }
    init(_ value: Bool?) { self = value.map { .integer($0 ? 1 : 0) } ?? .null }
}

/// One connection to one database, used by one thread.
@safe
final class SQLiteConnection {
    enum Mode { case readWrite, readOnly, immutable }

    let path: String
    private let handle: OpaquePointer
    private var statements: [String: SQLiteStatement] = [:]

    /// Opens a database; in mode `readWrite` makes it when it is missing.
    init(path: String, mode: Mode) throws(RunLogError) {
        var handle: OpaquePointer?
        let flags =
            switch mode {
            case .readWrite: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readOnly: SQLITE_OPEN_READONLY
            case .immutable: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            }
        let name = mode == .immutable ? "file:" + Self.escaped(path) + "?immutable=1" : path
        let status = unsafe sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard let opened = unsafe handle else {
            throw RunLogError(.access, "cannot open the run log \(path): out of memory", sqliteCode: status)
        }
        unsafe self.handle = opened
        self.path = path
        _ = unsafe sqlite3_extended_result_codes(opened, 1)
        if status != SQLITE_OK { throw error(status, "open") }
        _ = unsafe sqlite3_busy_timeout(opened, 5000)
    }

    deinit {
        statements.removeAll()
        _ = unsafe sqlite3_close_v2(handle)
    }

    /// Runs one or more statements without values.
    func execute(_ sql: String) throws(RunLogError) {
        let status = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        if status != SQLITE_OK { throw error(status, "run \(Self.head(sql)) on") }
    }

    /// Runs one statement that gives no rows; the statement stays prepared.
    func run(_ sql: String, _ values: [SQLiteValue] = []) throws(RunLogError) {
        try query(sql, values) { _ in }
    }

    /// Runs one statement and hands over each row; the statement stays prepared.
    func query(_ sql: String, _ values: [SQLiteValue] = [], _ row: (SQLiteStatement) throws(RunLogError) -> Void)
        throws(RunLogError)
    {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values, self)
        while try statement.step(self) { try row(statement) }
    }

    /// The first row's value, made by the closure; `nil` without a row.
    func first<Value>(
        _ sql: String, _ values: [SQLiteValue] = [], _ make: (SQLiteStatement) throws(RunLogError) -> Value
    ) throws(RunLogError) -> Value? {
        var found: Value?
        try query(sql, values) { row throws(RunLogError) in
            if found == nil { found = try make(row) }
        }
        return found
    }

    /// Everything in the closure happens, or nothing.
    func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try execute("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try execute("COMMIT")
            return value
        } catch {
            // SQLite has rolled back already after some errors; a second ROLLBACK then says so, which is no news.
            _ = unsafe sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }

    /// The row id of the last insertion.
    var lastInserted: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Rows changed by the last statement.
    var changes: Int64 { unsafe sqlite3_changes64(handle) }

    private func prepared(_ sql: String) throws(RunLogError) -> SQLiteStatement {
        if let statement = statements[sql] { return statement }
        var pointer: OpaquePointer?
        let status = unsafe sqlite3_prepare_v3(
            handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
        guard status == SQLITE_OK, let made = unsafe pointer else {
            throw error(status, "prepare \(Self.head(sql)) on")
        }
        let statement = unsafe SQLiteStatement(made)
        statements[sql] = statement
        return statement
    }

    /// The sentence for a result code: what failed, why, and what to do.
    func error(_ status: Int32, _ operation: String) -> RunLogError {
        let text = unsafe String(cString: sqlite3_errmsg(handle))
        let head = "cannot \(operation) the run log \(path): \(text)"
        switch status & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return RunLogError(
                .busy, "\(head); another program holds it locked for more than 5 s, end that program",
                sqliteCode: status)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return RunLogError(
                .corrupt,
                "\(head); restore it from a backup, or move it away to begin a new one (see \"Run log\" in docs/operations.md)",
                sqliteCode: status)
        case SQLITE_FULL:
            return RunLogError(.full, "\(head); free some space on that disk", sqliteCode: status)
        case SQLITE_IOERR:
            return RunLogError(
                .full, "\(head) (code \(status)); check that disk's space, quota and health", sqliteCode: status)
        case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
            return RunLogError(
                .access, "\(head); the folder and the file must be writable by daqd's user", sqliteCode: status)
        default:
            return RunLogError(.internalMistake, "\(head) (code \(status))", sqliteCode: status)
        }
    }

    private static func head(_ sql: String) -> String {
        sql.split(separator: " ").prefix(3).joined(separator: " ").split(separator: "\n").joined(separator: " ")
    }

    private static func escaped(_ path: String) -> String {
        var text = ""
        for character in path {
            switch character {
            case "%": text += "%25"
            case "?": text += "%3f"
            case "#": text += "%23"
            default: text.append(character)
            }
        }
        return text
    }
}
