// Part of daqd
// SPDX-License-Identifier: MIT

/// A call that waits for a disk or a library, on a thread of its own, so that no task's thread waits.
///
/// A call that hangs, on a disk that went away, holds up nobody else. What must happen one after the other belongs on a
/// ``SerialThread``.
public enum BlockingCall {
    /// Runs the call on a new thread and gives back what it gave; for calls that are rare and long, not for hot paths.
    /// - Parameter name: At most 15 bytes, for profilers.
    /// - Throws: What the call threw, or ``DeviceError`` when the system gives no thread.
    public static func run<Value: Sendable>(
        _ name: String = "daqd-blocking", _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isStarted = NamedThread.start(name) { continuation.resume(with: Result { try body() }) }
            if !isStarted {
                continuation.resume(throwing: DeviceError(.failed, "the system gave no thread for \(name)"))
            }
        }
    }
}
