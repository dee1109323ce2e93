// Part of daqd
// SPDX-License-Identifier: MIT

/// The answer to one request, exactly as it goes out.
///
/// The server adds `Date`, `Content-Length` (or `Transfer-Encoding`) and, where it must, `Connection`; nothing else.
public struct HTTPResponse: Sendable {
    /// The status, 200 to 599.
    public var status: Int
    /// The header fields, sent in this order and spelling.
    public var headers: HTTPHeaders
    /// What follows the headers; not sent for HEAD, whose Content-Length it still states.
    public var body: HTTPBody

    /// A response with an exact set of headers.
    public init(_ status: Int, headers: HTTPHeaders, body: HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response without body.
    public init(_ status: Int) {
        self.init(status, headers: HTTPHeaders(), body: .empty)
    }

    /// Bytes of one content type.
    public init(_ status: Int, type: String, bytes: [UInt8]) {
        self.init(status, headers: HTTPHeaders("Content-Type", type), body: .bytes(bytes))
    }

    /// Text of one content type, in UTF-8.
    public init(_ status: Int, type: String, text: String) {
        self.init(status, headers: HTTPHeaders("Content-Type", type), body: .text(text))
    }

    /// Closes the connection without a reply.
    public static let disconnect = HTTPResponse(500, headers: HTTPHeaders(), body: .disconnect)

    /// A file, or the part of it that the request's `Range` asks for (206, 416; `Accept-Ranges` is stated).
    public static func file(_ file: OpenFile, for request: HTTPRequest, type: String) throws(HTTPFailure)
        -> HTTPResponse
    {
        var response = HTTPResponse(
            200, headers: ["Content-Type": type, "Accept-Ranges": "bytes"],
            body: .file(file, offset: 0, length: file.size))
        guard let text = request.headers["Range"], request.method == .get else { return response }
        switch HTTPByteRange(parsing: text, size: file.size) {
        case .whole: return response
        case .unsatisfiable:
            var failure = HTTPFailure(416, "the file has \(file.size) bytes; the range \(text) is not within it")
            failure.headers["Content-Range"] = "bytes */\(file.size)"
            throw failure
        case .part(let part):
            response.status = 206
            response.headers["Content-Range"] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.size)"
            response.body = .file(file, offset: part.lowerBound, length: part.upperBound - part.lowerBound)
            return response
        }
    }
}
