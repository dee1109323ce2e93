// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// A counting semaphore for threads of our own; never waited on by a task.
@safe
public final class ThreadSemaphore: @unchecked Sendable {  // every thread may post and wait, the address never moves
    private let semaphore: UnsafeMutablePointer<sem_t>

    /// A semaphore that nobody has posted yet.
    public init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Lets one wait through, now or later.
    public func post() { unsafe sem_post(semaphore) }

    /// Waits for one post.
    public func wait() { while unsafe sem_wait(semaphore) != 0 {} }

    /// Waits for one post, but no longer than a number of seconds.
    /// - Returns: Whether there was one.
    @discardableResult
    public func wait(seconds: Int) -> Bool {
        var limit = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += seconds
        while unsafe sem_timedwait(semaphore, &limit) != 0 {
            if errno != EINTR { return false }
        }
        return true
    }
}
