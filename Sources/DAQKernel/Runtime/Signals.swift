// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// What the outside asks of the daemon by signals.
public enum DaemonSignal: Sendable {
    /// SIGTERM or SIGINT: end.
    case stop
    /// SIGHUP: read the configuration again.
    case reload
}

/// Signals as values: blocked in every thread, read by one that waits for them.
public enum Signals {
    /// Blocks the signals the daemon handles and ignores SIGPIPE; first thing in `main`, before any thread is made.
    public static func block() {
        var set = handled()
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// The signals from now on.
    public static func stream() -> AsyncStream<DaemonSignal> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: DaemonSignal.self, bufferingPolicy: .bufferingNewest(16))
        SerialThread(name: "daqd-signals").perform {
            var set = handled()
            while true {
                var number: Int32 = 0
                guard unsafe sigwait(&set, &number) == 0 else { continue }
                continuation.yield(number == SIGHUP ? .reload : .stop)
            }
        }
        return stream
    }

    private static func handled() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, number) }
        return set
    }
}
