// Part of daqd
// SPDX-License-Identifier: MIT

/// A request that cannot be served: the status and one sentence for the person who sent it.
///
/// Handlers throw it; the router makes a response of it (``HTTPRouter/failure``).
public struct HTTPFailure: Error, Sendable, CustomStringConvertible {
    /// The status, 400 to 599.
    public var status: Int
    /// What is wrong and what to do.
    public var text: String
    /// Header fields that belong to the answer: `Allow` for 405, `Content-Range` for 416.
    public var headers: HTTPHeaders

    /// A failure with its status and sentence.
    public init(_ status: Int, _ text: String) {
        self.status = status
        self.text = text
        headers = HTTPHeaders()
    }

    /// The status and the sentence.
    public var description: String { "\(status): \(text)" }
}
