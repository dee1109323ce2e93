// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Time as Channel Access carries it: seconds since 1990-01-01 UTC without leap seconds, and nanoseconds.
struct EPICSTime: Equatable, Sendable {
    /// Seconds from 1970 to 1990.
    static let offsetSeconds: Int64 = 631_152_000

    var seconds: UInt32
    var nanoseconds: UInt32

    /// Both, in the order of the wire.
    @inline(__always)
    var bits: UInt64 { UInt64(seconds) << 32 | UInt64(nanoseconds) }

    /// The time of a sample; zeros for "never" and for what 32 bits cannot say.
    @inline(__always)
    init(_ timestamp: Timestamp) {
        let whole = timestamp.nanoseconds / 1_000_000_000
        guard timestamp != .never, let seconds = UInt32(exactly: whole - Self.offsetSeconds) else {
            (seconds, nanoseconds) = (0, 0)
            return
        }
        self.seconds = seconds
        nanoseconds = UInt32(timestamp.nanoseconds - whole * 1_000_000_000)
    }
}
