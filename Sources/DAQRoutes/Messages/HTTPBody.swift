// Part of daqd
// SPDX-License-Identifier: MIT

/// What a response carries: bytes, part of a file, or a stream that is produced while it is sent.
public struct HTTPBody: Sendable {
    enum Storage: Sendable {
        case bytes([UInt8])
        case file(OpenFile, offset: UInt64, length: UInt64)
        case stream(length: UInt64?, @Sendable (HTTPBodyWriter) async throws -> Void)
        case disconnect
    }

    let storage: Storage

    /// No bytes; `Content-Length: 0`.
    public static let empty = HTTPBody(storage: .bytes([]))

    /// Closes the connection without a reply: status and headers are not sent either.
    public static let disconnect = HTTPBody(storage: .disconnect)

    /// These bytes.
    public static func bytes(_ bytes: [UInt8]) -> HTTPBody { HTTPBody(storage: .bytes(bytes)) }

    /// This text in UTF-8.
    public static func text(_ text: String) -> HTTPBody { HTTPBody(storage: .bytes(Array(text.utf8))) }

    /// `length` bytes of a file from `offset`, sent by the system without a copy.
    public static func file(_ file: OpenFile, offset: UInt64, length: UInt64) -> HTTPBody {
        HTTPBody(storage: .file(file, offset: offset, length: length))
    }

    /// What `produce` writes, while it writes it.
    ///
    /// `produce` runs in a task of its own, after the headers were sent, and never for HEAD; its `write` waits while the
    /// client is slower. When it returns the body ends; when it throws, or writes less than `length`, the connection is cut.
    /// - Parameter length: the announced Content-Length; nil sends chunks (to HTTP/1.0 clients: until the connection closes).
    public static func stream(
        length: UInt64?, _ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void
    ) -> HTTPBody {
        HTTPBody(storage: .stream(length: length, produce))
    }
}
