// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// A lock for a few instructions: the path of every publish and of every queued update.
///
/// The library's `Mutex` asks for the thread's number each time, which is a third of a publish. This one is a word that
/// is swapped; whoever finds it taken looks again for a moment, then lets other threads run, then sleeps briefly.
struct HotLock: ~Copyable, Sendable {
    private let word = Atomic<Bool>(false)

    /// Runs the body alone; the body must be short, must not block and must not take this lock again.
    @inline(__always)
    borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if word.exchange(true, ordering: .acquiring) { wait() }
        defer { word.store(false, ordering: .releasing) }
        return try body()
    }

    @inline(never)
    private borrowing func wait() {
        var tries = 0
        while true {
            if !word.load(ordering: .relaxed), !word.exchange(true, ordering: .acquiring) { return }
            tries += 1
            if tries < 100 { continue }
            if tries < 200 {
                sched_yield()
            } else {
                usleep(50)
            }
        }
    }
}
