// Part of daqd
// SPDX-License-Identifier: MIT
import CSystem
import Glibc
import Synchronization

/// Takes what a download brings to a file: written and hashed on a thread of its own, behind a bounded queue.
///
/// The network side never waits for the disk: when all buffers are full the transfer is paused. One sink serves all attempts
/// at one file, so that a broken transfer continues where it ended, with the hash of all its bytes.
public final class FileSink: Sendable {
    /// What follows the bytes as they are written; called in order, on the sink's thread.
    @safe
    public struct Observer: Sendable {
        /// Bytes that were just written.
        public var bytes: @Sendable (UnsafeRawBufferPointer) -> Void
        /// Everything written so far is void: the file begins again.
        public var restarted: @Sendable () -> Void

        /// Makes an observer.
        public init(
            bytes: @escaping @Sendable (UnsafeRawBufferPointer) -> Void,
            restarted: @escaping @Sendable () -> Void
        ) {
            unsafe self.bytes = bytes
            self.restarted = restarted
        }
    }

    /// The largest piece that libcurl hands over.
    static let pieceSize = 512 << 10
    private static let bufferSize = 1 << 20
    private static let bufferCount = 8
    /// How much is written before the system is asked to begin putting it on the disk.
    private static let flushStep: Int64 = 8 << 20

    enum Taking {
        case taken, full
        case failed(HTTPError)
    }

    private struct State {
        /// Bytes accepted from the network.
        var accepted: Int64
        /// Bytes in the file.
        var written: Int64
        var current: SinkBuffer?
        var free: [SinkBuffer] = []
        var allocated = 0
        var failure: HTTPError?
        /// The network side waits for a free buffer.
        var starved = false
        var wake: (@Sendable () -> Void)?
        var working = false
    }

    private let descriptor: Int32
    private let observer: Observer?
    private let state: Mutex<State>
    private let queue = SinkQueue()

    /// Makes a sink for an open, writable file.
    /// - Parameters:
    ///   - descriptor: Stays the caller's; must stay open until the last download into the sink ended.
    ///   - offset: How many bytes at the file's beginning are already there (and known to `observer`).
    ///   - observer: Follows the bytes, for a checksum or progress.
    public init(descriptor: Int32, offset: Int64 = 0, observer: Observer? = nil) {
        self.descriptor = descriptor
        self.observer = observer
        state = Mutex(State(accepted: offset, written: offset))
    }

    /// How many bytes the file holds from its beginning; only growing within one attempt.
    public var count: Int64 { state.withLock { $0.written } }

    // MARK: - The network side (the engine's thread)

    /// Prepares an attempt; `wake` is called when a paused transfer may go on.
    func begin(wake: @escaping @Sendable () -> Void) throws {
        state.withLock { state in
            state.wake = wake
            state.failure = nil
            state.starved = false
            state.accepted = state.written
            state.working = true
        }
        guard NamedThread.start("daqd-file", { self.work() }) else {
            state.withLock { $0.working = false }
            throw HTTPError(.storage, "The file could not be written: the system gave no thread.")
        }
    }

    /// Throws away what is in the file; only before an attempt's first byte.
    func restart() -> HTTPError? {
        guard ftruncate(descriptor, 0) == 0 else {
            return HTTPError(.storage, "The file could not be begun again: \(systemErrorText(errno)).")
        }
        observer?.restarted()
        state.withLock { state in
            state.accepted = 0
            state.written = 0
        }
        return nil
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Taking {
        state.withLock { state in
            if let failure = state.failure { return .failed(failure) }
            if let current = state.current, current.room < bytes.count {
                state.current = nil
                queue.push(.write(current))
            }
            if state.current == nil { state.current = Self.buffer(&state) }
            guard let current = state.current else {
                state.starved = true
                return .full
            }
            unsafe current.append(bytes)
            state.accepted += Int64(bytes.count)
            return .taken
        }
    }

    private static func buffer(_ state: inout State) -> SinkBuffer? {
        if let buffer = state.free.popLast() { return buffer }
        guard state.allocated < bufferCount else { return nil }
        state.allocated += 1
        return SinkBuffer(capacity: bufferSize)
    }

    /// Ends an attempt: everything accepted is written before this returns.
    func end() async throws {
        await withCheckedContinuation { continuation in
            let (last, working) = state.withLock { state in
                defer { state.current = nil }
                return (state.current, state.working)
            }
            guard working else { return continuation.resume() }
            if let last { queue.push(.write(last)) }
            queue.push(.end(continuation))
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    // MARK: - The disk side (the sink's thread)

    private func work() {
        var flushed = state.withLock { $0.written }
        while true {
            switch queue.pop() {
            case .write(let buffer):
                let failure = store(buffer)
                let (wake, written) = state.withLock { state in
                    if let failure, state.failure == nil { state.failure = failure }
                    buffer.clear()
                    state.free.append(buffer)
                    defer { state.starved = false }
                    return (state.starved ? state.wake : nil, state.written)
                }
                wake?()
                if written - flushed >= Self.flushStep {
                    // Starting the disk early makes the final sync short.
                    _ = daqd_start_writing(descriptor, flushed, written - flushed)
                    flushed = written
                }
            case .end(let continuation):
                state.withLock { state in
                    state.working = false
                    state.wake = nil
                    state.free = []
                    state.allocated = 0
                }
                return continuation.resume()
            }
        }
    }

    private func store(_ buffer: SinkBuffer) -> HTTPError? {
        let (start, failed) = state.withLock { ($0.written, $0.failure != nil) }
        if failed { return nil }
        var done = 0
        let bytes = unsafe buffer.bytes
        while done < bytes.count {
            let count = unsafe pwrite(
                descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(start + Int64(done)))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let reason = count == 0 ? "the disk takes no more" : systemErrorText(errno)
                return HTTPError(.storage, "The file could not be written at byte \(start + Int64(done)): \(reason).")
            }
            done += count
        }
        unsafe observer?.bytes(bytes)
        state.withLock { $0.written = start + Int64(done) }
        return nil
    }
}
