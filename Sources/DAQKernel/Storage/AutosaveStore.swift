// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The last written values of parameters that the site or their device chose, restored before the device connects.
///
/// Saving never waits: the value is in the database 50 ms later at most, the last one of a parameter counts, and `kill -9` after that loses
/// nothing. A power cut may lose what was saved since the last acquisition's step.
public final class AutosaveStore: Sendable {
    private struct State {
        var values: [String: JSON]
        var dirty: Set<String> = []
        var isScheduled = false
        var lastFlush: Int64 = 0
        var choices: [String: AutosaveChoice] = [:]
    }

    /// Writes are at least so far apart.
    static let spacing = Duration.milliseconds(50)

    /// Until what could not be written is tried again.
    static let patience = Duration.seconds(10)

    private let log: RunLog
    private let logger: Logger
    private let state: Mutex<State>
    /// Even and never 0; rises with the choices.
    private let generation = Atomic<UInt32>(2)
    private let choiceObserver = Mutex<@Sendable () -> Void>({})

    /// Reads everything that was saved; blocks the calling thread, so call it once, at start.
    public init(log: RunLog, logger: Logger) throws {
        self.log = log
        self.logger = logger
        let pairs = try log.readBlocking { connection in
            var pairs: [(String, JSON)] = []
            try connection.query("SELECT path, value FROM autosave") { row in
                if let value = try? JSON(parsing: row.text(1)) { pairs.append((row.text(0), value)) }
            }
            return pairs
        }
        state = Mutex(State(values: Dictionary(pairs) { $1 }))
    }

    /// Says which parameters of a device are saved; without it those that the device marks.
    func choose(_ choice: AutosaveChoice, for device: String) {
        state.withLock { $0.choices[device] = choice }
        generation.add(2, ordering: .releasing)
        choiceObserver.withLock { $0 }()
    }

    /// Says whom to tell that ``saves(_:)`` may answer otherwise from now on.
    func observeChoices(_ handler: @escaping @Sendable () -> Void) { choiceObserver.withLock { $0 = handler } }

    /// Whether a parameter is saved when a client writes it.
    ///
    /// Asked at every write, so the parameter remembers the answer until choices or metadata change.
    func saves(_ parameter: AnyParameter) -> Bool {
        let now = generation.load(ordering: .acquiring)
        let memo = parameter.lock.withLock { parameter.autosaveMemo }
        if memo & ~1 == now { return memo & 1 == 1 }
        let isSaved = judge(parameter)
        parameter.lock.withLock { parameter.autosaveMemo = now | (isSaved ? 1 : 0) }
        return isSaved
    }

    private func judge(_ parameter: AnyParameter) -> Bool {
        let path = parameter.path
        let device = String(path.prefix { $0 != "/" })
        let choice = state.withLock { $0.choices[device] } ?? AutosaveChoice([AutosaveChoice.marked])
        return choice.includes(parameter.name, isMarked: parameter.metadata.autosave)
    }

    /// The saved value of a parameter, by its path `device/group/name`; `nil` if none was saved.
    public func value(at path: String) -> JSON? { state.withLock { $0.values[path] } }

    /// Every saved path below a device, sorted.
    public func paths(of device: String) -> [String] {
        state.withLock { $0.values.keys.filter { $0.hasPrefix(device + "/") }.sorted() }
    }

    /// Saves a value soon, `nil` forgets the parameter; never waits, from any thread.
    public func save(_ value: JSON?, at path: String) {
        let isFirst = state.withLock { state in
            guard state.values[path] != value else { return false }
            state.values[path] = value
            state.dirty.insert(path)
            guard !state.isScheduled else { return false }
            state.isScheduled = true
            return true
        }
        if isFirst { schedule() }
    }

    /// Writes what is not written yet and waits until it is on the disk; at the end of the daemon, before the log closes.
    public func flush() async throws {
        let batch = take()
        do {
            try await log.write { connection in for (path, value) in batch { try Self.write(value, path, connection) } }
        } catch {
            giveBack(batch)
            throw error
        }
    }

    private func schedule() {
        let wait = state.withLock { state in
            Self.spacing - .nanoseconds(Timestamp.monotonicNanoseconds() &- state.lastFlush)
        }
        Task {
            if wait > .zero { try? await Task.sleep(for: wait) }
            self.flushSoon()
        }
    }

    private func flushSoon() {
        log.writeSoon { connection in
            let batch = self.take()
            if batch.isEmpty { return }
            do {
                try connection.transaction { for (path, value) in batch { try Self.write(value, path, connection) } }
            } catch {
                self.giveBack(batch)
                self.logger.warning("Parameters could not be saved", ["error": .string(String(describing: error))])
                Task {
                    try? await Task.sleep(for: Self.patience)
                    self.flushSoon()
                }
            }
        }
    }

    /// Everything that is not written, which from here on counts as being written.
    private func take() -> [(String, JSON?)] {
        state.withLock { state in
            let batch = state.dirty.sorted().map { ($0, state.values[$0]) }
            state.dirty = []
            state.isScheduled = false
            state.lastFlush = Timestamp.monotonicNanoseconds()
            return batch
        }
    }

    /// What could not be written is tried again with the next value that is saved, after a while, or at the end.
    private func giveBack(_ batch: [(String, JSON?)]) {
        state.withLock { $0.dirty.formUnion(batch.map(\.0)) }
    }

    private static func write(_ value: JSON?, _ path: String, _ connection: SQLiteConnection) throws {
        if let value {
            try connection.run(
                "INSERT INTO autosave (path, value) VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET value = ?2",
                [.text(path), .text(value.text)])
        } else {
            try connection.run("DELETE FROM autosave WHERE path = ?1", [.text(path)])
        }
    }
}
