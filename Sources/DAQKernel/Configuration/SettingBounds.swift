// Part of daqd
// SPDX-License-Identifier: MIT

/// The least and the greatest value that a setting takes; either may be open.
struct SettingBounds<Value: Comparable & Sendable>: Sendable {
    var lower: Value?
    var upper: Value?

    func contains(_ value: Value) -> Bool {
        if let lower, value < lower { return false }
        if let upper, value > upper { return false }
        return true
    }

    /// `from 1 to 65535 s`, `at least 0 s`, `at most 5 s`; empty without bounds.
    func text(_ format: (Value) -> String) -> String {
        switch (lower, upper) {
        case (let lower?, let upper?): "from \(format(lower)) to \(format(upper))"
        case (let lower?, nil): "at least \(format(lower))"
        case (nil, let upper?): "at most \(format(upper))"
        case (nil, nil): ""
        }
    }
}
