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
    /// The result, once succeeded.
    public var result = DataValue.null
    /// The error, once failed or cancelled.
    public var error: DeviceError?
    /// Intermediate results, in order; at most the last 1000.
    public var emitted: [DataValue] = []
    /// When it ended.
    public var ended: Timestamp?
}

/// One call of a command: it can be watched, awaited and cancelled, also by someone other than the caller.
public final class Operation: Sendable {
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

    private struct State {
        var status = OperationStatus()
        var task: Task<Void, Never>?
        var isCancelRequested = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var observers: [Int: @Sendable (OperationStatus) -> Void] = [:]
        var nextObserver = 0
    }

    private static let counter = Atomic<UInt64>(0)
    private let state = Mutex(State())

    init(device: String, command: String, origin: Origin) {
        id = Self.counter.add(1, ordering: .relaxed).newValue
        self.device = device
        self.command = command
        self.origin = origin
    }

    /// Where it stands now.
    public var status: OperationStatus { state.withLock { $0.status } }

    /// Waits for the end, however it comes.
    ///
    /// A cancelled caller goes on waiting; the operation does not hear of it.
    public func end() async -> OperationStatus {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.status.state.isFinal { state.waiters.append(continuation) }
                return state.status.state.isFinal
            }
            if isOver { continuation.resume() }
        }
        return status
    }

    /// Waits for the result.
    /// - Throws: What the command's body threw.
    public func result() async throws(DeviceError) -> DataValue {
        let status = await end()
        if let error = status.error { throw error }
        return status.result
    }

    /// Asks the body to stop; it ends when it has stopped safely.
    public func cancel() {
        let task = state.withLock { state in
            state.isCancelRequested = true
            return state.task
        }
        task?.cancel()
    }

    /// Calls `handler` after every change, on the thread of the change, until it ended: it must not block.
    /// - Returns: A number for ``removeObserver(_:)``.
    @discardableResult
    public func observe(_ handler: @escaping @Sendable (OperationStatus) -> Void) -> Int {
        let (number, status) = state.withLock { state in
            state.nextObserver += 1
            if !state.status.state.isFinal { state.observers[state.nextObserver] = handler }
            return (state.nextObserver, state.status)
        }
        handler(status)
        return number
    }

    /// Ends what ``observe(_:)`` began.
    public func removeObserver(_ number: Int) { _ = state.withLock { $0.observers.removeValue(forKey: number) } }

    // MARK: - The running side

    func attach(_ task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            if !state.status.state.isFinal { state.task = task }
            return state.isCancelRequested
        }
        if isCancelled { task.cancel() }
    }

    func begin() { change { $0.state = .running } }

    func report(_ fraction: Double, _ message: String) {
        change {
            $0.fraction = fraction
            $0.message = message
        }
    }

    func emit(_ result: DataValue) {
        change { status in
            if status.emitted.count == 1000 { status.emitted.removeFirst() }
            status.emitted.append(result)
        }
    }

    func finish(_ result: Result<DataValue, DeviceError>) {
        change { status in
            status.ended = .now()
            switch result {
            case .success(let value):
                status.state = .succeeded
                status.result = value
                status.fraction = 1
            case .failure(let error):
                status.state = error.code == .cancelled ? .cancelled : .failed
                status.error = error
            }
        }
    }

    private func change(_ body: (inout OperationStatus) -> Void) {
        let change = state.withLock { state in
            guard !state.status.state.isFinal else { return Change(status: state.status) }
            body(&state.status)
            var change = Change(status: state.status, observers: Array(state.observers.values))
            if state.status.state.isFinal {
                swap(&change.waiters, &state.waiters)
                state.observers = [:]
                state.task = nil
            }
            return change
        }
        for observer in change.observers { observer(change.status) }
        for waiter in change.waiters { waiter.resume() }
    }

    /// Whom to tell of a change once the lock is gone.
    private struct Change {
        var status: OperationStatus
        var observers: [@Sendable (OperationStatus) -> Void] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
}
