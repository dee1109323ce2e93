// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization

@testable import DAQKernel

/// A folder of one test, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("daqd-run-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }
    var log: String { self(RunLog.fileName) }
}

/// A clock that stands still until a test moves it.
final class ManualClock: Sendable {
    private struct State {
        var now: Int64 = 1_800_000_000_000_000_000
        var sleepers: [Int: (due: Int64, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
        var next = 0
    }
    private let state = Mutex(State())

    var clock: RunClock {
        RunClock(
            now: { Timestamp(nanoseconds: self.state.withLock { $0.now }) },
            sleep: { try await self.sleep(for: $0) })
    }

    /// The pauses that are being slept now, in seconds from now, shortest first.
    var pauses: [Double] {
        state.withLock { state in state.sleepers.values.map { Double($0.due - state.now) / 1e9 }.sorted() }
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += Int64(duration / .nanoseconds(1))
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.map(\.continuation)
        }
        for sleeper in due { sleeper.resume() }
    }

    private func sleep(for duration: Duration) async throws {
        let key = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isCancelled = state.withLock { state in
                    if state.cancelled.remove(key) != nil { return true }
                    state.sleepers[key] = (state.now + Int64(duration / .nanoseconds(1)), continuation)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                if let sleeper = state.sleepers.removeValue(forKey: key) {
                    return sleeper.continuation as CheckedContinuation?
                }
                state.cancelled.insert(key)
                return nil
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }
}

/// Everything that was logged.
final class LogCollector: Sendable {
    private let state = Mutex<[LogRecord]>([])
    var logger: Logger { Logger(component: "test") { record in self.state.withLock { $0.append(record) } } }
    var messages: [String] { state.withLock { $0.map(\.message) } }
}

/// A post-operation that does what the test says.
struct Scripted: PostOperation {
    let script: @Sendable (PostOperationJob) async throws -> PostOperationResult
    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        try await script(job)
    }
}

/// A list that several threads append to.
final class Collected<Element: Sendable>: Sendable {
    private let state = Mutex<[Element]>([])
    var all: [Element] { state.withLock { $0 } }
    func append(_ element: Element) { state.withLock { $0.append(element) } }
}

/// One run log with its coordinator.
final class Site: Sendable {
    let folder: TemporaryFolder
    let log: RunLog
    let time = ManualClock()
    let messages = LogCollector()
    let runs: AcquisitionCoordinator

    /// A site in a new folder, or the next process in an old one.
    init(_ folder: TemporaryFolder = TemporaryFolder()) throws {
        self.folder = folder
        log = try RunLog(path: folder.log)
        runs = AcquisitionCoordinator(log: log, logger: messages.logger, clock: time.clock)
    }

    func chain(_ entries: PostOperationEntry..., limit: Int = 2) async {
        await runs.postOperations.configure(device: "cam1", chain: entries, limit: limit)
    }

    var camera: DeviceAcquisitions { runs.acquisitions(of: "cam1") }

    /// An acquisition that took all its frames and waits for its end.
    func taken(_ name: String = "series", expected: Int64? = 4, frames: Int64 = 4) async throws -> Acquisition {
        let acquisition = try await camera.begin(AcquisitionPlan(name, expected: expected))
        try await acquisition.armed()
        try await acquisition.acquiring()
        acquisition.frames(indexes: 0..<frames)
        return acquisition
    }
}

func entry(
    _ name: String, retries: Int = 0, timeout: Duration = .seconds(60), onFailure: PostOperationRules.OnFailure = .stop,
    wait: Bool = false, _ script: @escaping @Sendable (PostOperationJob) async throws -> PostOperationResult
) -> PostOperationEntry {
    var rules = PostOperationRules()
    rules.retries = retries
    rules.timeout = timeout
    rules.backoff = .seconds(5)
    rules.onFailure = onFailure
    rules.wait = wait
    return PostOperationEntry(name, Scripted(script: script), rules: rules)
}

struct GaveUp: Error {}

/// Polls until the condition holds; gives up after half a minute.
func until(_ condition: @Sendable () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        if ContinuousClock.now > deadline { throw GaveUp() }
        try await Task.sleep(for: .milliseconds(5))
    }
}
