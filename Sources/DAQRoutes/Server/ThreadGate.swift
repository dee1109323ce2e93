// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// A semaphore for one waiting thread.
// Sendable because a POSIX semaphore is made to be shared; the pointer never changes.
@safe final class ThreadGate: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    /// Lets one ``pass()`` through, now or later.
    func open() { unsafe sem_post(semaphore) }

    /// Waits for one ``open()``.
    func pass() {
        while unsafe sem_wait(semaphore) != 0 {}
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }
}
