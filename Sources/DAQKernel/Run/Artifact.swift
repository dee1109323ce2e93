// Part of daqd
// SPDX-License-Identifier: MIT

/// A file that belongs to an acquisition.
public struct Artifact: Sendable, Hashable {
    /// What a file is for; any word may be made, these are the ones that shipped plugins use.
    public struct Role: Hashable, Sendable {
        /// The word in the run log, in REST and in a command's environment.
        public let name: String
        /// Makes a role from its word.
        public init(_ name: String) { self.name = name }
        /// The file that a reader opens; it may link to `data`.
        public static let master = Self("master")
        /// Frames.
        public static let data = Self("data")
        /// A picture for people.
        public static let thumbnail = Self("thumbnail")
        /// A copy of another artifact.
        public static let copy = Self("copy")
        /// Text about what happened.
        public static let log = Self("log")
        /// Anything else.
        public static let other = Self("other")
    }

    /// The absolute path.
    public var path: String
    /// What it is for.
    public var role: Role
    /// Size in bytes, where known.
    public var size: Int64?
    /// Its sum, where known.
    public var sha256: SHA256.Digest?
    /// Whether its content was checked after it was written; `nil`: not checked yet.
    public var verified: Bool?
    /// Who made it: the device's or the post-operation's name; filled in by the kernel.
    public var maker: String?

    /// Describes a file.
    public init(
        path: String, role: Role, size: Int64? = nil, sha256: SHA256.Digest? = nil, verified: Bool? = nil,
        maker: String? = nil
    ) {
        self.path = path
        self.role = role
        self.size = size
        self.sha256 = sha256
        self.verified = verified
        self.maker = maker
    }

    /// Describes a file that was just committed.
    public init(_ commit: DurableFile.Commit, role: Role) {
        self.init(path: commit.path, role: role, size: commit.size, sha256: commit.sha256)
    }

    /// The last part of the path.
    public var name: String { SafePath.name(of: path) }
}
