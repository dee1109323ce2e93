// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports
import Synchronization

/// Brings the files of one series here, while it runs and after it, and removes them from the detector only when they are safe.
///
/// Safe means: of the announced size, an HDF5 file that opens, synced, under its final name, and in the run log.
final class FileCollector: Sendable {
    /// What was left when nothing more could be fetched.
    struct Outcome: Sendable {
        /// The first names of a complete series that are not here.
        var missing: [String]
        var missingCount: Int
        var expectedCount: Int
        /// What went wrong with single files.
        var problems: [String]

        /// One sentence when the series is not complete; `nil` when it is.
        var sentence: String? {
            var parts: [String] = []
            if missingCount > 0 {
                let names = missing.joined(separator: ", ") + (missingCount > missing.count ? " …" : "")
                parts.append(
                    "incomplete: expected \(expectedCount) files, \(expectedCount - missingCount) found; missing \(names)"
                )
            }
            parts += problems.prefix(5)
            return parts.isEmpty ? nil : parts.joined(separator: "; ")
        }
    }

    private struct State {
        var ledger: FileLedger
        var problems: [String: String] = [:]
        var lastProgress = ContinuousClock.now
        var bytes: Int64 = 0
        /// A user ended the series: files that do not come are no fault.
        var wasStopped = false
        /// The last data file that is listed, its size, and since when it is that.
        var newest: (name: String, size: Int64, since: ContinuousClock.Instant)?
    }

    /// How many files come at the same time.
    private static let parallel = 4
    /// Without any progress for this long after the end, what is missing stays missing.
    private static let patience = Duration.seconds(120)
    /// A data file that has not grown for so long is complete.
    private static let settling = Duration.seconds(2)

    private let fetcher: FileFetcher
    private let client: SIMPLONClient
    private let logger: Logger
    private let monitor: FileMonitor
    private let health: HealthMonitor
    private let state: Mutex<State>
    private let wake = Wake()

    init(
        _ files: SeriesFiles, fetcher: FileFetcher, client: SIMPLONClient, logger: Logger, monitor: FileMonitor,
        health: HealthMonitor
    ) {
        self.health = health
        self.fetcher = fetcher
        self.client = client
        self.logger = logger
        self.monitor = monitor
        state = Mutex(State(ledger: FileLedger(files)))
    }

    /// Files that an earlier process has stored already.
    func knowStored(_ names: [String]) {
        state.withLock { state in for name in names { state.ledger.finish(name, stored: true) } }
    }

    /// No more images come, and the detector has closed its files.
    func end(afterStop: Bool) {
        state.withLock { state in
            state.ledger.end()
            state.wasStopped = afterStop
            state.lastProgress = .now
        }
        wake.ring()
    }

    /// Whether the last data file of the whole series is there and grows no more; asked where the detector itself does not end.
    func hasSettledData() async -> Bool {
        let last = fetcher.files.dataFile(fetcher.files.dataFileCount)
        guard fetcher.files.dataFileCount > 0 else { return false }
        if state.withLock({ $0.ledger.stored.contains(last) }) { return true }
        guard let size = try? await client.size(of: last) else { return false }
        return state.withLock { state in
            if let newest = state.newest, newest.name == last, newest.size == size {
                return newest.since.duration(to: .now) > Self.settling
            }
            state.newest = (last, size, .now)
            return false
        }
    }

    /// Fetches until everything is here, or until what is missing will not come; ends only after ``end(afterStop:)``.
    func run() async -> Outcome {
        var pause = Duration.milliseconds(100)
        // Nothing is there before the first data file is full.
        if !state.withLock({ $0.ledger.hasEnded }) { await wake.wait(for: .milliseconds(500)) }
        while !Task.isCancelled {
            var hasFailed = false
            do {
                let listed = try await client.files()
                let due = state.withLock { $0.ledger.due(listed: listed) }
                hasFailed = await fetchAll(due)
                if state.withLock({ $0.ledger.hasEnded && $0.ledger.isComplete }) { break }
                if !hasFailed, !due.isEmpty { continue }
                if due.isEmpty, isOver(), await hasClosedFiles() { break }
            } catch {
                hasFailed = true
                note("the list of files", DeviceError(wrapping: error).message)
                if hasLostPatience { break }
            }
            if hasFailed && hasLostPatience { break }
            pause =
                hasFailed
                ? min(pause * 2, .seconds(5)) : .milliseconds(state.withLock { $0.ledger.hasEnded } ? 10 : 500)
            await wake.wait(for: pause)
        }
        return outcome
    }

    private var outcome: Outcome {
        state.withLock { state in
            let stopped = state.wasStopped
            return Outcome(
                missing: stopped ? [] : state.ledger.firstMissing(limit: 3),
                missingCount: stopped ? 0 : state.ledger.missingCount,
                expectedCount: state.ledger.files.count, problems: state.problems.values.sorted())
        }
    }

    /// Whether the detector writes no more; what it says of a series that is not complete is kept for the record.
    private func hasClosedFiles() async -> Bool {
        if state.withLock({ $0.ledger.isComplete }) { return true }
        guard let value = try? await client.get(SIMPLONKey(.filewriter, .status, "state")),
            let word = value.value.string
        else { return true }
        // It may also write for another series; that is waited for, but not for ever.
        if word == "acquire" { return hasLostPatience }
        if word == "error", let error = try? await client.get(SIMPLONKey(.filewriter, .status, "error")) {
            note("the filewriter", "the filewriter is in the state error: \(error.value.text.prefix(300))")
        }
        return true
    }

    /// Whether nothing more will come, with nothing left to fetch.
    private func isOver() -> Bool {
        state.withLock { state in
            guard state.ledger.hasEnded else { return false }
            if state.ledger.isComplete { return true }
            // 2 s, and 1 s more for each GB that came: large files take their time to appear.
            let gigabytes = Double(state.bytes) / 1e9
            return state.lastProgress.duration(to: .now) > .seconds(2 + gigabytes)
        }
    }

    private var hasLostPatience: Bool {
        state.withLock { $0.ledger.hasEnded && $0.lastProgress.duration(to: .now) > Self.patience }
    }

    /// Whether any of the files failed.
    private func fetchAll(_ names: [String]) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            var waiting = names[...]
            var hasFailed = false
            for _ in 0..<Self.parallel {
                guard let name = waiting.popFirst() else { break }
                group.addTask { await self.fetch(name) }
            }
            for await isStored in group {
                if !isStored { hasFailed = true }
                if let name = waiting.popFirst() { group.addTask { await self.fetch(name) } }
            }
            return hasFailed
        }
    }

    private func fetch(_ name: String) async -> Bool {
        let hasEnded = state.withLock { state in
            state.ledger.begin(name)
            return state.ledger.hasEnded
        }
        var isStored = false
        do {
            let file = try await fetcher.fetch(name, isFinal: hasEnded) { [weak self] in self?.progressed() }
            isStored = true
            state.withLock { state in
                state.bytes += file.size
                state.problems[name] = file.problem
            }
            progressed()
            health.clear(.diskFull)
            monitor.stored(name, fetcher.files)
        } catch {
            note(name, DeviceError(wrapping: error).message)
            if Self.isFullDisk(error) {
                health.diskIsFull(
                    "a file of the series finds no room and stays on the detector: \(DeviceError(wrapping: error).message)",
                    needed: 0)
            }
            logger.warning(
                "A file could not be fetched", ["file": .string(name), "error": .string(String(describing: error))])
        }
        state.withLock { $0.ledger.finish(name, stored: isStored) }
        return isStored
    }

    private static func isFullDisk(_ error: any Error) -> Bool {
        (error as? FileError)?.code == .noSpace || (error as? DeviceError)?.code == .storage
    }

    private func progressed() { state.withLock { $0.lastProgress = .now } }

    private func note(_ name: String, _ problem: String) {
        state.withLock { $0.problems[name] = problem }
    }
}
