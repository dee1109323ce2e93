// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc

/// The system's sentence for an error number.
func systemErrorText(_ number: Int32) -> String {
    // The C library of Debian keeps this text per thread.
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}

extension Duration {
    /// Whole milliseconds, rounded up, never negative, capped at what C's `long` and `int` take.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// Seconds as a number for a sentence, without superfluous digits.
    var spokenSeconds: String {
        let milliseconds = wholeMilliseconds
        if milliseconds % 1000 == 0 { return "\(milliseconds / 1000) s" }
        return "\(Double(milliseconds) / 1000) s"
    }
}
