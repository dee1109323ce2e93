// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// What a running command tells the world and asks of it; the first argument of every command's body.
public final class Progress: Sendable {
    /// Who called.
    public let origin: Origin
    private let operation: Operation
    /// Whether the body has a task of its own, which others can cancel.
    private let hasTask: Bool

    init(operation: Operation, hasTask: Bool = true) {
        self.operation = operation
        self.hasTask = hasTask
        origin = operation.origin
    }

    /// The running operation's number.
    public var operationID: UInt64 { operation.id }

    /// Says how far it is: 0 to 1, and one short sentence.
    public func report(_ fraction: Double, _ message: String = "") {
        operation.report(min(max(fraction, 0), 1), message)
    }

    /// Hands out an intermediate result, for protocols that answer more than once.
    public func emit(_ result: DataValue) { operation.emit(result) }

    /// Waits; ends at once when the operation is cancelled.
    public func sleep(seconds: Double) async throws {
        try await Task.sleep(nanoseconds: UInt64(max(0, min(seconds, 1e9)) * 1e9))
    }

    /// Throws when the operation was cancelled.
    public func checkCancellation() throws {
        if operation.isCancelRequested { throw CancellationError() }
        if hasTask { try Task.checkCancellation() }
    }
}
