// Part of daqd
// SPDX-License-Identifier: MIT

/// A generation of the SIMPLON API.
enum APIVersion: String, Sendable, CaseIterable, Comparable {
    case v16 = "1.6.0"
    case v18 = "1.8.0"

    static func < (left: APIVersion, right: APIVersion) -> Bool { left.rawValue < right.rawValue }
}
