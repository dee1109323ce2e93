// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// One named thread that does closures or an actor's jobs one after the other: the urgent ones first, equals in order.
///
/// What is waiting gives way to what is more urgent; what runs is never interrupted.
///
/// For calls that block (SQLite, a vendor's SDK): an actor that names this as its executor never occupies a
/// cooperative thread. The thread starts with the first job and lives as long as the process needs it: it ends when the
/// last reference is gone and its queue is empty.
public final class SerialThread: SerialExecutor {
    private enum Item {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
        case stop
    }

    /// The state that thread and owners share; apart from the executor, so that the thread does not keep the executor alive.
    private final class Queue: Sendable {
        /// Waiting items, a list for each priority, the most urgent first.
        let items = Mutex<[[Item]]>(TransportPriority.allCases.map { _ in [] })
        let backlog = Atomic<Int>(0)
        let semaphore = ThreadSemaphore()

        func push(_ item: Item, _ priority: TransportPriority = .control) {
            backlog.add(1, ordering: .relaxed)
            items.withLock { $0[priority.rawValue].append(item) }
            semaphore.post()
        }

        func pop() -> Item? {
            items.withLock { items in
                guard let index = items.firstIndex(where: { !$0.isEmpty }) else { return nil }
                return items[index].removeFirst()
            }
        }
    }

    private let queue = Queue()
    private let name: String
    private let started = Atomic<Bool>(false)

    /// Makes the thread's queue; the name, at most 15 bytes, shows in `top -H` and debuggers.
    public init(name: String) {
        self.name = name
    }

    deinit { if started.load(ordering: .acquiring) { queue.push(.stop, .status) } }

    /// Jobs queued or running.
    public var backlog: Int { queue.backlog.load(ordering: .relaxed) }

    /// Queues a closure; returns at once.
    public func perform(_ closure: @escaping @Sendable () -> Void) { perform(.control, closure) }

    /// Queues a closure before everything that is less urgent; returns at once.
    public func perform(_ priority: TransportPriority, _ closure: @escaping @Sendable () -> Void) {
        start()
        queue.push(.closure(closure), priority)
    }

    /// Runs a blocking call on the thread, before everything that is less urgent.
    /// - Throws: What the call throws.
    public func run<Result: Sendable>(
        _ priority: TransportPriority = .control, _ call: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            perform(priority) { continuation.resume(with: Swift.Result(catching: call)) }
        }
    }

    /// Queues a closure and blocks the calling thread until it is done; never from this thread itself, nor from a task.
    func performAndWait<Value: Sendable>(_ closure: @escaping @Sendable () throws -> Value) throws -> Value {
        let answer = Answer<Value>()
        perform {
            answer.result.withLock { $0 = Result(catching: closure) }
            answer.semaphore.post()
        }
        answer.semaphore.wait()
        let result = answer.result.withLock { $0 }
        guard let result else { throw RunLogError(.internalMistake, "the thread \(name) gave no answer") }
        return try result.get()
    }

    private final class Answer<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let semaphore = ThreadSemaphore()
    }

    /// Queues an actor's job; called by the Swift runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        start()
        queue.push(.job(UnownedJob(job)))
    }

    /// This executor as an actor hands it out.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    private func start() {
        guard !started.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let queue = queue
        let identity = unsafe asUnownedSerialExecutor()
        let work: @Sendable () -> Void = { unsafe Self.work(queue, identity) }
        // Without a thread the process has hit the system's limit; the work is then done by a task instead of never.
        if !NamedThread.start(name, work) { Task.detached { work() } }
    }

    private static func work(_ queue: Queue, _ identity: UnownedSerialExecutor) {
        while true {
            queue.semaphore.wait()
            switch queue.pop() {
            case .job(let job): unsafe job.runSynchronously(on: identity)
            case .closure(let closure): closure()
            case .stop: return
            case nil: continue
            }
            queue.backlog.subtract(1, ordering: .relaxed)
        }
    }
}
