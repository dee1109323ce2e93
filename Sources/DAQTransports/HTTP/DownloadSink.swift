// Part of daqd
// SPDX-License-Identifier: MIT
public import DAQKernel
import Synchronization

/// Where a download's bytes go, in order, on a thread of the sink.
///
/// The kernel's ``DurableFile`` is one: temporary name, checksum while writing, synced, renamed without replacing.
public protocol DownloadTarget: AnyObject, Sendable {
    /// How many bytes it has.
    var size: Int64 { get }
    /// Appends bytes; may block on the disk.
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Throws away everything: the source begins again.
    func restart() throws
}

/// Takes what a download brings to a target: written and hashed on a thread of its own, behind a bounded queue.
///
/// The network side never waits for the disk: when all buffers are full the transfer is paused. One sink serves all attempts
/// at one file, so that a broken transfer continues where it ended.
public final class DownloadSink: Sendable {
    /// The largest piece that libcurl hands over.
    static let pieceSize = 512 << 10
    private static let bufferSize = 1 << 20
    private static let bufferCount = 16
    enum Taking {
        case taken, full
        case failed(HTTPError)
    }

    private struct State {
        /// Bytes in the target.
        var written: Int64
        var current: SinkBuffer?
        var free: [SinkBuffer] = []
        var allocated = 0
        var failure: HTTPError?
        /// The network side waits for a free buffer.
        var isStarved = false
        var wake: (@Sendable () -> Void)?
        var isWorking = false
    }

    private let target: any DownloadTarget
    private let onWrite: @Sendable (Int64) -> Void
    private let state: Mutex<State>
    private let queue = SinkQueue()

    /// Makes a sink.
    /// - Parameters:
    ///   - target: May have bytes already: the download goes on behind them.
    ///   - onWrite: Hears how many bytes the target has after each piece, on the sink's thread; for progress.
    public init(_ target: any DownloadTarget, onWrite: @escaping @Sendable (Int64) -> Void = { _ in }) {
        self.target = target
        self.onWrite = onWrite
        state = Mutex(State(written: target.size))
    }

    /// How many bytes the target has.
    public var count: Int64 { state.withLock { $0.written } }

    // MARK: - The network side (the engine's thread)

    /// Prepares an attempt; `wake` is called when a paused transfer may go on.
    func begin(wake: @escaping @Sendable () -> Void) throws {
        state.withLock { state in
            state.wake = wake
            state.failure = nil
            state.isStarved = false
            state.isWorking = true
        }
        guard NamedThread.start("daqd-download", { self.work() }) else {
            state.withLock { $0.isWorking = false }
            throw HTTPError(.storage, "The download could not be stored: the system gave no thread.")
        }
    }

    /// Throws away what the target has; only before an attempt's first byte, when nothing is queued.
    func restart() -> HTTPError? {
        do {
            try target.restart()
        } catch {
            return HTTPError(.storage, "The download could not be begun again: \(error).")
        }
        state.withLock { $0.written = 0 }
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
                state.isStarved = true
                return .full
            }
            unsafe current.append(bytes)
            return .taken
        }
    }

    private static func buffer(_ state: inout State) -> SinkBuffer? {
        if let buffer = state.free.popLast() { return buffer }
        guard state.allocated < bufferCount else { return nil }
        state.allocated += 1
        return SinkBuffer(capacity: bufferSize)
    }

    /// Ends an attempt: everything accepted is in the target before this returns.
    func end() async throws {
        await withCheckedContinuation { continuation in
            let (last, isWorking) = state.withLock { state in
                defer { state.current = nil }
                return (state.current, state.isWorking)
            }
            guard isWorking else { return continuation.resume() }
            if let last { queue.push(.write(last)) }
            queue.push(.end(continuation))
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    // MARK: - The disk side (the sink's thread)

    private func work() {
        while true {
            switch queue.pop() {
            case .write(let buffer):
                let wake = store(buffer)
                wake?()
            case .end(let continuation):
                state.withLock { state in
                    state.isWorking = false
                    state.wake = nil
                    state.free = []
                    state.allocated = 0
                }
                return continuation.resume()
            }
        }
    }

    /// Writes one buffer and gives back whom to wake.
    private func store(_ buffer: SinkBuffer) -> (@Sendable () -> Void)? {
        var failure: HTTPError?
        if state.withLock({ $0.failure == nil }) {
            do {
                try unsafe target.write(buffer.bytes)
            } catch {
                failure = HTTPError(.storage, "The download could not be stored: \(error).")
            }
        } else {
            buffer.clear()
        }
        let added = failure == nil ? unsafe Int64(buffer.bytes.count) : 0
        let (wake, written) = state.withLock { state in
            if let failure { state.failure = failure }
            state.written += added
            buffer.clear()
            state.free.append(buffer)
            defer { state.isStarved = false }
            return (state.isStarved ? state.wake : nil, state.written)
        }
        if added > 0 { onWrite(written) }
        return wake
    }
}

/// A download straight into a file that appears complete or not at all.
extension DurableFile: DownloadTarget {}
