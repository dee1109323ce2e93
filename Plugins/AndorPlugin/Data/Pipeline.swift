// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Images that wait to be fetched: oldest first, bounded in number and bytes, drops counted.
///
/// The camera has one that all clients share, as the Python driver had; a client may have one of its own.
final class Pipeline: Sendable {
    /// How much waits at most.
    struct Bounds: Sendable, Equatable {
        var images = 256
        var bytes = 512 << 20
    }

    private struct Waiter {
        let key: Int
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var images: [CameraImage] = []
        var head = 0
        var bytes = 0
        var dropped: UInt64 = 0
        var delivered: UInt64 = 0
        var last: (acquisition: String, index: Int)?
        var waiters: [Waiter] = []
        var nextWaiter = 0
        var isClosed = false
        var touched = ContinuousClock.now

        var count: Int { images.count - head }
    }

    let bounds: Bounds
    private let state = Mutex(State())

    init(_ bounds: Bounds) { self.bounds = bounds }

    /// Images waiting.
    var count: Int { state.withLock { $0.count } }
    /// Images that nobody fetched in time.
    var dropped: UInt64 { state.withLock { $0.dropped } }
    /// Images that were fetched.
    var delivered: UInt64 { state.withLock { $0.delivered } }
    /// Whether the next image would push one out.
    var isFull: Bool { state.withLock { $0.count >= bounds.images || $0.bytes >= bounds.bytes } }
    /// When somebody last asked.
    var touched: ContinuousClock.Instant { state.withLock { $0.touched } }

    /// Adds images; the oldest give way.
    /// - Returns: Images of the same acquisition that were pushed out.
    func push(_ images: [CameraImage]) -> Int {
        var lost = 0
        let ready = state.withLock { state -> [Waiter] in
            guard !state.isClosed else { return [] }
            for image in images {
                state.images.append(image)
                state.bytes += image.context.bytes
                while state.count > 1, state.count > bounds.images || state.bytes > bounds.bytes {
                    let old = Self.take(&state)
                    state.dropped += 1
                    if old.context === image.context { lost += 1 }
                }
            }
            let count = state.count
            let ready = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
        return lost
    }

    private static func take(_ state: inout State) -> CameraImage {
        let image = state.images[state.head]
        state.head += 1
        state.bytes -= image.context.bytes
        if state.head > 64, state.head * 2 > state.images.count {
            state.images.removeFirst(state.head)
            state.head = 0
        }
        return image
    }

    /// An image, and how many of its acquisition were lost since the one fetched before.
    struct Fetched: Sendable {
        let image: CameraImage
        let lostBefore: Int
    }

    /// The oldest images, at most so many; empty when there is none.
    func fetch(_ count: Int) -> [Fetched] {
        state.withLock { state in
            state.touched = .now
            var fetched: [Fetched] = []
            while fetched.count < count, state.count > 0 {
                let image = Self.take(&state)
                let before = state.last?.acquisition == image.context.acquisition ? state.last?.index ?? 0 : 0
                state.last = (image.context.acquisition, image.index)
                fetched.append(Fetched(image: image, lostBefore: max(0, image.index - before - 1)))
            }
            state.delivered += UInt64(fetched.count)
            return fetched
        }
    }

    /// Waits until so many images are there, the time is over, the pipeline closed or the task cancelled; then fetches what there is.
    func fetch(_ count: Int, atLeast: Int, within seconds: Double) async -> [Fetched] {
        if seconds > 0 { await wait(for: atLeast, seconds: seconds) }
        return fetch(count)
    }

    private func wait(for count: Int, seconds: Double) async {
        let key = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let alarm = Task {
            try await Task.sleep(for: .seconds(min(seconds, 86400)))
            self.wake(key)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.count >= count || state.isClosed || Task.isCancelled { return true }
                    state.waiters.append(Waiter(key: key, count: count, continuation: continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake(key)
        }
        alarm.cancel()
    }

    private func wake(_ key: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.key == key }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume()
    }

    /// Gives images back that were fetched last and not used; they come first again.
    func putBack(_ fetched: [Fetched]) {
        guard !fetched.isEmpty else { return }
        state.withLock { state in
            state.images.removeFirst(state.head)
            state.head = 0
            state.images.insert(contentsOf: fetched.map(\.image), at: 0)
            state.bytes += fetched.reduce(0) { $0 + $1.image.context.bytes }
            state.delivered -= UInt64(fetched.count)
            if let first = fetched.first {
                state.last = (first.image.context.acquisition, first.image.index - 1 - first.lostBefore)
            }
        }
    }

    /// Forgets what waits.
    /// - Returns: How many images that were.
    @discardableResult
    func clear() -> Int {
        state.withLock { state in
            defer {
                state.images = []
                state.head = 0
                state.bytes = 0
            }
            return state.count
        }
    }

    /// Lets every waiter go; nothing is taken any more.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
    }
}

/// Pipelines that clients opened for themselves, so that nobody's fetch takes another's images.
final class PipelineTable: Sendable {
    private let state = Mutex<(next: Int, open: [Int: Pipeline])>((1, [:]))
    static let limit = 64
    static let idle = Duration.seconds(600)

    /// - Throws: ``DeviceError/Code/busy`` when too many are open.
    func open(_ bounds: Pipeline.Bounds) throws(DeviceError) -> Int {
        let number: Int? = state.withLock { state in
            state.open = state.open.filter { $0.value.touched.duration(to: .now) < Self.idle }
            guard state.open.count < Self.limit else { return nil }
            defer { state.next += 1 }
            state.open[state.next] = Pipeline(bounds)
            return state.next
        }
        guard let number else {
            throw DeviceError(
                .busy, "\(Self.limit) subscriptions are open already; end one by unsubscribe_images first")
        }
        return number
    }

    /// - Throws: ``DeviceError/Code/notFound`` when it was never opened, ended, or idle for ten minutes.
    subscript(_ number: Int) -> Pipeline {
        get throws(DeviceError) {
            guard let pipeline = state.withLock({ $0.open[number] }) else {
                throw DeviceError(.notFound, "there is no subscription \(number); open one by subscribe_images")
            }
            return pipeline
        }
    }

    func close(_ number: Int) throws(DeviceError) {
        try self[number].close()
        state.withLock { state in _ = state.open.removeValue(forKey: number) }
    }

    var all: [Pipeline] { state.withLock { Array($0.open.values) } }
}
