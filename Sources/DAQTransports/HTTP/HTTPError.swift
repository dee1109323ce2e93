// Part of daqd
// SPDX-License-Identifier: MIT

/// Why a request brought no usable reply.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure; a struct, so that a new kind breaks nobody's `switch`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// The request itself may not be sent: its address or a header field is malformed.
        public static let request = Self(description: "request")
        /// The host's name is unknown, or nobody listens, or TLS failed: nothing was sent.
        public static let connection = Self(description: "connection")
        /// The connection broke after it stood; the server may or may not have acted.
        public static let broken = Self(description: "broken")
        /// A limit in time was reached.
        public static let timeout = Self(description: "timeout")
        /// The reply ended before the length that it announced.
        public static let truncated = Self(description: "truncated")
        /// The reply is larger than the request allows.
        public static let tooLarge = Self(description: "tooLarge")
        /// The reply is not HTTP, or contradicts itself or the request.
        public static let malformed = Self(description: "malformed")
        /// The file could not be written.
        public static let storage = Self(description: "storage")
        /// The server answered with a status that the caller cannot use.
        public static let status = Self(description: "status")
        /// The client was stopped.
        public static let stopped = Self(description: "stopped")
    }

    /// What a caller decides by.
    public var code: Code
    /// One sentence: what was asked, where, what went wrong.
    public var message: String
    /// The server's status, when one came.
    public var status: Int?
    /// libcurl's own number (`CURLE_…`).
    public var curlCode: Int?
    /// Whether a byte of the request left this machine: the server may have acted on it.
    public var wasSent: Bool

    /// Makes an error.
    public init(_ code: Code, _ message: String, status: Int? = nil, curlCode: Int? = nil, wasSent: Bool = false) {
        self.code = code
        self.message = message
        self.status = status
        self.curlCode = curlCode
        self.wasSent = wasSent
    }

    /// The sentence.
    public var description: String { message }
}
