// Part of daqd
// SPDX-License-Identifier: MIT
import CSystem
import Glibc
import Synchronization

/// Runs one child from start to end; blocks the thread that calls `run`.
final class ChildSupervisor: Sendable {
    private let child: ChildProcess
    private let cancelled = Mutex(false)
    /// Readable once the child is to be ended; -1 when the system gave none.
    private let cancelEvent = daqd_event_descriptor()

    /// How long outputs that a grandchild keeps open are read after the child's end.
    private static let lingering = Duration.milliseconds(200)

    init(_ child: ChildProcess) {
        self.child = child
    }

    deinit {
        if cancelEvent >= 0 { close(cancelEvent) }
    }

    /// From any thread, any number of times.
    func cancel() {
        cancelled.withLock { $0 = true }
        var one: UInt64 = 1
        _ = unsafe write(cancelEvent, &one, 8)
    }

    func run() throws -> ChildProcess.Outcome {
        guard !cancelled.withLock({ $0 }) else { throw CancellationError() }
        let start = ContinuousClock.now
        var pipes = try ChildPipes(child)
        defer { pipes.closeAll() }
        let pid = try ChildSpawn.spawn(child, pipes)
        pipes.closeChildEnds()
        let process = daqd_process_descriptor(pid)
        defer { if process >= 0 { close(process) } }
        var end = ChildEnd(started: start, timeout: child.timeout, grace: child.grace)
        var status: Int32?
        while true {
            if status == nil, let ended = Self.reap(pid) {
                status = ended
                end.childEnded(at: .now, lingering: Self.lingering)
            }
            if status != nil && (pipes.allOutputsEnded || end.lingeringIsOver(at: .now)) { break }
            if let signal = end.signalDue(at: .now, cancelled: cancelled.withLock { $0 }) { kill(-pid, signal) }
            pipes.pump(watching: status == nil ? process : -1, cancelEvent, wait: end.nextWait(at: .now), child)
        }
        if cancelled.withLock({ $0 }) { throw CancellationError() }
        return ChildProcess.Outcome(
            ending: Self.ending(status ?? 0), timedOut: end.timedOut, output: pipes.output, errors: pipes.errors,
            duration: start.duration(to: .now))
    }

    private static func reap(_ pid: pid_t) -> Int32? {
        var status: Int32 = 0
        return unsafe waitpid(pid, &status, WNOHANG) == pid ? status : nil
    }

    private static func ending(_ status: Int32) -> ChildProcess.Ending {
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }
}

/// When a child has to be signalled and how long to wait for it: no clock, no process.
struct ChildEnd {
    private let deadline: ContinuousClock.Instant?
    private let grace: Duration
    private(set) var timedOut = false
    private var terminatedAt: ContinuousClock.Instant?
    private var killed = false
    private var lingersUntil: ContinuousClock.Instant?

    init(started: ContinuousClock.Instant, timeout: Duration?, grace: Duration) {
        deadline = timeout.map { started.advanced(by: $0) }
        self.grace = grace
    }

    /// The signal that the group gets now; each at most once.
    mutating func signalDue(at now: ContinuousClock.Instant, cancelled: Bool) -> Int32? {
        guard lingersUntil == nil else { return nil }
        if let terminatedAt {
            guard !killed, now >= terminatedAt.advanced(by: grace) else { return nil }
            killed = true
            return SIGKILL
        }
        let isOver = deadline.map { $0 <= now } ?? false
        guard isOver || cancelled else { return nil }
        timedOut = isOver && !cancelled
        terminatedAt = now
        return SIGTERM
    }

    mutating func childEnded(at now: ContinuousClock.Instant, lingering: Duration) {
        lingersUntil = now.advanced(by: lingering)
    }

    func lingeringIsOver(at now: ContinuousClock.Instant) -> Bool {
        lingersUntil.map { $0 <= now } ?? false
    }

    /// Milliseconds until something may be due; at most one second, so that a missed event costs little.
    func nextWait(at now: ContinuousClock.Instant) -> Int32 {
        var next: ContinuousClock.Instant?
        if let lingersUntil {
            next = lingersUntil
        } else if let terminatedAt {
            if !killed { next = terminatedAt.advanced(by: grace) }
        } else {
            next = deadline
        }
        guard let next else { return 1000 }
        return Int32(min(1000, now.duration(to: next).wholeMilliseconds))
    }
}
