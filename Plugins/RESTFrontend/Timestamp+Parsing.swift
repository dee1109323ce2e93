// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension Timestamp {
    /// Reads RFC 3339: a date, and a time with `Z` or an offset; nil for anything else.
    init?(parsing text: String) {
        var reader = DigitReader(Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), (1...12).contains(month),
            reader.take("-"), let day = reader.number(2), (1...Self.days(in: month, of: year)).contains(day)
        else { return nil }
        var seconds = Self.day(year, month, day) * 86_400
        var fraction: Int64 = 0
        if !reader.isAtEnd {
            guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), hour < 24,
                reader.take(":"),
                let minute = reader.number(2), minute < 60, reader.take(":"), let second = reader.number(2),
                second <= 60
            else { return nil }
            seconds += hour * 3600 + minute * 60 + second
            if reader.take(".") {
                guard let digits = reader.fraction() else { return nil }
                fraction = digits
            }
            guard let offset = reader.offset(), reader.isAtEnd else { return nil }
            seconds -= offset
        }
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        // Beyond the years 1677 to 2262 the nearest time there is.
        self.init(nanoseconds: overflow ? (seconds < 0 ? .min : .max) : nanoseconds &+ fraction)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    /// Days since 1970 of a Gregorian date.
    private static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Reads digits and marks from the left.
private struct DigitReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: mark) else { return false }
        index += 1
        return true
    }

    mutating func number(_ width: Int) -> Int64? {
        guard bytes.count - index >= width else { return nil }
        var value: Int64 = 0
        for byte in bytes[index..<index + width] {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 48)
        }
        index += width
        return value
    }

    /// Nanoseconds from the digits behind a point.
    mutating func fraction() -> Int64? {
        var value: Int64 = 0
        var scale: Int64 = 100_000_000
        let start = index
        while index < bytes.count, (48...57).contains(bytes[index]) {
            value += Int64(bytes[index] - 48) * scale
            scale /= 10
            index += 1
        }
        return index > start ? value : nil
    }

    /// Seconds east of UTC: `Z`, `+01:00`; nothing counts as UTC.
    mutating func offset() -> Int64? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let east = take("+")
        guard east || take("-"), let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60
        else { return nil }
        return (east ? 1 : -1) * (hours * 3600 + minutes * 60)
    }
}
