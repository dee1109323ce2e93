// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// A gate that opens once; those who wait at it go on.
@safe
final class Gate: @unchecked Sendable {  // sound: a semaphore is made to be shared
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        _ = unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        _ = unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func open() { _ = unsafe sem_post(semaphore) }

    /// Waits until it is open, in ten seconds at most.
    func wait() {
        var limit = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += 10
        while unsafe sem_timedwait(semaphore, &limit) != 0, errno == EINTR {}
    }
}
