// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc
import Synchronization

/// One acquisition's way out of the camera's circular buffer.
///
/// Two threads share the work: the gate's copies images into the pool's blocks, in turns of a few batches; the camera's own hands them
/// on. So the next images are copied while the last are delivered, and no task is woken for an image.
final class FetchLoop: Sendable {
    /// Why the camera's thread returns to the task that drives it.
    enum Pause: Sendable {
        /// The first images are here; ``run()`` is to be called again once that was recorded.
        case began
        /// Everything was fetched; so many images the camera took in all.
        case over(total: Int)
    }

    /// What the loop's owner does with images.
    struct Consumer: Sendable {
        /// Hands images on; may block.
        let deliver: @Sendable (ImageBatch) -> Void
        /// Lets go of old images, because memory for new ones is needed; `false` when there are none.
        let makeRoom: @Sendable () -> Bool
        /// Called when no image came for a tenth of a second or so.
        let idle: @Sendable () -> Void
    }

    private enum Event: Sendable {
        case batch(ImageBatch)
        case turn(TurnEnd)
    }

    private enum TurnEnd: Sendable {
        case again, nothing
        case noMemory(newest: Int)
        case over(total: Int)
        case failed(DeviceError)
    }

    /// Whether a turn of the gate's thread is queued or runs.
    private enum Turn {
        static let due = 0
        static let queued = 1
        /// It ended with something that the camera's thread must look at first.
        static let answered = 2
    }

    /// Batches that may wait for delivery; then images wait in the camera's buffer.
    private static let ahead = 8
    /// So often a thread that knows of images on their way looks for them by itself before it wants to be woken.
    private static let naps = 20
    /// A turn ends after this time, or when anybody else waits for the gate.
    private static let turnNanoseconds: Int64 = 20_000_000
    /// How long a stop waits for memory that somebody holds.
    private static let patience = Duration.seconds(10)

    private let gate: SDKGate
    private let library: SDKLibrary
    private let handle: Int
    private let core: CameraCore
    private let running: RunningAcquisition
    private let reader: BufferReader
    private let consumer: Consumer
    private let events = Mailbox<Event>()
    private let waiting = Atomic<Int>(0)
    private let turn = Atomic<Int>(Turn.due)
    private let isCrowded = Atomic<Bool>(false)
    private let retrieved = Atomic<Int>(0)
    /// The first batch, while its arrival is recorded.
    private let held = Mutex<ImageBatch?>(nil)

    init(
        _ core: CameraCore, _ library: SDKLibrary, handle: Int, _ running: RunningAcquisition, _ reader: BufferReader,
        _ consumer: Consumer
    ) {
        gate = core.gate
        self.core = core
        self.library = library
        self.handle = handle
        self.running = running
        self.reader = reader
        self.consumer = consumer
    }

    /// Index of the last image that was fetched.
    var last: Int { retrieved.load(ordering: .acquiring) }

    // MARK: - On the camera's thread

    /// Fetches and hands on; blocks until there is something that only a task can do.
    func run() throws -> Pause {
        let first = held.withLock { held in
            defer { held = nil }
            return held
        }
        if let first { take(first) } else { request() }
        var withoutMemory: ContinuousClock.Instant?
        var naps = 0
        while true {
            switch events.next(naps: naps) {
            case .batch(let batch):
                withoutMemory = nil
                // More images wait in the camera's buffer: they are being copied now.
                naps = batch.waiting > batch.count ? Self.naps : 0
                if batch.first == batch.lost + 1, running.acquisition.record.state == .armed {
                    held.withLock { $0 = batch }
                    return .began
                }
                take(batch)
            case .turn(.again): request()
            case .turn(.nothing):
                try wait()
                consumer.idle()
                resume()
            case .turn(.noMemory(let newest)):
                if withoutMemory == nil { withoutMemory = .now }
                if running.isStopped, let since = withoutMemory, since.duration(to: .now) > Self.patience {
                    return .over(total: newest)
                }
                if !consumer.makeRoom() { usleep(1000) }
                resume()
            case .turn(.over(let total)): return .over(total: total)
            case .turn(.failed(let error)): throw error
            }
        }
    }

    private func take(_ batch: ImageBatch) {
        consumer.deliver(batch)
        let left = waiting.subtract(1, ordering: .acquiringAndReleasing).newValue
        if left <= Self.ahead / 2 { request() }
    }

    /// Waits for the next image outside the gate; at most a tenth of a second, because events do not queue.
    private func wait() throws {
        let status = try library.wait(handle: handle, milliseconds: 100) ?? library.waitForSelected(milliseconds: 20)
        guard status.isLoss else { return }
        throw status.error("WaitForAcquisition")
    }

    private func resume() {
        turn.store(Turn.due, ordering: .releasing)
        request()
    }

    /// Asks the gate for a turn, unless one is on the way.
    private func request() {
        guard turn.compareExchange(expected: Turn.due, desired: Turn.queued, ordering: .acquiringAndReleasing).exchanged
        else { return }
        // Whoever waited for the gate while images were copied comes before the next turn.
        let priority = isCrowded.load(ordering: .relaxed) ? TransportPriority.status : .data
        gate.enqueue("GetImages", camera: handle, library, priority) { [self] error in
            let end = error.map { TurnEnd.failed($0) } ?? work()
            if case .again = end {
                turn.store(Turn.due, ordering: .releasing)
            } else {
                turn.store(Turn.answered, ordering: .releasing)
            }
            events.post(.turn(end))
        }
    }

    // MARK: - On the gate's thread

    private func work() -> TurnEnd {
        let begin = Timestamp.monotonicNanoseconds()
        isCrowded.store(false, ordering: .relaxed)
        do {
            while true {
                if let end = try look() { return end }
                if gate.backlog > 1 {
                    isCrowded.store(true, ordering: .relaxed)
                    return .again
                }
                if Timestamp.monotonicNanoseconds() - begin > Self.turnNanoseconds { return .again }
            }
        } catch {
            return .failed(DeviceError(wrapping: error))
        }
    }

    /// - Returns: Why the turn ends; `nil` when it may go on.
    private func look() throws -> TurnEnd? {
        try core.requireOpen()
        if running.discards {
            return try library.int(.getStatus) == SDKStatus.idle.code ? .over(total: last) : .nothing
        }
        switch try reader.look(library, after: last, cooling: core.cooling) {
        case .images(let batch):
            let isFirst = last == 0
            retrieved.store(batch.last, ordering: .releasing)
            let number = waiting.add(1, ordering: .acquiringAndReleasing).newValue
            events.post(.batch(batch))
            return isFirst || number >= Self.ahead ? .again : nil
        case .nothing: return .nothing
        case .noMemory(let newest): return .noMemory(newest: newest)
        case .over(let total): return .over(total: total)
        }
    }
}

/// Values from any thread to one thread that waits for them.
final class Mailbox<Value: Sendable>: Sendable {
    private struct State {
        var values: [Value] = []
        var isAsleep = false
    }

    /// Microseconds; the system makes some 75 of it, about the time of copying a batch.
    private static var nap: UInt32 { 20 }

    private let state = Mutex(State())
    private let semaphore = CountingSemaphore()

    func post(_ value: Value) {
        let wakes = state.withLock { state in
            state.values.append(value)
            defer { state.isAsleep = false }
            return state.isAsleep
        }
        if wakes { semaphore.post() }
    }

    /// Blocks until there is one.
    ///
    /// To wake a thread costs the one that does it some 10 µs; where values come in quick succession, this one need not be woken.
    /// - Parameter naps: So often it looks again after a short sleep of its own first.
    func next(naps: Int = 0) -> Value {
        var naps = naps
        while true {
            let (value, mayNap) = state.withLock { state -> (Value?, Bool) in
                if !state.values.isEmpty { return (state.values.removeFirst(), false) }
                state.isAsleep = naps == 0
                return (nil, naps > 0)
            }
            if let value { return value }
            if mayNap {
                naps -= 1
                usleep(Self.nap)
            } else {
                semaphore.wait()
            }
        }
    }
}

/// The C library's semaphore: made to be shared between threads.
@safe
final class CountingSemaphore: @unchecked Sendable {  // sound: sem_t at a fixed address
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

    func post() { _ = unsafe sem_post(semaphore) }
    func wait() { while unsafe sem_wait(semaphore) != 0 {} }
}
