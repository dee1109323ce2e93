// Part of daqd
// SPDX-License-Identifier: MIT
internal import CFiles
internal import Glibc

/// A detached thread with a name of its own, for work that blocks: sockets, child processes, disks, a vendor's library.
///
/// Signals are blocked in it from its first instruction, so that the daemon's main thread receives them.
public enum NamedThread {
    /// What a new thread is told.
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts `body` on a new thread.
    /// - Parameter name: At most 15 bytes reach the system's table of threads.
    /// - Returns: Whether the system gave a thread; `false` when it has no more, and `body` is never called.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let start = unsafe Unmanaged.passRetained(Start(String(name.utf8.prefix(15)) ?? "daqd", body))
        var mask = sigset_t()
        var blocked = blocked
        unsafe pthread_sigmask(SIG_SETMASK, &blocked, &mask)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &mask, nil) }
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                unsafe daqd_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// All signals but those of our own faults, which must still end in a report with a trace.
    private static var blocked: sigset_t {
        var set = sigset_t()
        unsafe sigfillset(&set)
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { unsafe sigdelset(&set, signal) }
        return set
    }
}
