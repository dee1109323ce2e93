// Part of daqd
// SPDX-License-Identifier: MIT

/// Runs work that waits for a disk on threads of its own, so that the cooperative threads stay free.
enum BlockingWork {
    private static let threads = [SerialThread(name: "daqd-files-1"), SerialThread(name: "daqd-files-2")]

    /// Runs the work on the less busy of two threads and gives back what it gave.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let thread = threads.min { $0.backlog < $1.backlog } ?? threads[0]
        return try await withCheckedThrowingContinuation { continuation in
            thread.perform { continuation.resume(with: Result(catching: work)) }
        }
    }
}
