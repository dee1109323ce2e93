// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5
internal import Glibc
internal import Synchronization

/// The one thread that calls libhdf5: a serial executor whose jobs run in the order they were queued.
///
/// Debian's HDF5 is built without thread safety, so two threads inside it corrupt each other's files.
final class HDF5Thread: SerialExecutor {
    private enum Work: Sendable {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct State {
        var queue: [Work] = []
        var started = false
    }

    private let state = Mutex(State())
    private let available = Semaphore()
    private let identity = Atomic<UInt>(0)

    init() {}

    var isCurrent: Bool { identity.load(ordering: .acquiring) == UInt(pthread_self()) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { state in
            start(&state)
            state.queue.append(.job(job))
        }
        available.post()
    }

    func checkIsolated() {
        precondition(isCurrent, "libhdf5 is used outside its thread")
    }

    /// Runs a closure on the thread and waits for it; the caller's thread is blocked, so never call this from a task.
    func wait(for body: @escaping @Sendable () -> Void) {
        if isCurrent { return body() }
        let done = Semaphore()
        state.withLock { state in
            start(&state)
            state.queue.append(
                .closure {
                    body()
                    done.post()
                })
        }
        available.post()
        done.wait()
    }

    /// Starts the thread at the first use; a process that touches no HDF5 file has no such thread.
    private func start(_ state: inout State) {
        guard !state.started else { return }
        state.started = true
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<HDF5Thread>.fromOpaque(context).takeUnretainedValue().loop()
                }
                return nil
            }, context)
        precondition(status == 0, "the system refuses to start a thread")
        _ = pthread_detach(thread)
    }

    private func loop() {
        identity.store(UInt(pthread_self()), ordering: .releasing)
        daqd_name_thread()
        prepareLibrary()
        while true {
            available.wait()
            let work = state.withLock { state in state.queue.isEmpty ? nil : state.queue.removeFirst() }
            switch work {
            case .job(let job): unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            case .closure(let body): body()
            case nil: break
            }
        }
    }

    /// Silences the library's own messages and keeps filter plugins out.
    ///
    /// A registered bitshuffle plugin would add client values of its own to new datasets, which then crash readers; at
    /// process exit the
    /// library's clean-up would run on another thread, so it is told not to.
    private func prepareLibrary() {
        _ = H5dont_atexit()
        _ = H5open()
        _ = H5Eset_auto2(0, nil, nil)
        _ = H5PLset_loading_state(0)
    }
}

/// A counting semaphore of the C library, which needs an address of its own.
///
/// Safe because nobody else sees that address.
@safe final class Semaphore: Sendable {
    // Written by the C library's own synchronisation.
    private nonisolated(unsafe) let handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() {
        _ = unsafe sem_init(handle, 0, 0)
    }

    deinit {
        _ = unsafe sem_destroy(handle)
        unsafe handle.deallocate()
    }

    func post() { _ = unsafe sem_post(handle) }

    func wait() {
        while unsafe sem_wait(handle) != 0 {}
    }
}
