// Part of daqd
// SPDX-License-Identifier: MIT

import CEventLoop
import Glibc

/// Starts a detached thread with a name of its own, in which signals are blocked.
enum LoopThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// - Returns: Whether the system gave a thread.
    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                LoopThread.blockSignals()
                unsafe daqd_rpc_name_thread(String(body.name.prefix(15)))
                body.run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private static func blockSignals() {
        var all = sigset_t()
        unsafe sigfillset(&all)
        // A fault of our own must still end in a report with a trace.
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { unsafe sigdelset(&all, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    }
}
