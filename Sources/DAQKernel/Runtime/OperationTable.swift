// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// The operations that run and the last that ended, so that any frontend can list, watch and cancel them.
public final class OperationTable: Sendable {
    private struct State {
        var operations: [UInt64: Operation] = [:]
        var ended: [UInt64] = []
        var observers: [Int: @Sendable (Operation, OperationStatus) -> Void] = [:]
        var next = 0
    }

    private let keep: Int
    private let state = Mutex(State())

    init(keep: Int = 1000) { self.keep = keep }

    /// All that are known, newest first.
    public var all: [Operation] { state.withLock { Array($0.operations.values) }.sorted { $0.id > $1.id } }

    /// The operation of a number.
    public func operation(_ id: UInt64) -> Operation? { state.withLock { $0.operations[id] } }

    /// Calls `handler` at every change of any operation, on the thread of the change: it must not block.
    /// - Returns: A number for ``removeObserver(_:)``.
    public func observe(_ handler: @escaping @Sendable (Operation, OperationStatus) -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.observers[state.next] = handler
            return state.next
        }
    }

    /// Ends what ``observe(_:)`` began.
    public func removeObserver(_ number: Int) { _ = state.withLock { $0.observers.removeValue(forKey: number) } }

    func add(_ operation: Operation) {
        state.withLock { $0.operations[operation.id] = operation }
        operation.observe { [weak self, unowned operation] status in self?.changed(operation, status) }
    }

    /// The running ones of a device.
    func running(device: String) -> [Operation] {
        state.withLock { $0.operations.values.filter { $0.device == device && !$0.status.state.isFinal } }
    }

    private func changed(_ operation: Operation, _ status: OperationStatus) {
        let observers = state.withLock { state in
            if status.state.isFinal {
                state.ended.append(operation.id)
                if state.ended.count > keep { state.operations[state.ended.removeFirst()] = nil }
            }
            return Array(state.observers.values)
        }
        for observer in observers { observer(operation, status) }
    }
}
