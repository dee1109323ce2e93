// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A thread of an operation's own, for work that waits for disks or computes for long.
///
/// It runs inside the caller's task, so that the work can ask whether it was cancelled.
actor Workbench {
    private let thread: SerialThread

    init(_ name: String) { thread = SerialThread(name: name) }

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// Runs the work on the thread, after what came before.
    func run<Value: Sendable>(_ work: @Sendable () throws -> Value) throws -> Value { try work() }
}
