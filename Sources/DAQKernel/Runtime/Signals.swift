// Part of daqd
// SPDX-License-Identifier: MIT
internal import CSignals
internal import Glibc

/// What the outside asks of the daemon by signals.
public enum DaemonSignal: Sendable {
    /// SIGTERM or SIGINT: end.
    case stop
    /// SIGHUP: read the configuration again.
    case reload
}

/// Signals as values.
public enum Signals {
    /// Catches SIGTERM, SIGINT and SIGHUP from now on, and ignores SIGPIPE; to be called once, first thing.
    public static func stream() -> AsyncStream<DaemonSignal> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: DaemonSignal.self, bufferingPolicy: .bufferingNewest(16))
        let descriptor = daqd_catch_signals()
        SerialThread(name: "daqd-signals").perform {
            var number: UInt8 = 0
            while true {
                let count = unsafe read(descriptor, &number, 1)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { break }
                continuation.yield(Int32(number) == SIGHUP ? .reload : .stop)
            }
            continuation.finish()
        }
        return stream
    }
}
