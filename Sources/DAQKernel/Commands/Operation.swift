// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Where an operation stands.
public enum OperationState: String, Sendable {
    /// Waiting for its turn.
    case queued
    /// Its body runs.
    case running
    /// It returned a result.
    case succeeded
    /// It threw an error.
    case failed
    /// It was cancelled.
    case cancelled

    /// Whether nothing more will happen.
    public var isFinal: Bool {
        switch self {
        case .queued, .running: false
        case .succeeded, .failed, .cancelled: true
        }
    }
}

/// What there is to know of an operation at one moment.
public struct OperationStatus: Sendable {
    /// Where it stands.
    public var state = OperationState.queued
    /// How far it is, 0 to 1.
    public var fraction = 0.0
    /// One short sentence of the running body.
    public var message = ""
    /// The result, once succeeded; nothing where ``isResultGone``.
    public var result = DataValue.null
    /// Whether a large result was let go; see ``Operation/takeResult()``.
    public var isResultGone = false
    /// The error, once failed or cancelled.
    public var error: DeviceError?
    /// Intermediate results, in order; at most the last 1000.
    public var emitted: [DataValue] = []
    /// When it ended.
    public var ended: Timestamp?

    /// Whether there is a result beyond ``Operation/largeResult``, which lists and events need not show.
    public var hasLargeResult: Bool { result.isLarger(than: Operation.largeResult) }
}

/// One call of a command: it can be watched, awaited and cancelled, also by someone other than the caller.
public final class Operation: @unchecked Sendable {
    // sound: every mutable member is read and written under `lock`, `place` under that of the table

    /// Bytes beyond which a result is large: made for its caller, not for the list of operations.
    public static let largeResult = 65_536

    /// Unique in this process, rising.
    public let id: UInt64
    /// Name of the device.
    public let device: String
    /// Path of the command within the device.
    public let command: String
    /// Who called.
    public let origin: Origin
    /// When it was called.
    public let started = Timestamp.now()

    private static let counter = Atomic<UInt64>(0)
    private let lock = HotLock()
    private var state = OperationState.queued
    private var fraction = 0.0
    private var result = DataValue.null
    private var ended: Timestamp?
    private var details: Details?
    private var task: Task<Void, Never>?
    private var wasCancelled = false
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var observers: [(number: Int, handler: @Sendable (OperationStatus) -> Void)] = []
    private var lastObserver = 0
    /// The list of all operations, which hears of every change; let go at the end.
    private var table: OperationTable?
    /// The list that keeps the large result until somebody takes it.
    private var keeper: OperationTable?
    private let progress: Parameter<Double>?
    /// Where the table has it while it runs.
    var place = 0

    /// What most operations never come to: a thousand that ended are kept, and each call lets one of them go.
    private final class Details {
        var message = ""
        var isResultGone = false
        var error: DeviceError?
        var emitted: [DataValue] = []
    }

    /// - Parameter progress: Shows how far it is while it runs.
    init(device: String, command: String, origin: Origin, progress: Parameter<Double>? = nil) {
        id = Self.counter.add(1, ordering: .relaxed).newValue
        self.device = device
        self.command = command
        self.origin = origin
        self.progress = progress
    }

    /// Where it stands now.
    public var status: OperationStatus { lock.withLock { current } }

    /// Under the lock.
    private var current: OperationStatus {
        var status = OperationStatus()
        (status.state, status.fraction, status.result, status.ended) = (state, fraction, result, ended)
        if let details {
            (status.message, status.isResultGone) = (details.message, details.isResultGone)
            (status.error, status.emitted) = (details.error, details.emitted)
        }
        return status
    }

    /// Under the lock.
    private func detail(_ change: (Details) -> Void) {
        let details = self.details ?? Details()
        self.details = details
        change(details)
    }

    /// Waits for the end, however it comes.
    ///
    /// A cancelled caller goes on waiting; the operation does not hear of it.
    public func end() async -> OperationStatus {
        await withCheckedContinuation { continuation in
            let isOver = lock.withLock {
                if !state.isFinal { waiters.append(continuation) }
                return state.isFinal
            }
            if isOver { continuation.resume() }
        }
        return status
    }

    /// Waits for the result, and takes it.
    /// - Throws: What the command's body threw.
    public func result() async throws(DeviceError) -> DataValue {
        _ = await end()
        return try takeResult()?.get() ?? .null
    }

    /// How it ended, for its caller; `nil` while it goes on.
    ///
    /// A result beyond ``largeResult`` is given once: it may hold memory that the device needs, as a camera does for its next images.
    /// Of large results that nobody takes the table keeps the last ``OperationTable/largeResults``.
    public func takeResult() -> Result<DataValue, DeviceError>? {
        var large: OperationTable?
        let outcome = lock.withLock { () -> Result<DataValue, DeviceError>? in
            guard state.isFinal else { return nil }
            if let error = details?.error { return .failure(error) }
            swap(&large, &keeper)
            defer { if large != nil { letGo() } }
            return .success(result)
        }
        large?.forgetResult(of: self)
        return outcome
    }

    /// Whether a large result waits to be taken.
    var isResultKept: Bool { lock.withLock { keeper != nil } }

    /// Lets a large result go that nobody took.
    func dropResult() {
        // Not within the lock: letting go may be work.
        let result = lock.withLock { () -> DataValue in
            guard keeper != nil else { return .null }
            keeper = nil
            defer { letGo() }
            return self.result
        }
        withExtendedLifetime(result) {}
    }

    /// Under the lock.
    private func letGo() {
        result = .null
        detail { $0.isResultGone = true }
    }

    /// Asks the body to stop; it ends when it has stopped safely.
    public func cancel() {
        let task = lock.withLock {
            wasCancelled = true
            return self.task
        }
        task?.cancel()
    }

    /// Calls `handler` after every change, on the thread of the change, until it ended: it must not block.
    /// - Returns: A number for ``removeObserver(_:)``.
    @discardableResult
    public func observe(_ handler: @escaping @Sendable (OperationStatus) -> Void) -> Int {
        let (number, status) = lock.withLock {
            lastObserver += 1
            if !state.isFinal { observers.append((lastObserver, handler)) }
            return (lastObserver, current)
        }
        handler(status)
        return number
    }

    /// Ends what ``observe(_:)`` began.
    public func removeObserver(_ number: Int) { lock.withLock { observers.removeAll { $0.number == number } } }

    // MARK: - The running side

    /// Whether somebody asked it to stop.
    var isCancelRequested: Bool { lock.withLock { wasCancelled } }

    func attach(_ task: Task<Void, Never>) {
        let isCancelled = lock.withLock {
            if !state.isFinal { self.task = task }
            return wasCancelled
        }
        if isCancelled { task.cancel() }
    }

    /// Tells the table of every change from now on; before it begins.
    func join(_ table: OperationTable) { lock.withLock { self.table = table } }

    func begin(_ time: Timestamp = .now()) {
        // Most commands never tell how far they are.
        change { state = .running }
        if let progress, progress.value != 0 { progress.publish(0, alarm: .none, at: time) }
    }

    func report(_ fraction: Double, _ message: String) {
        let isRunning = change {
            self.fraction = fraction
            if !message.isEmpty || details != nil { detail { $0.message = message } }
        }
        if isRunning { progress?.publish(fraction, alarm: .none, at: .now()) }
    }

    func emit(_ result: DataValue) {
        change {
            detail { details in
                if details.emitted.count == 1000 { details.emitted.removeFirst() }
                details.emitted.append(result)
            }
        }
    }

    func finish(_ result: Result<DataValue, DeviceError>, _ time: Timestamp = .now()) {
        let table = lock.withLock { self.table }
        var isLarge = false
        if case .success(let value) = result { isLarge = value.isLarger(than: Self.largeResult) }
        // The list first: who hears of the end finds it bounded.
        table?.ended(self)
        change {
            ended = time
            switch result {
            case .success(let value):
                state = .succeeded
                self.result = value
                fraction = 1
                if isLarge { keeper = table }
            case .failure(let error):
                state = error.code == .cancelled ? .cancelled : .failed
                detail { $0.error = error }
            }
        }
        if isLarge { table?.keepResult(of: self) }
    }

    /// - Returns: Whether it runs now.
    @discardableResult
    @inline(__always)
    private func change(_ body: () -> Void) -> Bool {
        var news: News?
        let isRunning = lock.withLock { () -> Bool in
            guard !state.isFinal else { return false }
            body()
            let isFinal = state.isFinal
            let isWatched = !observers.isEmpty || table?.isWatched == true
            if isWatched || isFinal && (!waiters.isEmpty || task != nil) {
                var some = News()
                some.table = table
                // A status is copied only where somebody looks at it.
                if isWatched { some.status = current }
                if isFinal {
                    swap(&some.observers, &observers)
                    swap(&some.waiters, &waiters)
                    swap(&some.task, &task)
                } else {
                    some.observers = observers
                }
                news = some
            }
            if isFinal { table = nil }
            return state == .running
        }
        if let news { tell(news) }
        return isRunning
    }

    private func tell(_ news: News) {
        if let status = news.status {
            news.table?.tell(self, status)
            for observer in news.observers { observer.handler(status) }
        }
        for waiter in news.waiters { waiter.resume() }
    }

    /// Whom to tell of a change once the lock is gone, and what is let go then.
    private struct News {
        var status: OperationStatus?
        var table: OperationTable?
        var observers: [(number: Int, handler: @Sendable (OperationStatus) -> Void)] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
        var task: Task<Void, Never>?
    }
}
