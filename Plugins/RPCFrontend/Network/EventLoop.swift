// Part of daqd
// SPDX-License-Identifier: MIT

import CEventLoop
import DAQKernel
import Glibc
import Synchronization

/// Something with a descriptor that a loop watches; called in the loop's turn only.
protocol EventHandler: AnyObject {
    /// The descriptor is ready: `DAQD_READABLE`, `DAQD_WRITABLE`, `DAQD_BROKEN`.
    func ready(_ events: UInt32)
    /// Goes on with work that was left to give others their turn.
    func goOn()
    /// The loop ends.
    func ended()
    /// Leaves the wait for what its client says next to a thread of its own, if that suits it.
    func goDirect(_ reader: DirectReader)
}

extension EventHandler {
    func goDirect(_ reader: DirectReader) {}
}

/// One thread that waits for sockets, timers and jobs of other threads, and never for anything else.
///
/// A second one may wait for a single busy client; they take turns.
@safe
final class EventLoop: @unchecked Sendable {  // sound: what is not behind a lock is touched in the loop's turn only
    typealias Job = @Sendable () -> Void

    /// Room for what is read at once, shared by all connections of the loop.
    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 64)
    /// Room for what is sent at once.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 64)
    static let readable = UInt32(DAQD_READABLE)
    static let writable = UInt32(DAQD_WRITABLE)
    static let broken = UInt32(DAQD_BROKEN)

    private let poll: Int32
    /// Becomes readable when the first timer is due: a wait with a time of its own would set the processor's clock each time.
    private let clock: Int32
    private var clockTime: Int64 = 0
    private static let clockID = UInt64.max
    private let wakeRead: Int32
    private let wakeWrite: Int32
    private let inbox = Mutex<(jobs: [Job], isEnded: Bool)>(([], false))
    private var handlers: [UInt64: any EventHandler] = [:]
    /// The handler of the last event: with one busy client it is the next one's, too.
    private var last: (id: UInt64, handler: any EventHandler)?
    private(set) var isOver = false
    private var lastID: UInt64 = 0
    private var timers: [(time: Int64, job: Job)] = []
    private var left: [UInt64] = []
    /// The first thread waits for whatever comes, or is about to.
    private var isWaiting = false
    /// Held by the one of the loop's threads that works with its connections.
    private let turn = Mutex<Void>(())
    /// That thread; 0 when there is none.
    private let worker = Atomic<UInt>(0)
    private let direct = DirectReader()
    /// Events one after the other of the same handler, and when they began.
    private var streak = (count: 0, since: Int64(0))
    private static let busyStreak = 32
    private static let busyNanoseconds: Int64 = 32_000_000

    /// - Throws: When the system has no more descriptors.
    init() throws(DeviceError) {
        var ends: [Int32] = [-1, -1]
        poll = daqd_epoll_new()
        clock = daqd_timer_new()
        let status = unsafe daqd_pipe(&ends)
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        guard poll >= 0, clock >= 0, status == 0 else {
            throw DeviceError(.failed, "the system gives no descriptor: \(systemErrorText(errno))")
        }
        daqd_epoll_add(poll, wakeRead, 0, EventLoop.readable)
        daqd_epoll_add(poll, clock, Self.clockID, EventLoop.readable)
    }

    deinit {
        for descriptor in [poll, clock, wakeRead, wakeWrite] where descriptor >= 0 { close(descriptor) }
        unsafe input.deallocate()
        unsafe scratch.deallocate()
    }

    /// Starts the thread.
    func start(_ name: String) throws(DeviceError) {
        guard LoopThread.start(name, { self.run() }) else {
            throw DeviceError(.failed, "the system gives no thread for \(name)")
        }
    }

    // MARK: - From any thread

    /// Runs a job in the loop's turn; after the end it is dropped.
    func post(_ job: @escaping Job) {
        let isFirst: Bool? = inbox.withLock { inbox in
            if inbox.isEnded { return nil }
            inbox.jobs.append(job)
            return inbox.jobs.count == 1
        }
        if isFirst == true { wake() }
    }

    /// Ends the loop and every handler; `completion` runs when that is done.
    func end(_ completion: @escaping Job) {
        let isRunning = inbox.withLock { !$0.isEnded }
        guard isRunning else { return completion() }
        post { [self] in
            for handler in handlers.values { handler.ended() }
            handlers = [:]
            last = nil
            isOver = true
            direct.end()
            inbox.withLock { $0 = ([], true) }
            completion()
        }
    }

    private func wake() {
        var byte: UInt8 = 1
        _ = unsafe write(wakeWrite, &byte, 1)
    }

    /// Does something while the loop's other thread does nothing.
    func inTurn<Result>(_ body: () -> Result) -> Result {
        turn.withLock { _ in
            worker.store(UInt(pthread_self()), ordering: .relaxed)
            defer { worker.store(0, ordering: .relaxed) }
            return body()
        }
    }

    // MARK: - In the loop's turn

    /// Whether a thread of its own waits for one of the clients.
    var hasDirectClient: Bool { direct.isBusy }

    /// Whether it is the caller's turn.
    var isCurrent: Bool { worker.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Watches a descriptor.
    /// - Returns: Its number for ``change(_:id:to:)`` and ``remove(_:id:)``.
    func add(_ descriptor: Int32, _ handler: any EventHandler, _ events: UInt32) -> UInt64 {
        lastID += 1
        handlers[lastID] = handler
        daqd_epoll_add(poll, descriptor, lastID, events)
        return lastID
    }

    func change(_ descriptor: Int32, id: UInt64, to events: UInt32) { daqd_epoll_change(poll, descriptor, id, events) }

    /// Leaves a descriptor to its handler, which keeps its number.
    func stopWatching(_ descriptor: Int32) { daqd_epoll_remove(poll, descriptor) }

    func watchAgain(_ descriptor: Int32, id: UInt64, _ events: UInt32) { daqd_epoll_add(poll, descriptor, id, events) }

    func remove(_ descriptor: Int32, id: UInt64) {
        handlers[id] = nil
        if last?.id == id { last = nil }
        daqd_epoll_remove(poll, descriptor)
    }

    /// Calls a handler again after the others had their turn.
    func leave(_ id: UInt64) {
        left.append(id)
        if isWaiting { wake() }
    }

    /// Runs a job after some seconds.
    func schedule(after seconds: Double, _ job: @escaping Job) {
        let time = Timestamp.monotonicNanoseconds() + Int64(min(max(seconds, 0), 1e9) * 1e9)
        let index = timers.firstIndex { $0.time > time } ?? timers.count
        timers.insert((time, job), at: index)
        setClock()
    }

    private func setClock() {
        let time = timers.first.map { max(1, $0.time) } ?? 0
        guard time != clockTime else { return }
        clockTime = time
        daqd_timer_set(clock, time)
    }

    private func run() {
        var events = [daqd_ready](repeating: daqd_ready(), count: 128)
        var milliseconds: Int32 = -1
        repeat {
            let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
                unsafe daqd_epoll_wait(poll, buffer.baseAddress, 128, milliseconds)
            }
            milliseconds = inTurn {
                isWaiting = false
                for index in 0..<max(0, Int(count)) { handle(events[index].id, events[index].events) }
                if count == 1 { follow(events[0]) }
                if !left.isEmpty { goOn() }
                isWaiting = left.isEmpty
                return isWaiting ? -1 : 0
            }
        } while !isOver
    }

    /// Notices a client that is the only one for a while.
    private func follow(_ event: daqd_ready) {
        guard event.id == last?.id, event.events == Self.readable else {
            streak.count = 0
            return
        }
        streak.count += 1
        if streak.count == 1 { streak.since = Timestamp.monotonicNanoseconds() }
        guard streak.count == Self.busyStreak else { return }
        streak.count = 0
        if Timestamp.monotonicNanoseconds() - streak.since < Self.busyNanoseconds { last?.handler.goDirect(direct) }
    }

    private func goOn() {
        let waiting = left
        left.removeAll(keepingCapacity: true)
        for id in waiting { handlers[id]?.goOn() }
    }

    private func handle(_ id: UInt64, _ events: UInt32) {
        if let last, last.id == id { return last.handler.ready(events) }
        if id == 0 { return takeJobs() }
        if id == Self.clockID { return runTimers() }
        guard let handler = handlers[id] else { return }
        last = (id, handler)
        handler.ready(events)
    }

    private func takeJobs() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe read(wakeRead, &bytes, 64) == 64 {}
        let jobs = inbox.withLock { inbox in
            defer { inbox.jobs = [] }
            return inbox.jobs
        }
        for job in jobs { job() }
    }

    private func runTimers() {
        clockTime = 0  // it is over
        let now = Timestamp.monotonicNanoseconds()
        while let first = timers.first, first.time <= now {
            timers.removeFirst()
            first.job()
        }
        if clockTime == 0, timers.isEmpty { daqd_timer_set(clock, 0) }
        setClock()
    }
}

extension String {
    /// The text of a C string in an array.
    init(terminated characters: [CChar]) {
        self.init(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The system's sentence for an error number.
func systemErrorText(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}
