// Part of daqd
// SPDX-License-Identifier: MIT

/// The run log cannot do what was asked: the database's reason and what to do.
public struct RunLogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure; a struct, so that a new kind breaks no plugin's `switch`.
    public struct Code: Hashable, Sendable {
        let name: String
        /// Another daqd uses the same state folder.
        public static let inUse = Self(name: "inUse")
        /// Another program holds the database locked.
        public static let busy = Self(name: "busy")
        /// The file is damaged or no database.
        public static let corrupt = Self(name: "corrupt")
        /// The disk is full or a quota is used up.
        public static let full = Self(name: "full")
        /// The file was written by a newer daqd.
        public static let newer = Self(name: "newer")
        /// The file cannot be read or written.
        public static let access = Self(name: "access")
        /// An event that is illegal in the acquisition's state, or an unknown id.
        public static let illegal = Self(name: "illegal")
        /// The run log was closed.
        public static let closed = Self(name: "closed")
        /// A mistake of our own.
        public static let internalMistake = Self(name: "internal")
    }

    /// What kind of failure.
    public let code: Code
    /// One sentence for the operator.
    public let message: String
    /// SQLite's extended result code; 0 where the failure is our own judgement.
    public let sqliteCode: Int32

    init(_ code: Code, _ message: String, sqliteCode: Int32 = 0) {
        self.code = code
        self.message = message
        self.sqliteCode = sqliteCode
    }

    /// Whether the same call may succeed later: space may be freed, a lock let go.
    var isTemporary: Bool { code == .full || code == .busy }

    /// The sentence.
    public var description: String { message }
}
