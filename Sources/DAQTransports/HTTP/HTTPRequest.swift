// Part of daqd
// SPDX-License-Identifier: MIT

/// What an HTTP request asks for.
public struct HTTPMethod: Hashable, Sendable, CustomStringConvertible {
    /// The word on the wire.
    public let description: String

    init(name: String) {
        description = name
    }

    /// Reads a resource.
    public static let get = Self(name: "GET")
    /// Reads a resource's headers only.
    public static let head = Self(name: "HEAD")
    /// Replaces a resource, or starts a command of a detector.
    public static let put = Self(name: "PUT")
    /// Sends data to a resource.
    public static let post = Self(name: "POST")
    /// Removes a resource.
    public static let delete = Self(name: "DELETE")
}

/// How long the parts of a request may take.
public struct HTTPTimeouts: Sendable {
    /// From the start until the connection stands.
    public var connect: Duration
    /// From the submission, waiting for a place in the pool included, until the last byte; `nil` without limit.
    public var total: Duration?
    /// How long a transfer may go without a single byte, in whole seconds; `nil` without limit.
    public var stall: Duration?

    /// Makes a set of limits.
    public init(connect: Duration = .seconds(2), total: Duration? = .seconds(5), stall: Duration? = nil) {
        self.connect = connect
        self.total = total
        self.stall = stall
    }
}

/// One header field of a request or response.
public struct HTTPField: Sendable, Equatable {
    /// The name as sent or received; compare without regard to case.
    public var name: String
    /// The value without surrounding blanks.
    public var value: String

    /// Makes a field.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One request, complete before it is sent.
public struct HTTPRequest: Sendable {
    /// What is asked for.
    public var method: HTTPMethod
    /// The absolute address; printable ASCII only, percent-encoded by whoever made it.
    public var url: String
    /// Fields added to the ones that the client sends anyway.
    public var fields: [HTTPField] = []
    /// The body of a PUT or POST; sent with its length, never in chunks.
    public var body: [UInt8] = []
    /// The limits in time.
    public var timeouts = HTTPTimeouts()
    /// Sends on a connection that carried nothing before and carries nothing after.
    ///
    /// libcurl repeats a request, also a PUT, when a *reused* connection breaks before the first byte of the reply.
    /// What must happen at most once therefore asks for a connection of its own.
    public var freshConnection = false
    /// The largest body accepted in a reply, in bytes; not for downloads into a file.
    public var responseLimit = 16 << 20
    /// The pool whose limit of simultaneous requests counts it; pools are declared with the client.
    public var pool = "default"

    /// Makes a request.
    public init(_ method: HTTPMethod, _ url: String) {
        self.method = method
        self.url = url
    }

    /// Why this request may not be sent; `nil` when it may.
    func objection() -> String? {
        guard url.utf8.count <= 8192 else { return "its address is longer than 8192 bytes" }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else { return "its address is not http or https" }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "its address holds a blank, a control character or a byte outside ASCII"
        }
        for field in fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isNameByte) else {
                return "the name of a header field holds a character that HTTP forbids"
            }
            guard field.value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
                return "the header field \(field.name) holds a control character"
            }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}
