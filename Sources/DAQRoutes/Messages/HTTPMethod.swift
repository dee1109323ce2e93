// Part of daqd
// SPDX-License-Identifier: MIT

/// The method of a request, spelt as it was sent.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The method's name on the wire.
    public let rawValue: String

    /// A method by its name; methods are case sensitive.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Reads a resource.
    public static let get = HTTPMethod(rawValue: "GET")
    /// Reads a resource's headers.
    public static let head = HTTPMethod(rawValue: "HEAD")
    /// Writes a resource.
    public static let put = HTTPMethod(rawValue: "PUT")
    /// Asks a resource to act.
    public static let post = HTTPMethod(rawValue: "POST")
    /// Changes part of a resource.
    public static let patch = HTTPMethod(rawValue: "PATCH")
    /// Removes a resource.
    public static let delete = HTTPMethod(rawValue: "DELETE")
    /// Asks what a resource allows.
    public static let options = HTTPMethod(rawValue: "OPTIONS")

    /// The method's name on the wire.
    public var description: String { rawValue }
}
