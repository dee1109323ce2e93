// Part of daqd
// SPDX-License-Identifier: MIT

/// What a text from outside may cost.
struct PYONLimits: Sendable {
    /// Containers within each other, a tag's own brackets included.
    var depth = 256
    /// Values in all.
    var values = 1_000_000
}

/// The two encodings of sipyco's values.
enum PYONVersion: Sendable {
    /// Python's own notation; what older clients speak.
    case v1
    /// JSON with tagged objects.
    case v2
}
