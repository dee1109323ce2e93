// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a server cannot listen.
public struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    /// One sentence: what was tried, where, and the reason.
    public let description: String

    init(_ description: String) { self.description = description }
}
