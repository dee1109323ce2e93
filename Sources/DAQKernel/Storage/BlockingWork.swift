// Part of daqd
// SPDX-License-Identifier: MIT

/// Runs work that waits for a disk on threads of its own, so that the cooperative threads stay free.
enum BlockingWork {
    private static let threads = (1...4).map { SerialThread(name: "daqd-files-\($0)") }

    /// Runs the work on the least busy of four threads and gives back what it gave.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let thread = threads.min { $0.backlog < $1.backlog } ?? threads[0]
        return try await thread.run(.control, work)
    }
}
