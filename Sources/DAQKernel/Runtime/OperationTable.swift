// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The operations that run and the last that ended, so that any frontend can list, watch and cancel them.
public final class OperationTable: Sendable {
    /// Large results that are kept at most, when nobody takes them; see ``Operation/takeResult()``.
    public static let largeResults = 4

    private struct State {
        /// Each knows its place here; that of one that ended is used again.
        var running: [Operation?] = []
        var vacant: [Int] = []
        /// Those whose large results nobody took yet, oldest first.
        var large: [Operation] = []
        /// The last that ended, in a ring: where the next one goes, and what is there.
        var ended: [Operation] = []
        var place = 0
        var observers: [Int: @Sendable (Operation, OperationStatus) -> Void] = [:]
        var next = 0
    }

    private let keep: Int
    private let state = Mutex(State())
    private let watchers = Atomic<Int>(0)

    init(keep: Int = 1000) { self.keep = max(1, keep) }

    /// All that are known, newest first.
    public var all: [Operation] {
        state.withLock { $0.running.compactMap { $0 } + $0.ended }.sorted { $0.id > $1.id }
    }

    /// The operation of a number.
    public func operation(_ id: UInt64) -> Operation? {
        state.withLock { state in
            state.running.first { $0?.id == id } ?? state.ended.first { $0.id == id }
        }
    }

    /// Calls `handler` at every change of any operation, on the thread of the change: it must not block.
    /// - Returns: A number for ``removeObserver(_:)``.
    public func observe(_ handler: @escaping @Sendable (Operation, OperationStatus) -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.observers[state.next] = handler
            watchers.store(state.observers.count, ordering: .releasing)
            return state.next
        }
    }

    /// Ends what ``observe(_:)`` began.
    public func removeObserver(_ number: Int) {
        let removed = state.withLock { state in
            defer { watchers.store(state.observers.count, ordering: .releasing) }
            return state.observers.removeValue(forKey: number)
        }
        withExtendedLifetime(removed) {}
    }

    /// Whether anybody observes.
    var isWatched: Bool { watchers.load(ordering: .acquiring) > 0 }

    func add(_ operation: Operation) {
        state.withLock { state in
            if let place = state.vacant.popLast() {
                operation.place = place
                state.running[place] = operation
            } else {
                operation.place = state.running.count
                state.running.append(operation)
            }
        }
        operation.join(self)
        if isWatched { tell(operation, operation.status) }
    }

    /// The running ones of a device.
    func running(device: String) -> [Operation] {
        state.withLock { $0.running.compactMap { $0 } }.filter { $0.device == device && !$0.status.state.isFinal }
    }

    /// Moves an operation to those that ended.
    func ended(_ operation: Operation) {
        let forgotten: Operation? = state.withLock { state in
            state.running[operation.place] = nil
            state.vacant.append(operation.place)
            guard state.ended.count == keep else {
                state.ended.append(operation)
                return nil
            }
            defer {
                state.ended[state.place] = operation
                state.place = (state.place + 1) % keep
            }
            return state.ended[state.place]
        }
        withExtendedLifetime(forgotten) {}
    }

    /// Keeps a large result for a while; the oldest that nobody took goes.
    func keepResult(of operation: Operation) {
        let old = state.withLock { state -> Operation? in
            // Its caller may have been quicker.
            guard operation.isResultKept else { return nil }
            state.large.append(operation)
            return state.large.count > Self.largeResults ? state.large.removeFirst() : nil
        }
        old?.dropResult()
    }

    /// A large result was taken.
    func forgetResult(of operation: Operation) { state.withLock { $0.large.removeAll { $0 === operation } } }

    /// Tells those who observe.
    func tell(_ operation: Operation, _ status: OperationStatus) {
        let observers = state.withLock { Array($0.observers.values) }
        for observer in observers { observer(operation, status) }
    }
}
