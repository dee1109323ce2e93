// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Calls that wait for a disk or a library, on a thread of their own, so that no task's thread waits.
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
