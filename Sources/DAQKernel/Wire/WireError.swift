// Part of daqd
// SPDX-License-Identifier: MIT

/// A peer's bytes are wrong: what was met, where, and what was expected.
public struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One sentence for the log.
    public let message: String
    /// Offset in bytes from the start of what was decoded, where it is known.
    public let offset: Int?

    /// Makes an error from one sentence and the place in bytes from the start of what was decoded.
    public init(_ message: String, at offset: Int? = nil) {
        self.message = message
        self.offset = offset
    }

    /// The sentence with the offset, if there is one.
    public var description: String {
        if let offset { "\(message) at byte \(offset)" } else { message }
    }
}
