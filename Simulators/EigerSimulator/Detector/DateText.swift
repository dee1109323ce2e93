// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// Wall-clock times as the control unit writes them.
enum DateText {
    /// `2023-10-03T17:47:48.329`, UTC.
    static func milliseconds() -> String {
        let now = clock()
        return date(now.tv_sec) + "." + padded(Int(now.tv_nsec) / 1_000_000, 3)
    }

    /// `2019-07-30T14:18:57+00:00`, UTC.
    static func seconds() -> String { date(clock().tv_sec) + "+00:00" }

    /// `2023-10-03T17:47:48.329123456Z`.
    static func nanoseconds() -> String {
        let now = clock()
        return date(now.tv_sec) + "." + padded(Int(now.tv_nsec), 9) + "Z"
    }

    /// Milliseconds since 1970.
    static func epochMilliseconds() -> UInt64 {
        let now = clock()
        return UInt64(clamping: now.tv_sec) * 1000 + UInt64(clamping: now.tv_nsec / 1_000_000)
    }

    private static func clock() -> timespec {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return now
    }

    private static func date(_ seconds: time_t) -> String {
        var seconds = seconds
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        let dayText = [padded(year, 4), padded(month, 2), padded(day, 2)].joined(separator: "-")
        let timeText = [padded(hour, 2), padded(minute, 2), padded(second, 2)].joined(separator: ":")
        return dayText + "T" + timeText
    }

    private static func padded(_ number: some BinaryInteger, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
