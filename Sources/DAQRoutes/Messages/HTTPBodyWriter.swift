// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// Where a streamed body is written; bounded, so a slow client slows its producer and nothing else.
public final class HTTPBodyWriter: Sendable {
    /// Thrown by ``write(_:)`` once nobody reads any more: the client left or the server stops.
    public struct Closed: Error, Sendable {}

    private struct State {
        var chunks: [[UInt8]] = []
        var first = 0
        var offset = 0
        var queued = 0
        var ended = false
        var cut = false
        var closed = false
        var parked = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var task: Task<Void, Never>?
        var afterwards: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let connection: MHDConnection
    private static let bound = 256 * 1024

    init(_ connection: MHDConnection) { self.connection = connection }

    /// Whether nobody reads any more.
    public var isClosed: Bool { state.withLock { $0.closed } }

    /// Appends bytes and returns when the client has taken enough of what was written before.
    /// - Throws: ``Closed`` once nobody reads; the producer then ends.
    public func write(_ bytes: [UInt8]) async throws(Closed) {
        while true {
            let open = state.withLock { state in !state.closed && state.queued < Self.bound }
            if open { break }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let now = state.withLock { state in
                        if state.closed || state.queued < Self.bound || Task.isCancelled { return true }
                        state.waiters.append(continuation)
                        return false
                    }
                    if now { continuation.resume() }
                }
            } onCancel: {
                close()
            }
            if isClosed || Task.isCancelled { throw Closed() }
        }
        guard offer(bytes) else { throw Closed() }
    }

    /// Appends bytes without waiting, whatever is queued already; false once nobody reads.
    @discardableResult
    public func offer(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            if state.closed || state.ended || state.cut { return false }
            if !bytes.isEmpty {
                state.chunks.append(bytes)
                state.queued += bytes.count
            }
            unpark(&state)
            return true
        }
    }

    /// Bytes that are written but not yet taken by the connection.
    public var queuedBytes: Int { state.withLock { $0.queued } }

    /// Cuts the connection after what was written: the client sees a body that ends too early.
    public func cut() {
        state.withLock { state in
            state.cut = true
            unpark(&state)
        }
    }

    // MARK: - For the server

    /// Runs the producer in a task that ends with the connection.
    func start(_ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) {
        let task = Task {
            do {
                try await produce(self)
                end()
            } catch {
                cut()
            }
        }
        let closed = state.withLock { state in
            state.task = task
            return state.closed
        }
        if closed { task.cancel() }
    }

    /// Asks to be told when the connection let go of the body.
    func whenClosed(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.afterwards = action }
    }

    /// The connection let go of the body, sent or not.
    func release() {
        close()
        let action = state.withLock { state in
            defer { state.afterwards = nil }
            return state.afterwards
        }
        action?()
    }

    private func end() {
        state.withLock { state in
            state.ended = true
            unpark(&state)
        }
    }

    /// Tells the producer that nobody reads, and lets the connection end.
    func close() {
        let (waiters, task) = state.withLock { state in
            state.closed = true
            unpark(&state)
            defer { state.task = nil }
            return (Self.takeWaiters(&state), state.task)
        }
        for waiter in waiters { waiter.resume() }
        task?.cancel()
    }

    /// Fills a buffer of the connection: a count, or libmicrohttpd's codes; the connection waits when nothing is there.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let (result, waiters) = state.withLock { state -> (Int?, [CheckedContinuation<Void, Never>]) in
                if state.closed { return (daqd_mhd_end_with_error(), []) }
                if state.queued > 0 {
                    let count = unsafe Self.take(&state, into: buffer)
                    return (count, state.queued < Self.bound / 2 ? Self.takeWaiters(&state) : [])
                }
                if state.cut { return (daqd_mhd_end_with_error(), []) }
                if state.ended { return (daqd_mhd_end_of_stream(), []) }
                state.parked = true
                connection.suspend()
                return (nil, [])
            }
            for waiter in waiters { waiter.resume() }
            if let result { return result }
            if !connection.waitOnOwnThread() { return 0 }
        }
    }

    /// Resumes the connection inside the lock, so that the server's stop can never meet a half-resumed one.
    private func unpark(_ state: inout State) {
        guard state.parked else { return }
        state.parked = false
        connection.resume()
    }

    private static func takeWaiters(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let waiters = state.waiters
        state.waiters = []
        return waiters
    }

    private static func take(_ state: inout State, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while filled < buffer.count, state.first < state.chunks.count {
            let chunk = state.chunks[state.first]
            let count = min(chunk.count - state.offset, buffer.count - filled)
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + count])
            unsafe chunk.withUnsafeBytes { bytes in
                unsafe target.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[state.offset..<state.offset + count]))
            }
            filled += count
            state.offset += count
            if state.offset == chunk.count {
                state.chunks[state.first] = []
                state.first += 1
                state.offset = 0
            }
        }
        if state.first == state.chunks.count {
            state.chunks.removeAll(keepingCapacity: state.chunks.capacity < 64)
            state.first = 0
        } else if state.first > 64 {
            state.chunks.removeFirst(state.first)
            state.first = 0
        }
        state.queued -= filled
        return filled
    }
}
