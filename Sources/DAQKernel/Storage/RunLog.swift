// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// The daemon's memory: acquisitions, configuration snapshots, artifacts, post-operations, key-value stores, autosaved parameters.
///
/// One SQLite database in WAL mode. Writes go through one thread and connection, queries through another, so that neither blocks the
/// caller's thread nor each other. A write that a promise hangs on is on the disk when its call returns.
public final class RunLog: Sendable {
    /// The file name below the site's state folder.
    public static let fileName = "runlog.sqlite"

    /// A connection that only its thread touches.
    private final class Side: @unchecked Sendable {  // every access happens on the side's own thread
        let thread: SerialThread
        var connection: SQLiteConnection?
        var isSynchronous = true
        init(_ name: String) { thread = SerialThread(name: name) }
    }

    /// The database file.
    public let path: String
    private let writer = Side("daqd-runlog")
    private let reader = Side("daqd-runlog-q")
    private let lock: Mutex<Int32?>
    let stores = Mutex<[String: KeyValueStore]>([:])

    /// Opens the run log for the daemon, makes it when it is missing, and brings an older one up to date.
    ///
    /// Blocks the calling thread: to be called once, at start.
    /// - Parameter path: The database file; folders above it are made.
    /// - Throws: ``RunLogError``: `inUse` when another daqd has it, `corrupt`, `newer`, `access`, `full`; or ``FileError``.
    public convenience init(path: String) throws {
        try self.init(path: path, schema: RunLogSchema.current)
    }

    init(path: String, schema: [String]) throws {
        try SafePath.makeFolders(SafePath.parent(of: path))
        self.path = path
        let descriptor = try Self.lock(path)
        lock = Mutex(descriptor)
        do {
            try onThread(of: writer) { side in
                let connection = try SQLiteConnection(path: path, mode: .readWrite)
                try RunLogSchema.prepare(connection, schema)
                side.connection = connection
            }
            try onThread(of: reader) { side in side.connection = try SQLiteConnection(path: path, mode: .readOnly) }
        } catch {
            close()
            throw error
        }
    }

    /// Opens an existing run log for queries only, beside a running daemon or without one (`daqd runs`).
    ///
    /// Blocks the calling thread.
    /// - Throws: ``RunLogError``: `access` when there is none.
    public init(readingOnly path: String) throws {
        self.path = path
        lock = Mutex(nil)
        guard unsafe access(path, F_OK) == 0 else {
            throw RunLogError(.access, "there is no run log \(path); it is made when daqd runs for the first time")
        }
        try onThread(of: reader) { side in
            do {
                side.connection = try Self.openForReading(path, .readOnly)
            } catch  where unsafe access(path + "-wal", F_OK) != 0 {
                // Without write permission SQLite cannot make the shared-memory file, and without a WAL it needs none.
                side.connection = try Self.openForReading(path, .immutable)
            }
        }
    }

    deinit {
        // The last reference may go on one of the two threads, so this must not wait for them.
        let (reader, writer) = (reader, writer)
        reader.thread.perform { reader.connection = nil }
        let descriptor = lock.withLock { $0 }
        writer.thread.perform {
            writer.connection = nil
            if let descriptor { Glibc.close(descriptor) }
        }
    }

    /// Ends all work in order, moves the WAL into the database file and lets go of it.
    ///
    /// Safe twice. Blocks until done.
    public func close() {
        stores.withLock { $0 = [:] }
        try? onThread(of: reader) { $0.connection = nil }
        try? onThread(of: writer) { side in
            if let connection = side.connection { try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") }
            side.connection = nil
        }
        lock.withLock { descriptor in
            if let open = descriptor { Glibc.close(open) }
            descriptor = nil
        }
    }

    /// Runs a transaction on the writer's thread.
    ///
    /// Not cancelled with the caller's task: what was begun is written.
    /// - Parameter durable: Whether it must survive a power cut; `kill -9` it survives in any case.
    func write<Value: Sendable>(
        durable: Bool = true, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value
    ) async throws -> Value {
        try await write(durable: durable, body, then: { $0 })
    }

    /// As ``write(durable:_:)``; the second closure runs on the same thread after the commit, before any other write.
    func write<Value: Sendable, Result: Sendable>(
        durable: Bool = true, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value,
        then: @escaping @Sendable (Value) throws -> Result
    ) async throws -> Result {
        let writer = writer
        return try await withCheckedThrowingContinuation { continuation in
            writer.thread.perform {
                continuation.resume(
                    with: Swift.Result {
                        guard let connection = writer.connection else { throw Self.closed }
                        if writer.isSynchronous != durable {
                            try connection.execute("PRAGMA synchronous=\(durable ? "FULL" : "NORMAL")")
                            writer.isSynchronous = durable
                        }
                        return try then(try connection.transaction { try body(connection) })
                    })
            }
        }
    }

    /// Runs a closure on the writer's thread, some time soon and without waiting for the disk; not at all when the log is closed.
    func writeSoon(_ body: @escaping @Sendable (SQLiteConnection) -> Void) {
        let writer = writer
        writer.thread.perform {
            guard let connection = writer.connection else { return }
            if writer.isSynchronous, (try? connection.execute("PRAGMA synchronous=NORMAL")) != nil {
                writer.isSynchronous = false
            }
            body(connection)
        }
    }

    /// Runs a query on the reader's thread; it sees every write that returned before.
    func read<Value: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> Value) async throws -> Value {
        let reader = reader
        return try await withCheckedThrowingContinuation { continuation in
            reader.thread.perform {
                continuation.resume(
                    with: Swift.Result {
                        guard let connection = reader.connection else { throw Self.closed }
                        return try body(connection)
                    })
            }
        }
    }

    /// As ``read(_:)``, blocking the calling thread: at start only.
    func readBlocking<Value: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> Value) throws -> Value {
        try onThread(of: reader) { side in
            guard let connection = side.connection else { throw Self.closed }
            return try body(connection)
        }
    }

    /// Checks the whole database; reads all of it.
    /// - Returns: What SQLite found wrong; empty when all is well.
    public func faults() async throws -> [String] {
        try await read { connection in
            var faults: [String] = []
            try connection.query("PRAGMA quick_check(20)") { faults.append($0.text(0)) }
            return faults == ["ok"] ? [] : faults
        }
    }

    /// Writes a copy of the whole run log while the daemon goes on.
    /// - Parameter copy: A file that does not exist yet.
    public func backUp(to copy: String) async throws {
        try await read { try $0.run("VACUUM INTO ?1", [.text(copy)]) }
    }

    private static var closed: RunLogError { RunLogError(.closed, "the run log is closed") }

    private static func openForReading(_ path: String, _ mode: SQLiteConnection.Mode) throws -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, mode: mode)
        try RunLogSchema.check(connection, RunLogSchema.current)
        return connection
    }

    private func onThread<Value: Sendable>(
        of side: Side, _ body: @escaping @Sendable (Side) throws -> Value
    ) throws -> Value {
        try side.thread.performAndWait { try body(side) }
    }

    /// Takes the lock that keeps a second daqd out; it goes with the process, however that ends.
    private static func lock(_ path: String) throws -> Int32 {
        let file = path + ".lock"
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileError(system: errno, "open", path: file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var bytes = [UInt8](repeating: 0, count: 16)
            let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, 15, 0) }
            Glibc.close(descriptor)
            let holder = String(decoding: bytes.prefix(max(0, count)).prefix { $0 > 32 }, as: UTF8.self)
            throw RunLogError(
                .inUse,
                "the run log \(path) is in use by another daqd\(holder.isEmpty ? "" : ", process \(holder)"); end it or give this one another state folder"
            )
        }
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        return descriptor
    }
}
