// Part of daqd
// SPDX-License-Identifier: MIT
import CSystem
import Glibc

/// A detached thread with a name of its own, for work that blocks: sockets, child processes, disk writes.
///
/// Signals are blocked in it, so that the daemon's main thread receives them.
enum NamedThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts `run` on a new thread.
    /// - Parameter name: At most 15 bytes reach the kernel's table of threads.
    /// - Returns: Whether the system gave a thread; `false` when it has no more.
    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
        var attributes = pthread_attr_t()
        guard unsafe pthread_attr_init(&attributes) == 0 else {
            unsafe body.release()
            return false
        }
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                NamedThread.prepare(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        if code != 0 { unsafe body.release() }
        return code == 0
    }

    private static func prepare(_ name: String) {
        var all = sigset_t()
        unsafe sigfillset(&all)
        // A fault of our own must still end in a report with a trace.
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { unsafe sigdelset(&all, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
        unsafe daqd_name_thread(String(name.utf8.prefix(15)) ?? "daqd")
    }
}
