// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// A file operation that failed: what was tried, on which path, and the system's reason.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure, for code that has to decide; a struct, so that a new kind breaks no plugin's `switch`.
    public struct Code: Hashable, Sendable {
        let name: String
        /// The system refused; see ``FileError/errorNumber``.
        public static let system = Self(name: "system")
        /// The final name is taken by a file with other content; the partial file is kept.
        public static let nameTaken = Self(name: "nameTaken")
        /// Another writer holds the same partial file.
        public static let inUse = Self(name: "inUse")
        /// Too little free space.
        public static let noSpace = Self(name: "noSpace")
        /// A name that would lead outside its folder, or that no file can have.
        public static let unsafeName = Self(name: "unsafeName")
        /// Size or checksum differ from what was announced.
        public static let mismatch = Self(name: "mismatch")
    }

    /// What kind of failure.
    public let code: Code
    /// The path the sentence is about.
    public let path: String
    /// The system's `errno`, 0 where the failure is our own judgement.
    public let errorNumber: Int32
    /// One sentence for the operator.
    public let message: String

    /// Makes an error of our own judgement.
    public init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.errorNumber = 0
        self.message = message
    }

    /// Makes an error from `errno`, read by the caller on the line after the call.
    /// - Parameter operation: A verb with its article, as in `create`, `sync`.
    public init(system number: Int32, _ operation: String, path: String) {
        code = number == ENOSPC || number == EDQUOT || number == EFBIG ? .noSpace : .system
        self.path = path
        errorNumber = number
        message = "cannot \(operation) \(path): \(Self.text(of: number))"
    }

    /// The sentence.
    public var description: String { message }

    /// The system's text of an `errno`.
    public static func text(of number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let size = buffer.count
        unsafe buffer.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress { _ = unsafe strerror_r(number, base, size) }
        }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "error \(number)" : String(decoding: bytes, as: UTF8.self)
    }
}
