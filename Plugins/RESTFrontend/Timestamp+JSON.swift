// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension Timestamp {
    /// Appends the time as RFC 3339 with nanoseconds in quotes, `null` for "never".
    ///
    /// Digit by digit into the buffer: the kernel's description makes a dozen texts, which a busy server would feel.
    func writeJSON(to bytes: inout [UInt8]) {
        guard self != .never else {
            bytes.append(contentsOf: "null".utf8)
            return
        }
        let seconds = nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : (nanoseconds - 999_999_999) / 1_000_000_000
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = seconds - day * 86_400
        let (year, month, dayOfMonth) = Self.date(day)
        func put(_ value: Int64, _ width: Int) {
            var divisor: Int64 = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                bytes.append(UInt8(truncatingIfNeeded: 48 + value / divisor % 10))
                divisor /= 10
            }
        }
        func put(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }
        put("\"")
        put(year, 4)
        put("-")
        put(month, 2)
        put("-")
        put(dayOfMonth, 2)
        put("T")
        put(second / 3600, 2)
        put(":")
        put(second / 60 % 60, 2)
        put(":")
        put(second % 60, 2)
        put(".")
        put(nanoseconds - seconds * 1_000_000_000, 9)
        put("Z")
        put("\"")
    }

    /// The Gregorian date of a day since 1970; years counted from March, so that leap days come last.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let calendarMonth = month < 10 ? month + 3 : month - 9
        return (
            yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0), calendarMonth, dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}
