// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc

/// A counting semaphore for threads of our own; never waited on by a task.
///
/// `@unchecked Sendable`: POSIX allows every thread to post and wait, and the address never moves.
@safe
final class ThreadSemaphore: @unchecked Sendable {
    private let pointer: UnsafeMutablePointer<sem_t>

    init(count: UInt32 = 0) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: sem_t())
        unsafe sem_init(pointer, 0, count)
    }

    deinit {
        unsafe sem_destroy(pointer)
        unsafe pointer.deallocate()
    }

    func post() {
        unsafe sem_post(pointer)
    }

    func wait() {
        while unsafe sem_wait(pointer) != 0 && errno == EINTR {}
    }
}
