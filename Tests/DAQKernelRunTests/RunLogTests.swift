// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel

@Suite("Run log")
struct RunLogTests {
    let folder = TemporaryFolder()

    func failure(_ work: () throws -> Void) -> RunLogError? {
        do {
            try work()
            return nil
        } catch {
            return error as? RunLogError
        }
    }

    static func record(_ number: Int, device: String = "cam1", state: AcquisitionState = .done) -> AcquisitionRecord {
        let began = Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(number) * 1_000_000_000)
        return AcquisitionRecord(
            id: "id\(number)", device: device, name: "Series \(number)", state: state,
            transitions: [.init(.preparing, at: began), .init(state, at: began.adding(.milliseconds(1500)))],
            frames: FrameCount(expected: 10, received: 8, missing: 2, duplicates: 1, gaps: [3..<4, 7..<8]),
            firstIndex: 0,
            stop: AcquisitionStop(.user, origin: Origin(frontend: "rest", user: "al"), time: began),
            result: "2 frames are missing", verdict: .failed, origin: Origin(frontend: "ca", host: "h"),
            configuration: nil, notes: .array(["x", 1]), artifacts: [])
    }

    @Test("a record reads back as it was written")
    func roundTrip() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        var record = Self.record(1)
        record.artifacts = [
            Artifact(path: "/d/a.h5", role: .master, size: 5, sha256: SHA256.hash("a"), verified: true, maker: "cam1"),
            Artifact(path: "/d/ü.h5", role: .data),
        ]
        let stored = record
        try await log.write { connection in
            var record = stored
            record.configuration = try connection.save(configuration: .object([("a", 1), ("b", 1.5)]))
            _ = try connection.save(configuration: .object([("a", 1), ("b", 1.5)]))
            try connection.insert(record)
        }
        var found = try #require(try await log.acquisition("id1"))
        let digest = try #require(found.configuration)
        #expect(try await log.configuration(digest) == .object([("a", 1), ("b", 1.5)]))
        #expect(try await log.configuration("none") == nil)
        let snapshots = try await log.read { try $0.first("SELECT count(*) FROM configurations") { $0.integer(0) } }
        #expect(snapshots == 1)
        found.configuration = nil
        #expect(found == record)
        #expect(try await log.acquisition("none") == nil)
    }

    @Test("texts with quotes, NUL, emoji, empty and long ones survive")
    func texts() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        let store = try log.store(for: "x")
        let texts = [
            "", "'", "\"; DROP TABLE acquisitions; --", "a\u{0}b", "😀", String(repeating: "é", count: 200_000),
        ]
        for text in texts { try await store.set(text, to: .string(text)) }
        log.close()
        let again = try RunLog(path: folder.log)
        defer { again.close() }
        let reread = try again.store(for: "x")
        for text in texts { #expect(reread[text] == .string(text)) }
        #expect(reread.keys.count == texts.count)
    }

    @Test("a second daqd is kept out, queries are not")
    func oneDaemon() async throws {
        let log = try RunLog(path: folder.log)
        try await log.write { try $0.insert(Self.record(1)) }
        let error = failure { _ = try RunLog(path: folder.log) }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("another daqd, process \(getpid())") == true)
        let reader = try RunLog(readingOnly: folder.log)
        #expect(try await reader.acquisitions(AcquisitionQuery()).records.count == 1)
        await #expect(throws: RunLogError.self) { try await reader.write { try $0.insert(Self.record(2)) } }
        reader.close()
        log.close()
        log.close()
        await #expect(throws: RunLogError.self) { try await log.acquisition("id1") }
        let after = try RunLog(readingOnly: folder.log)
        #expect(try await after.acquisitions(AcquisitionQuery()).records.count == 1)
        try RunLog(path: folder.log).close()
    }

    @Test("a run log that is not there, not a database, another program's, damaged or newer is refused in one sentence")
    func refused() throws {
        #expect(failure { _ = try RunLog(readingOnly: folder.log) }?.code == .access)
        try Data(
            "This is not a database, and it is long enough to be read as a header of one, is it not? 1234567890".utf8
        )
        .write(to: URL(fileURLWithPath: folder.log))
        #expect(failure { _ = try RunLog(path: folder.log) }?.code == .corrupt)
        #expect(failure { _ = try RunLog(readingOnly: folder.log) }?.code == .corrupt)

        let foreign = folder("foreign.sqlite")
        try SQLiteConnection(path: foreign, mode: .readWrite).execute("CREATE TABLE t (x)")
        let error = failure { _ = try RunLog(path: foreign) }
        #expect(error?.message.contains("another program") == true)

        let newer = folder("newer.sqlite")
        try RunLog(path: newer).close()
        try SQLiteConnection(path: newer, mode: .readWrite).execute("PRAGMA user_version=99")
        #expect(failure { _ = try RunLog(path: newer) }?.code == .newer)
        #expect(failure { _ = try RunLog(readingOnly: newer) }?.code == .newer)
        #expect(throws: (any Error).self) { try RunLog(path: "/proc/none/runlog.sqlite") }
    }

    @Test("damage anywhere in the file gives errors, never a crash or a wrong answer", arguments: 0..<24)
    func damage(seed: Int) async throws {
        let log = try RunLog(path: folder.log)
        try await log.write { connection in for number in 0..<300 { try connection.insert(Self.record(number)) } }
        log.close()
        var generator = FrameLedgerTests.Generator(state: UInt64(seed))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.log))
        if seed % 4 == 0 {
            bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &generator))
        } else {
            for _ in 0..<20 {
                let start = Int.random(in: 0..<bytes.count - 64, using: &generator)
                for offset in 0..<64 { bytes[start + offset] = UInt8.random(in: 0...255, using: &generator) }
            }
        }
        try bytes.write(to: URL(fileURLWithPath: folder.log))
        do {
            let damaged = try RunLog(path: folder.log)
            defer { damaged.close() }
            _ = try await damaged.faults()
            _ = try await damaged.acquisitions(AcquisitionQuery())
            try await damaged.write { try $0.insert(Self.record(1000)) }
        } catch {
            #expect(error is RunLogError || error is WireError, "\(error)")
        }
    }

    @Test("an older file is brought up to date step by step, and a step that fails changes nothing")
    func migration() async throws {
        let first = RunLogSchema.current
        try RunLog(path: folder.log, schema: first).close()
        let bad = first + ["ALTER TABLE acquisitions ADD COLUMN run INTEGER; ALTER TABLE none ADD COLUMN x;"]
        #expect(failure { _ = try RunLog(path: folder.log, schema: bad) } != nil)
        let good = first + ["ALTER TABLE acquisitions ADD COLUMN run INTEGER;", "CREATE TABLE extra (x);"]
        let log = try RunLog(path: folder.log, schema: good)
        defer { log.close() }
        let version = try await log.read { try $0.first("PRAGMA user_version") { $0.integer(0) } }
        #expect(version == Int64(first.count) + 2)
        try await log.write { try $0.insert(Self.record(1)) }
        #expect(failure { _ = try RunLog(readingOnly: folder.log) }?.code == .newer)
    }

    @Test("a transaction that throws leaves nothing behind")
    func rollback() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        await #expect(throws: GaveUp.self) {
            try await log.write { connection in
                try connection.insert(Self.record(1))
                throw GaveUp()
            }
        }
        #expect(try await log.acquisition("id1") == nil)
        try await log.write { try $0.insert(Self.record(1)) }
        await #expect(throws: RunLogError.self) { try await log.write { try $0.insert(Self.record(1)) } }
    }

    @Test("another program's lock is waited for, then told", .timeLimit(.minutes(1)))
    func locked() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        let other = try SQLiteConnection(path: folder.log, mode: .readWrite)
        try other.execute("BEGIN IMMEDIATE")
        do {
            try await log.write { try $0.insert(Self.record(1)) }
            Issue.record("a locked database was written")
        } catch let error as RunLogError {
            #expect(error.code == .busy)
            #expect(error.message.contains("another program holds it locked"))
        }
        try other.execute("COMMIT")
        try await log.write { try $0.insert(Self.record(1)) }
    }

    @Test("writers and readers from many tasks, nothing lost")
    func concurrent() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await log.write(durable: number % 10 == 0) { try $0.insert(Self.record(number)) }
                    #expect(try await log.acquisition("id\(number)") != nil)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await log.count(AcquisitionQuery()) == 200)
        #expect(try await log.faults() == [])
        try await log.backUp(to: folder("copy.sqlite"))
        let copy = try RunLog(path: folder("copy.sqlite"))
        #expect(try await copy.count(AcquisitionQuery()) == 200)
        copy.close()
    }

    @Test("filters and pages; nothing twice, nothing left out")
    func queries() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        try await log.write { connection in
            for number in 0..<90 {
                try connection.insert(
                    Self.record(
                        number, device: number % 3 == 0 ? "cam2" : "cam1", state: number % 2 == 0 ? .done : .failed))
            }
        }
        var query = AcquisitionQuery()
        query.device = "cam2"
        query.states = [.failed, .aborted]
        query.limit = 4
        var found: [String] = []
        repeat {
            let page = try await log.acquisitions(query)
            #expect(page.records.count <= 4)
            found += page.records.map(\.id)
            query.after = page.next
        } while query.after != nil
        #expect(found == (0..<90).reversed().filter { $0 % 3 == 0 && $0 % 2 == 1 }.map { "id\($0)" })
        #expect(try await log.count(query) == 15)
        var byTime = AcquisitionQuery()
        byTime.since = Self.record(10).began
        byTime.until = Self.record(12).began
        #expect(try await log.acquisitions(byTime).records.map(\.id) == ["id11", "id10"])
        var byName = AcquisitionQuery()
        byName.nameContains = "series 8"
        #expect(try await log.acquisitions(byName).records.count == 11)
        byName.nameContains = "%' OR 1"
        #expect(try await log.acquisitions(byName).records.isEmpty)
        var wrong = AcquisitionQuery()
        wrong.after = "1; DROP TABLE acquisitions"
        await #expect(throws: RunLogError.self) { try await log.acquisitions(wrong) }
        wrong.after = nil
        wrong.limit = -7
        #expect(try await log.acquisitions(wrong).records.count == 1)
    }

    @Test("100,000 acquisitions page quickly", .timeLimit(.minutes(3)))
    func many() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        try await log.write { connection in
            for number in 0..<100_000 {
                try connection.insert(
                    Self.record(number, device: "cam\(number % 7)", state: number % 100 == 0 ? .failed : .done))
            }
        }
        var query = AcquisitionQuery()
        query.device = "cam3"
        query.states = [.failed]
        query.limit = 50
        var seen: Set<String> = []
        let clock = ContinuousClock()
        var slowest = Duration.zero
        repeat {
            let start = clock.now
            let page = try await log.acquisitions(query)
            slowest = max(slowest, clock.now - start)
            for record in page.records { #expect(seen.insert(record.id).inserted) }
            query.after = page.next
        } while query.after != nil
        #expect(seen.count == (0..<100_000).count { $0 % 7 == 3 && $0 % 100 == 0 })
        for states in [[AcquisitionState.done, .failed], [.failed, .aborted], [.done], []] {
            var all = AcquisitionQuery()
            all.states = states
            let start = clock.now
            #expect(try await log.acquisitions(all).records.count == 100)
            slowest = max(slowest, clock.now - start)
        }
        var deep = AcquisitionQuery()
        deep.after = "500"
        let start = clock.now
        #expect(try await log.acquisitions(deep).records.count == 100)
        print("100,000 acquisitions: slowest filtered page \(slowest), a page of 100 near the end \(clock.now - start)")
        #expect(slowest < .seconds(10))
    }
}

@Suite("Key-value store and autosave")
struct KeyValueTests {
    let folder = TemporaryFolder()

    @Test("components do not see each other; values survive a restart")
    func components() async throws {
        let log = try RunLog(path: folder.log)
        let one = try log.store(for: "eiger1")
        let two = try log.store(for: "eiger2")
        #expect(try log.store(for: "eiger1") === one)
        try await one.update([("keys", .array(["a", "b"])), ("serial", "E-1")])
        try await two.set("serial", to: "E-2")
        try await one.set("keys", to: nil)
        #expect(one["keys"] == nil)
        #expect(one["serial"] == "E-1")
        log.close()
        await #expect(throws: RunLogError.self) { try await one.set("serial", to: "lost") }
        #expect(one["serial"] == "E-1")
        let again = try RunLog(path: folder.log)
        defer { again.close() }
        #expect(try again.store(for: "eiger1").keys == ["serial"])
        #expect(try again.store(for: "eiger2")["serial"] == "E-2")
    }

    @Test("autosave keeps the last value of each parameter, written soon without being asked")
    func autosave() async throws {
        let log = try RunLog(path: folder.log)
        let store = try AutosaveStore(log: log, logger: LogCollector().logger)
        for value in 0..<5000 { store.save(.integer(Int64(value)), at: "cam1/settle") }
        store.save(1.5, at: "cam1/gain")
        store.save("x", at: "cam10/gain")
        #expect(store.value(at: "cam1/settle") == 4999)
        #expect(store.paths(of: "cam1") == ["cam1/gain", "cam1/settle"])
        try await until {
            try await log.read {
                try $0.first("SELECT value FROM autosave WHERE path = 'cam1/settle'") { $0.text(0) }
            } == "4999"
        }
        store.save(nil, at: "cam1/gain")
        try await store.flush()
        log.close()
        let again = try RunLog(path: folder.log)
        defer { again.close() }
        let restored = try AutosaveStore(log: again, logger: LogCollector().logger)
        #expect(restored.value(at: "cam1/settle") == 4999)
        #expect(restored.value(at: "cam1/gain") == nil)
        #expect(restored.paths(of: "cam10") == ["cam10/gain"])
    }

    @Test("what autosave could not write is written with the next value")
    func giveBack() async throws {
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        let messages = LogCollector()
        let store = try AutosaveStore(log: log, logger: messages.logger)
        try await log.write { try $0.execute("ALTER TABLE autosave RENAME TO away") }
        store.save(1, at: "a/x")
        try await until { !messages.messages.isEmpty }
        await #expect(throws: RunLogError.self) { try await store.flush() }
        try await log.write { try $0.execute("ALTER TABLE away RENAME TO autosave") }
        store.save(2, at: "a/y")
        try await until {
            try await log.read { try $0.first("SELECT count(*) FROM autosave") { $0.integer(0) } } == 2
        }
    }
}
