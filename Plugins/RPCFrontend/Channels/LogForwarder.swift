// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
import Synchronization

/// Sends the log to an ARTIQ master's logging port; keeps up to 1000 lines while it is away, and tries every 5 s.
final class LogForwarder: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var dropped = 0
        var isEnded = false
        var observer: Int?
    }

    /// The name under which this daemon's lines appear where the site gives none.
    static var ownSource: String {
        var name = [CChar](repeating: 0, count: 256)
        let host = unsafe gethostname(&name, 255) == 0 ? String(terminated: name) : "localhost"
        return "daqd(\(host))"
    }

    private static let limit = 1000
    private static let streamSocket: Int32 = 1

    private let server: RPCSettings.LogServer
    private let logger: Logger
    private let state = Mutex(State())
    private let work = WorkSignal()

    init(_ server: RPCSettings.LogServer, _ logger: Logger) {
        self.server = server
        self.logger = logger
    }

    /// Begins to follow the log.
    func start() {
        let observer = logger.observe { [weak self] record in self?.add(record) }
        state.withLock { $0.observer = observer }
        if !LoopThread.start("rpc-log", { self.run() }) {
            logger.error("The log cannot be forwarded: the system gives no thread")
        }
    }

    /// Ends; lines that wait are tried once more.
    func stop() {
        let observer = state.withLock { state in
            state.isEnded = true
            return state.observer
        }
        if let observer { logger.removeObserver(observer) }
        work.signal()
    }

    private func add(_ record: LogRecord) {
        let line = Array("\(server.source):\(record.pythonText)\n".utf8)
        state.withLock { state in
            if state.lines.count < Self.limit { state.lines.append(line) } else { state.dropped += 1 }
        }
        work.signal()
    }

    // MARK: - The thread

    private func run() {
        var descriptor: Int32 = -1
        defer { if descriptor >= 0 { close(descriptor) } }
        while true {
            let isEnded = state.withLock { $0.isEnded }
            if state.withLock({ !$0.lines.isEmpty }) {
                if descriptor < 0 { descriptor = connect() }
                if descriptor >= 0, !sendLines(descriptor) {
                    close(descriptor)
                    descriptor = -1
                }
            }
            if isEnded { return }
            work.wait(seconds: descriptor < 0 && state.withLock { !$0.lines.isEmpty } ? 5 : 60)
        }
    }

    private func sendLines(_ descriptor: Int32) -> Bool {
        while let line = state.withLock({ $0.lines.first }) {
            guard Self.sendAll(line, descriptor) else { return false }
            state.withLock { state in if !state.lines.isEmpty { state.lines.removeFirst() } }
        }
        return true
    }

    private static func sendAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe send(
                    descriptor, raw.baseAddress?.advanced(by: done), bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    private func connect() -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Self.streamSocket
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(server.host, "\(server.port)", &hints, &list) == 0, let first = unsafe list else {
            return -1
        }
        defer { unsafe freeaddrinfo(first) }
        var entry = unsafe Optional(first)
        while let address = unsafe entry {
            let descriptor = unsafe socket(
                address.pointee.ai_family, Self.streamSocket | Int32(O_CLOEXEC), 0)
            if descriptor >= 0 {
                Self.limit(descriptor, seconds: 5)
                let isConnected =
                    unsafe Glibc.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0
                if isConnected, Self.sendAll(Array("ARTIQ logging\n".utf8), descriptor) { return descriptor }
                close(descriptor)
            }
            unsafe entry = address.pointee.ai_next
        }
        return -1
    }

    private static func limit(_ descriptor: Int32, seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        Listener.set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    }
}

/// Wakes one waiting thread; a signal that nobody waits for is kept.
@safe
final class WorkSignal: @unchecked Sendable {  // sound: sem_t is made for use by several threads
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { unsafe sem_init(semaphore, 0, 0) }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func signal() { unsafe sem_post(semaphore) }

    /// Waits for a signal, but not longer.
    func wait(seconds: Int) {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        time.tv_sec += seconds
        _ = unsafe sem_timedwait(semaphore, &time)
    }
}
