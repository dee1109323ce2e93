// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a file could not be written or read, or why compressed pixels could not be expanded.
public struct StorageError: Error, Hashable, CustomStringConvertible {
    /// The kind of failure; a struct, so that a new kind breaks nobody's `switch`.
    public struct Code: Hashable, Sendable {
        let name: String
        /// libhdf5 refused: the file is absent, not HDF5, newer than the library, or the disk is full.
        public static let hdf5 = Self(name: "hdf5")
        /// The file is written in a version of the format that this libhdf5 (1.10) does not know, or pretends to be.
        public static let newerFormat = Self(name: "newerFormat")
        /// The system refused: no process, no memory; it says nothing about the data.
        public static let system = Self(name: "system")
        /// Bytes that lie: a compressed frame whose lengths or content contradict each other.
        public static let damaged = Self(name: "damaged")
        /// Asked for something that cannot be: an element size of 3, a chunk of the wrong rank.
        public static let invalid = Self(name: "invalid")
        /// Right, but not understood here: a filter or an element type that this library does not know.
        public static let unsupported = Self(name: "unsupported")
    }
    /// What went wrong, in kind.
    public var code: Code
    /// One sentence: what was asked, where, and what was found instead.
    public var message: String

    /// Makes an error of one kind with its sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence.
    public var description: String { message }
}
