// Part of daqd
// SPDX-License-Identifier: MIT

import CEventLoop
import Glibc

/// One client: reads lines, hands them to its handler in order, sends what the handler queues.
///
/// An idle connection keeps no buffers: what is read lies in the loop's memory until a line is incomplete.
final class LineConnection: EventHandler, @unchecked Sendable {  // sound: touched in its loop's turn only
    /// Bytes and times that a client may take.
    struct Limits: Sendable {
        /// The longest line.
        var line = 4_194_304
        /// Output beyond which no further request is taken.
        var output = 1_048_576
        /// Seconds for a goodbye.
        var linger = 10.0
    }

    private enum Phase { case open, finishing, lingering, closed }

    let loop: EventLoop
    let peer: PeerAddress
    var handler: any LineHandler
    var output = OutputQueue()
    let limits: Limits
    let descriptor: Int32
    private let stream: any ByteStream
    private let didClose: (LineConnection) -> Void
    private var id: UInt64 = 0
    private var interest: UInt32
    private var isWatched = true
    private var phase = Phase.open
    private var isWaiting = false
    private var hasEnded = false
    private var isLeft = false
    /// Too much output waits for more requests to be taken.
    private var isFull = false
    private var isProcessing = false
    private var wantsWrite = false
    /// A thread of its own waits for what the client says.
    private var isDirect = false
    /// Lines that were read and not taken yet, from `start` on; without a line end before `scanned`.
    private var pending: [UInt8] = []
    private var start = 0
    private var scanned = 0

    init(
        _ descriptor: Int32, _ stream: any ByteStream, on loop: EventLoop, peer: PeerAddress, limits: Limits,
        handler: any LineHandler, didClose: @escaping (LineConnection) -> Void
    ) {
        self.descriptor = descriptor
        self.stream = stream
        self.loop = loop
        self.peer = peer
        self.limits = limits
        self.handler = handler
        self.didClose = didClose
        interest = EventLoop.readable
    }

    /// Begins to read.
    func open() { id = loop.add(descriptor, self, interest) }

    var isClosed: Bool { phase == .closed }

    // MARK: - Events

    func ready(_ events: UInt32) {
        if events & EventLoop.broken != 0, events & EventLoop.readable == 0 {
            return close()
        }
        if events & EventLoop.writable != 0 {
            wantsWrite = false
            flush()
        }
        if events & EventLoop.readable != 0 || stream.hasBuffered { read() }
        settle()
    }

    func goOn() {
        isLeft = false
        process()
        settle()
    }

    func ended() { close() }

    /// Takes lines again after ``LineOutcome/wait``; sends what was queued meanwhile.
    func resume() {
        guard isWaiting, phase == .open else { return }
        isWaiting = false
        process()
        settle()
    }

    /// Sends what was queued outside of a line's handling.
    func send() {
        guard !isProcessing else { return }
        flush()
        settle()
    }

    /// Ends the connection after what is queued.
    func finish() {
        guard phase == .open else { return }
        phase = .finishing
        settle()
    }

    // MARK: - Reading

    private func read() {
        guard !hasEnded else { return }
        repeat {
            switch unsafe stream.read(into: loop.input) {
            case .bytes(let count):
                if phase == .open { unsafe received(UnsafeRawBufferPointer(rebasing: loop.input[..<count])) }
            case .wantsRead: return
            case .wantsWrite:
                wantsWrite = true
                return
            case .end: return end()
            case .failed: return stream.isRefused ? refuse() : close()
            }
        } while stream.hasBuffered && phase != .closed
    }

    /// A client that may not connect sees the end a moment later: the exception that it raises then does not depend on chance.
    private func refuse() {
        phase = .lingering
        hasEnded = true
        loop.schedule(after: 0.2) { [weak self] in self?.close() }
    }

    private func end() {
        hasEnded = true
        if phase == .lingering { return close() }
        if isWaiting { handler.peerEnded(on: self) }
        process()
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        guard pending.isEmpty, !isHeld else {
            unsafe pending.append(contentsOf: bytes)
            return process()
        }
        let taken = unsafe take(bytes, scanned: 0)
        if taken < bytes.count, phase == .open {
            unsafe pending.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[taken...]))
            // What remains has no line end, unless the connection waits or left lines to give others their turn.
            scanned = isHeld ? 0 : pending.count
            judgeLength()
        }
        flush()
    }

    /// Takes what lines there are; after the end of the input, also one without its end.
    private func process() {
        guard phase == .open, !isWaiting, !isLeft else { return }
        isFull = false
        if start < pending.count {
            let bytes = pending
            pending = []
            let taken = unsafe bytes.withUnsafeBytes { raw in
                unsafe start + take(UnsafeRawBufferPointer(rebasing: raw[start...]), scanned: scanned - start)
            }
            keep(bytes, from: taken)
        }
        if hasEnded, phase == .open, !isHeld { lastLine() }
        flush()
    }

    private func keep(_ bytes: consuming [UInt8], from taken: Int) {
        guard phase == .open, taken < bytes.count else {
            (pending, start, scanned) = ([], 0, 0)
            return
        }
        pending = bytes
        start = taken
        scanned = isHeld ? taken : pending.count
        if start > 65536, start > pending.count / 2 {
            pending.removeSubrange(..<start)
            scanned -= start
            start = 0
        }
        judgeLength()
    }

    private func lastLine() {
        let rest = Array(pending[start...])
        (pending, start, scanned) = ([], 0, 0)
        if !rest.isEmpty {
            let outcome = unsafe rest.withUnsafeBytes { raw in unsafe handler.line(raw, on: self) }
            follow(outcome)
        }
        if !isWaiting, phase == .open { phase = .finishing }
    }

    /// Hands whole lines on; how many bytes they were.
    private func take(_ bytes: UnsafeRawBufferPointer, scanned: Int) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        isProcessing = true
        defer { isProcessing = false }
        var offset = 0
        var search = max(0, scanned)
        var turns = 0
        while phase == .open, !isWaiting {
            let end = unsafe search < bytes.count ? memchr(base + search, 10, bytes.count - search) : nil
            guard let end = unsafe end else { break }
            guard turns < 256, output.count < limits.output else {
                if turns < 256 { isFull = true } else { isLeft = true }
                if isLeft { loop.leave(id) }
                break
            }
            turns += 1
            let length = unsafe UnsafeRawPointer(end) - (base + offset)
            guard length <= limits.line else {
                tooLong()
                break
            }
            let line = unsafe UnsafeRawBufferPointer(start: base + offset, count: length)
            offset += length + 1
            search = offset
            follow(unsafe handler.line(line, on: self))
        }
        return offset
    }

    private func follow(_ outcome: LineOutcome) {
        switch outcome {
        case .next: break
        case .wait: isWaiting = true
        case .finish: if phase == .open { phase = .finishing }
        case .drop: close()
        }
    }

    private func judgeLength() {
        if phase == .open, !isHeld, pending.count - start > limits.line {
            tooLong()
        }
    }

    private func tooLong() {
        handler.lineTooLong(on: self)
        if phase == .open { phase = .finishing }
    }

    // MARK: - By a thread of its own

    /// Whether nothing is to be done but to wait for the next request.
    private var isCalm: Bool {
        phase == .open && !isHeld && !hasEnded && !wantsWrite && output.isEmpty && pending.isEmpty
    }

    func goDirect(_ reader: DirectReader) {
        guard isCalm, stream.isPlain, handler.isEstablished, reader.take(self, on: loop) else { return }
        isDirect = true
        daqd_set_waiting(descriptor, 1, DirectReader.patienceMilliseconds)
        // Watched for nothing it would still be looked at with every message.
        loop.stopWatching(descriptor)
        isWatched = false
    }

    /// Takes what that thread received.
    /// - Returns: Whether it is to go on; after `false` it has nothing to do with the connection any more.
    func received(_ result: StreamResult, in room: UnsafeMutableRawBufferPointer) -> Bool {
        var isSilent = false
        if phase != .closed {
            switch result {
            case .bytes(let count):
                if phase == .open { unsafe received(UnsafeRawBufferPointer(rebasing: room[..<count])) }
            case .wantsRead, .wantsWrite: isSilent = true
            case .end: end()
            case .failed: close()
            }
            settle()
        }
        guard phase != .closed else {
            Glibc.close(descriptor)
            return false
        }
        guard isSilent || !isCalm else { return true }
        endDirect()
        return false
    }

    private func endDirect() {
        isDirect = false
        daqd_set_waiting(descriptor, 0, 0)
        settle()
    }

    // MARK: - Sending

    private func flush() {
        guard phase != .closed, !wantsWrite, !output.isEmpty else { return }
        let result = unsafe output.flush(loop.scratch) { raw in unsafe stream.write(raw) }
        switch result {
        case nil: handler.drained(on: self)
        case .wantsWrite: wantsWrite = true
        case .wantsRead, .bytes: break
        case .end, .failed: close()
        }
    }

    // MARK: - State

    /// Brings the watched events and the goodbye in line with the state.
    private func settle() {
        if isFull, output.count < limits.output { process() }
        if isFull, output.count < limits.output, phase == .open {
            // All of it went at once; the others have their turn before the next.
            isLeft = true
            loop.leave(id)
        }
        if phase == .finishing, output.isEmpty { sayGoodbye() }
        guard phase != .closed else { return }
        let wanted = (wantsRead && !isDirect ? EventLoop.readable : 0) | (wantsWrite ? EventLoop.writable : 0)
        if isWatched {
            guard wanted != interest else { return }
            loop.change(descriptor, id: id, to: wanted)
        } else {
            guard !isDirect || wanted != 0 else { return }
            loop.watchAgain(descriptor, id: id, wanted)
            isWatched = true
        }
        interest = wanted
    }

    /// Whether lines may lie in `pending` that were not taken for a reason.
    private var isHeld: Bool { isWaiting || isLeft || isFull }

    /// A client that sends faster than it is served, or does not read its replies, waits in the network.
    private var wantsRead: Bool {
        guard !hasEnded else { return false }
        switch phase {
        case .open: return (!isHeld || pending.count - start < 65536) && output.count < limits.output
        case .finishing: return false
        case .lingering: return true
        case .closed: return false
        }
    }

    /// Closing at once would take the last reply back from a peer that still sends: what it sends is thrown away.
    private func sayGoodbye() {
        if hasEnded { return close() }
        phase = .lingering
        pending = []
        stream.finish()
        loop.schedule(after: limits.linger) { [weak self] in self?.close() }
    }

    /// Ends the connection now.
    func close() {
        guard phase != .closed else { return }
        phase = .closed
        loop.remove(descriptor, id: id)
        // A number that another thread waits with must not become that of another connection.
        if isDirect { shutdown(descriptor, Int32(SHUT_RDWR)) } else { Glibc.close(descriptor) }
        output.removeAll()
        pending = []
        handler.closed()
        didClose(self)
    }
}
