// Part of daqd
// SPDX-License-Identifier: MIT

import CEpoll
import Glibc
import Synchronization

/// Waits for sockets, and for other threads that have something to say.
@safe
final class Poller: @unchecked Sendable {  // sound: `events` is touched by the waiting thread only
    /// What a socket is ready for.
    struct Ready {
        var id: UInt64
        var canRead: Bool
        var canWrite: Bool
        var isBroken: Bool
    }

    static let wakeID = UInt64.max
    private static let capacity = 256

    private let epoll: Int32
    private let bell: Int32
    private let isRung = Atomic<Bool>(false)
    private let events: UnsafeMutablePointer<epoll_event>

    init() throws(SocketError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SocketError("epoll") }
        bell = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        unsafe events = .allocate(capacity: Self.capacity)
        guard bell >= 0 else { throw SocketError("eventfd") }
        watch(bell, id: Self.wakeID)
    }

    deinit {
        close(epoll)
        close(bell)
        unsafe events.deallocate()
    }

    func watch(_ descriptor: Int32, id: UInt64, read: Bool = true, write: Bool = false) {
        control(EPOLL_CTL_ADD, descriptor, id, read, write)
    }

    func change(_ descriptor: Int32, id: UInt64, read: Bool, write: Bool) {
        control(EPOLL_CTL_MOD, descriptor, id, read, write)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ id: UInt64, _ read: Bool, _ write: Bool) {
        var event = unsafe epoll_event()
        unsafe event.events = (read ? EPOLLIN.rawValue : 0) | (write ? EPOLLOUT.rawValue : 0)
        unsafe event.data.u64 = id
        _ = unsafe epoll_ctl(epoll, operation, descriptor, &event)
    }

    /// Wakes the waiting thread, from any thread; does nothing when it was woken already.
    /// - Parameter isInside: Whether the caller is the waiting thread, which then looks before it waits.
    func ring(isInside: Bool = false) {
        guard !isRung.exchange(true, ordering: .acquiringAndReleasing), !isInside else { return }
        var one: UInt64 = 1
        _ = unsafe write(bell, &one, 8)
    }

    /// Waits, and hands over what is ready.
    /// - Parameter milliseconds: Longest wait; -1 for no limit.
    /// - Returns: Whether somebody rang since the last wait.
    func wait(milliseconds: Int32, _ visit: (Ready) -> Void) -> Bool {
        let isExpected = isRung.load(ordering: .acquiring)
        let count = unsafe epoll_wait(epoll, events, Int32(Self.capacity), isExpected ? 0 : milliseconds)
        let wasRung = isRung.exchange(false, ordering: .acquiringAndReleasing)
        for index in 0..<max(0, Int(count)) {
            let (id, flags) = unsafe (events[index].data.u64, events[index].events)
            guard id != Self.wakeID else {
                var number: UInt64 = 0
                _ = unsafe read(bell, &number, 8)
                continue
            }
            visit(
                Ready(
                    id: id, canRead: flags & EPOLLIN.rawValue != 0, canWrite: flags & EPOLLOUT.rawValue != 0,
                    isBroken: flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0))
        }
        return wasRung
    }
}
