// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Runs a task at once on the thread that makes it, as far as its first wait; the rest runs where other tasks do.
///
/// `Task.immediate` does so only on threads of tasks; frontends have threads of their own.
final class FirstStepExecutor: TaskExecutor {
    private let hasBegun = Atomic<Bool>(false)

    func enqueue(_ job: consuming ExecutorJob) {
        if hasBegun.exchange(true, ordering: .relaxed) {
            globalConcurrentExecutor.enqueue(job)
        } else {
            unsafe UnownedJob(job).runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
