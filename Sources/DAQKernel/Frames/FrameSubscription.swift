// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// One consumer's queue of frames.
public final class FrameSubscription: Sendable {
    private struct State {
        /// Waiting frames are those from `head` on.
        var queue: [Frame] = []
        var head = 0
        var waiter: Waiter?
        var dropped: UInt64 = 0
        var delivered: UInt64 = 0
        var isCancelled = false

        /// Stands where a frame was.
        private static let gone = Frame(shape: [], elementType: .uint8, channel: "", index: 0, buffer: FrameBuffer([]))

        var count: Int { queue.count - head }

        /// The oldest frames, at most so many.
        mutating func take(_ most: Int) -> [Frame] {
            let number = min(max(most, 1), count)
            delivered += UInt64(number)
            if head == 0, number == queue.count {
                defer { queue = [] }
                return queue
            }
            let taken = Array(queue[head..<head + number])
            // Taken frames must not stay alive here; moving the rest up now and then costs little for each.
            for place in head..<head + number { queue[place] = Self.gone }
            head += number
            if head == queue.count || head >= 32 || head * 2 >= queue.count {
                queue.removeFirst(head)
                head = 0
            }
            return taken
        }
    }

    private struct Waiter {
        let most: Int
        let continuation: CheckedContinuation<[Frame], Never>
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
    public func next() async -> Frame? { await next(atMost: 1).first }

    /// Waits until there is a frame, then takes those that wait, at most so many; none after ``cancel()`` or when the waiting task
    /// is cancelled.
    ///
    /// For consumers that keep up with thousands of frames in a second.
    public func next(atMost most: Int) async -> [Frame] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate: [Frame]? = state.withLock { state in
                    if state.isCancelled { return [] }
                    if state.count > 0 { return state.take(most) }
                    state.waiter = Waiter(most: max(most, 1), continuation: continuation)
                    return nil
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
            (state.queue, state.head) = ([], 0)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.continuation.resume(returning: [])
        room.signal()
    }

    func push(_ frame: Frame) { push(contentsOf: [frame]) }

    func push(contentsOf frames: [Frame]) {
        var rest = frames[...]
        while !rest.isEmpty {
            let (waiter, given) = state.withLock { state -> (Waiter?, [Frame]) in
                if state.isCancelled {
                    rest = []
                    return (nil, [])
                }
                if let waiter = state.waiter {
                    state.waiter = nil
                    let given = Array(rest.prefix(waiter.most))
                    rest = rest.dropFirst(given.count)
                    state.delivered += UInt64(given.count)
                    return (waiter, given)
                }
                rest = rest.dropFirst(Self.enqueue(rest, delivery, &state))
                return (nil, [])
            }
            if let waiter {
                waiter.continuation.resume(returning: given)
            } else if !rest.isEmpty {
                room.wait()
            }
        }
    }

    /// - Returns: How many of the frames were dealt with; the source waits for room for the others.
    private static func enqueue(_ frames: ArraySlice<Frame>, _ delivery: FrameDelivery, _ state: inout State) -> Int {
        switch delivery {
        case .newest:
            state.dropped += UInt64(state.count + frames.count - 1)
            state.queue.removeAll(keepingCapacity: true)
            state.head = 0
            state.queue.append(contentsOf: frames.suffix(1))
            return frames.count
        case .everyDropping(let capacity):
            let room = max(0, capacity - state.count)
            state.queue.append(contentsOf: frames.prefix(room))
            state.dropped += UInt64(max(0, frames.count - room))
            return frames.count
        case .everyBlocking(let capacity):
            let room = min(max(0, capacity - state.count), frames.count)
            state.queue.append(contentsOf: frames.prefix(room))
            return room
        }
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
