// Part of daqd
// SPDX-License-Identifier: MIT

/// The run log's tables, and how an older file becomes a newer one.
enum RunLogSchema {
    /// "daqd" in ASCII, in the database's header.
    static let applicationID: Int64 = 0x6461_7164

    /// One step per version, applied in order from the file's own version; a released step is never changed.
    static let current: [String] = [version1]

    private static let version1 = """
        CREATE TABLE configurations (digest TEXT PRIMARY KEY NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE acquisitions (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            device TEXT NOT NULL,
            name TEXT NOT NULL,
            state TEXT NOT NULL,
            began INTEGER NOT NULL,
            ended INTEGER,
            transitions TEXT NOT NULL,
            expected INTEGER,
            received INTEGER,
            missing INTEGER,
            duplicates INTEGER NOT NULL,
            gaps TEXT NOT NULL,
            first_index INTEGER NOT NULL,
            stop TEXT,
            result TEXT,
            verdict TEXT,
            origin TEXT,
            configuration TEXT REFERENCES configurations (digest),
            notes TEXT);
        CREATE INDEX acquisitions_by_device ON acquisitions (device, sequence);
        CREATE INDEX acquisitions_by_state ON acquisitions (state, sequence);
        CREATE INDEX acquisitions_open ON acquisitions (sequence) WHERE state NOT IN ('done', 'aborted', 'failed');
        CREATE TABLE artifacts (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            acquisition TEXT NOT NULL REFERENCES acquisitions (id),
            path TEXT NOT NULL,
            role TEXT NOT NULL,
            size INTEGER,
            sha256 TEXT,
            verified INTEGER,
            maker TEXT,
            UNIQUE (acquisition, path));
        CREATE TABLE post_operations (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            acquisition TEXT NOT NULL REFERENCES acquisitions (id),
            device TEXT NOT NULL,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            waits INTEGER NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_time INTEGER,
            began INTEGER,
            ended INTEGER,
            note TEXT,
            last_error TEXT,
            UNIQUE (acquisition, position));
        CREATE INDEX post_operations_open ON post_operations (acquisition, position)
            WHERE state NOT IN ('succeeded', 'failed', 'skipped');
        CREATE INDEX post_operations_by_state ON post_operations (state, sequence);
        CREATE TABLE key_values (
            component TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (component, key)) WITHOUT ROWID;
        CREATE TABLE autosave (path TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        """

    /// Sets the connection up for durable writing and brings the tables up to date.
    static func prepare(_ connection: SQLiteConnection, _ steps: [String]) throws {
        let version = try check(connection, steps)
        try connection.execute("PRAGMA journal_mode=WAL")
        try connection.execute("PRAGMA synchronous=FULL")
        try connection.execute("PRAGMA foreign_keys=ON")
        try connection.execute("PRAGMA journal_size_limit=67108864")
        for next in version..<steps.count {
            try connection.transaction {
                try connection.execute(steps[next])
                try connection.execute("PRAGMA user_version=\(next + 1)")
                try connection.execute("PRAGMA application_id=\(applicationID)")
            }
        }
    }

    /// Refuses files that are not a run log or come from a newer daqd; the file's version.
    @discardableResult
    static func check(_ connection: SQLiteConnection, _ steps: [String]) throws(RunLogError) -> Int {
        let version = try connection.first("PRAGMA user_version") { Int($0.integer(0)) } ?? 0
        let identity = try connection.first("PRAGMA application_id") { $0.integer(0) } ?? 0
        let tables = try connection.first("SELECT count(*) FROM sqlite_schema") { $0.integer(0) } ?? 0
        guard identity == applicationID || identity == 0 && version == 0 && tables == 0 else {
            throw RunLogError(
                .corrupt,
                "\(connection.path) is a database of another program; name another state folder in the configuration")
        }
        guard version <= steps.count else {
            throw RunLogError(
                .newer,
                "the run log \(connection.path) has version \(version) and this daqd knows version \(steps.count) at most; run the newer daqd, or restore the backup from before its first start"
            )
        }
        return version
    }
}
