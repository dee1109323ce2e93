// Part of daqd
// SPDX-License-Identifier: MIT

/// Which rules of a group concern a field: those that operators change are level 0, the others 1.
enum AccessLevel: Int, Sendable {
    /// `VAL`, `PROC`, `DESC`.
    case `operator` = 0
    /// Every other field.
    case engineer = 1
}
