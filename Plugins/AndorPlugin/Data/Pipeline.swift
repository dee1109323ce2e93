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
        /// Images that wait are those of the runs from `head` on; what was taken before is let go at once, with its memory.
        var runs: [ImageRun?] = []
        var head = 0
        var count = 0
        var bytes = 0
        var dropped: UInt64 = 0
        var delivered: UInt64 = 0
        var last: (acquisition: String, index: Int)?
        var waiters: [Waiter] = []
        var nextWaiter = 0
        var isClosed = false
        var touched = ContinuousClock.now

        /// The oldest images, neighbours of one batch, at most so many; only when there is one.
        mutating func take(_ most: Int) -> ImageRun {
            guard var rest = runs[head] else { preconditionFailure("a run that waits is there") }
            let taken = rest.take(most)
            count -= taken.count
            bytes -= taken.bytes
            runs[head] = rest.count > 0 ? rest : nil
            if rest.count == 0 { head += 1 }
            if head == runs.count || head >= 64 && head * 2 >= runs.count {
                runs.removeFirst(head)
                head = 0
            }
            return taken
        }

        mutating func append(_ run: ImageRun) {
            runs.append(run)
            count += run.count
            bytes += run.bytes
        }

        mutating func clear() { (runs, head, count, bytes) = ([], 0, 0, 0) }
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
    /// Images of a size that can be added before one gives way; an empty pipeline takes one of any size.
    func room(imageBytes: Int) -> Int {
        let (count, bytes) = state.withLock { ($0.count, $0.bytes) }
        let room = min(bounds.images - count, (bounds.bytes - bytes) / max(imageBytes, 1))
        return count == 0 ? max(1, room) : max(0, room)
    }
    /// When somebody last asked.
    var touched: ContinuousClock.Instant { state.withLock { $0.touched } }

    /// Adds images; the oldest give way.
    /// - Returns: Images of the same acquisition that were pushed out.
    func push(_ run: ImageRun) -> Int {
        var gone: [ImageRun] = []
        let (lost, ready) = state.withLock { state -> (Int, [Waiter]) in
            guard !state.isClosed else { return (0, []) }
            state.append(run)
            let lost = Self.trim(&state, to: bounds, run.batch.context, &gone)
            let count = state.count
            let ready = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return (lost, ready)
        }
        for waiter in ready { waiter.continuation.resume() }
        withExtendedLifetime(gone) {}
        return lost
    }

    /// - Returns: Images of an acquisition that had to go.
    private static func trim(
        _ state: inout State, to bounds: Bounds, _ context: ImageContext, _ gone: inout [ImageRun]
    ) -> Int {
        var lost = 0
        while state.count > 1, state.count > bounds.images || state.bytes > bounds.bytes {
            let size = max(1, state.runs[state.head]?.batch.context.bytes ?? 1)
            let surplus = max(state.count - bounds.images, (state.bytes - bounds.bytes + size - 1) / size)
            let old = state.take(min(max(1, surplus), state.count - 1))
            state.dropped += UInt64(old.count)
            if old.batch.context === context { lost += old.count }
            gone.append(old)
        }
        return lost
    }

    /// The oldest images of one batch give way, because their memory is needed.
    /// - Returns: How many of an acquisition; `nil` when nothing was left to go.
    func dropOldest(of context: ImageContext) -> Int? {
        let old = state.withLock { state -> ImageRun? in
            guard state.count > 0 else { return nil }
            let old = state.take(Int.max)
            state.dropped += UInt64(old.count)
            return old
        }
        guard let old else { return nil }
        return old.batch.context === context ? old.count : 0
    }

    /// Neighbours of one batch, and how many of their acquisition were lost since the image fetched before.
    struct Fetched: Sendable {
        let run: ImageRun
        let lostBefore: Int

        var count: Int { run.count }
        var first: CameraImage { CameraImage(batch: run.batch, place: run.places.lowerBound) }
    }

    /// The oldest images, at most so many; empty when there is none.
    func fetch(_ count: Int) -> [Fetched] {
        state.withLock { state in
            state.touched = .now
            var fetched: [Fetched] = []
            var number = 0
            while number < count, state.count > 0 {
                let run = state.take(count - number)
                let acquisition = run.batch.context.acquisition
                let before = state.last?.acquisition == acquisition ? state.last?.index ?? 0 : 0
                state.last = (acquisition, run.lastIndex)
                fetched.append(Fetched(run: run, lostBefore: max(0, run.firstIndex - before - 1)))
                number += run.count
            }
            state.delivered += UInt64(number)
            return fetched
        }
    }

    /// Waits until so many images are there, the time is over or the pipeline closed; then fetches what there is.
    /// - Returns: Nothing when the task was cancelled: a caller who is gone takes no images away.
    func fetch(_ count: Int, atLeast: Int, within seconds: Double) async -> [Fetched] {
        if seconds > 0 { await wait(for: atLeast, seconds: seconds) }
        return Task.isCancelled ? [] : fetch(count)
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
        guard let first = fetched.first else { return }
        state.withLock { state in
            state.runs.removeFirst(state.head)
            state.head = 0
            state.runs.insert(contentsOf: fetched.map(\.run), at: 0)
            let number = fetched.reduce(0) { $0 + $1.count }
            state.count += number
            state.bytes += fetched.reduce(0) { $0 + $1.run.bytes }
            state.delivered -= UInt64(number)
            state.last = (first.run.batch.context.acquisition, first.run.firstIndex - 1 - first.lostBefore)
        }
    }

    /// Forgets what waits.
    /// - Returns: How many images that were.
    @discardableResult
    func clear() -> Int {
        let (count, old) = state.withLock { state in
            defer { state.clear() }
            return (state.count, state.runs)
        }
        withExtendedLifetime(old) {}
        return count
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
