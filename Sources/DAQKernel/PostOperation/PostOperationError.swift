// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a post-operation failed, and what that means.
public struct PostOperationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the failure means; a struct, so that a new kind breaks no plugin's `switch`.
    public struct Kind: Hashable, Sendable {
        let name: String
        /// Another attempt may succeed: a server that is down, a full disk.
        public static let temporary = Self(name: "temporary")
        /// No further attempt can succeed.
        public static let permanent = Self(name: "permanent")
        /// The data are incomplete or wrong; the acquisition becomes failed, and no further attempt is made.
        public static let dataWrong = Self(name: "dataWrong")
    }

    /// What the failure means.
    public let kind: Kind
    /// One sentence for the operator.
    public let message: String
    /// What was learnt about files although it failed: those that are wrong, and those that are not.
    public let artifacts: [Artifact]

    /// Makes an error.
    public init(_ kind: Kind, _ message: String, artifacts: [Artifact] = []) {
        self.kind = kind
        self.message = message
        self.artifacts = artifacts
    }

    /// The sentence.
    public var description: String { message }
}
