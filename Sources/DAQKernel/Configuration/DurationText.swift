// Part of daqd
// SPDX-License-Identifier: MIT

/// Durations as people write them: `5 s`, `500 ms`, `1 min 30 s`, or a bare number of seconds.
enum DurationText {
    /// What is accepted, for error messages.
    static let accepted = "a number with ns, us, ms, s, min, h or d, such as 500 ms or 1 min 30 s"

    private static let unitSeconds: [String: Double] = [
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600,
        "d": 86400,
    ]

    /// Reads a duration; `nil` when the text is none, or is longer than 300 years.
    static func parse(_ text: String) -> Duration? {
        if let seconds = NumberText.parse(text) { return duration(seconds) }
        var rest = Substring(text)
        var seconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard !digits.isEmpty, let number = NumberText.parse(String(digits)) else { return nil }
            rest = rest.dropFirst(digits.count).drop { $0 == " " }
            let unit = rest.prefix { $0.isLetter }
            guard let scale = unitSeconds[String(unit)] else { return nil }
            rest = rest.dropFirst(unit.count).drop { $0 == " " }
            seconds += number * scale
        }
        return text.isEmpty ? nil : duration(seconds)
    }

    private static func duration(_ seconds: Double) -> Duration? {
        seconds >= 0 && seconds < 1e10 ? .seconds(seconds) : nil
    }

    /// The shortest way to write a duration with one unit.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard attoseconds == 0 else {
            let total = Double(seconds) + Double(attoseconds) / 1e18
            for (unit, scale) in [("ms", 1e3), ("us", 1e6), ("ns", 1e9)] where (total * scale).rounded() >= 1 {
                let scaled = (total * scale * 1e3).rounded() / 1e3
                if scaled == scaled.rounded() { return "\(NumberText.short(scaled)) \(unit)" }
            }
            return "\(NumberText.short(total)) s"
        }
        for (unit, scale) in [("d", Int64(86400)), ("h", 3600), ("min", 60)]
        where seconds != 0 && seconds.isMultiple(of: scale) {
            return "\(seconds / scale) \(unit)"
        }
        return "\(seconds) s"
    }
}
