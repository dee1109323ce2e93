// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// One consumer's queue of frames.
public final class FrameSubscription: Sendable {
    private struct State {
        var queue: [Frame] = []
        var waiter: CheckedContinuation<Frame?, Never>?
        var dropped: UInt64 = 0
        var delivered: UInt64 = 0
        var isCancelled = false
    }

    private let delivery: FrameDelivery
    private let state = Mutex(State())
    private let room = Semaphore()

    init(_ delivery: FrameDelivery) { self.delivery = delivery }

    /// Frames that this consumer never got.
    public var dropped: UInt64 { state.withLock { $0.dropped } }

    /// Frames that this consumer got.
    public var delivered: UInt64 { state.withLock { $0.delivered } }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Waits for the next frame; `nil` after ``cancel()`` or when the waiting task is cancelled.
    public func next() async -> Frame? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate: Frame?? = state.withLock { state in
                    if state.isCancelled { return .some(nil) }
                    guard state.queue.isEmpty else {
                        state.delivered += 1
                        return .some(state.queue.removeFirst())
                    }
                    state.waiter = continuation
                    return .none
                }
                if let immediate {
                    room.signal()
                    continuation.resume(returning: immediate)
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Ends the subscription and frees a source that waits for room.
    public func cancel() {
        let waiter = state.withLock { state in
            state.isCancelled = true
            state.queue = []
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
        room.signal()
    }

    func push(_ frame: Frame) {
        while true {
            let (waiter, isDone) = state.withLock { state -> (CheckedContinuation<Frame?, Never>?, Bool) in
                if state.isCancelled { return (nil, true) }
                if let waiter = state.waiter {
                    state.waiter = nil
                    state.delivered += 1
                    return (waiter, true)
                }
                return (nil, Self.enqueue(frame, delivery, &state))
            }
            waiter?.resume(returning: frame)
            if isDone { return }
            room.wait()
        }
    }

    /// - Returns: Whether the frame was dealt with; if not, the source waits for room.
    private static func enqueue(_ frame: Frame, _ delivery: FrameDelivery, _ state: inout State) -> Bool {
        switch delivery {
        case .newest:
            if !state.queue.isEmpty {
                state.dropped += UInt64(state.queue.count)
                state.queue.removeAll(keepingCapacity: true)
            }
            state.queue.append(frame)
        case .everyDropping(let capacity) where state.queue.count >= capacity: state.dropped += 1
        case .everyBlocking(let capacity) where state.queue.count >= capacity: return false
        case .everyDropping, .everyBlocking: state.queue.append(frame)
        }
        return true
    }
}

/// A counting semaphore of the C library: the frame thread waits on it, never a task.
@safe
private final class Semaphore: @unchecked Sendable {  // sound: sem_t is made for use by several threads
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { unsafe sem_init(semaphore, 0, 0) }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func signal() { unsafe sem_post(semaphore) }

    func wait() {
        while unsafe sem_wait(semaphore) != 0, errno == EINTR {}
    }
}
