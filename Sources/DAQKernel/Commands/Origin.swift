// Part of daqd
// SPDX-License-Identifier: MIT

/// Who asked: for access rules, put logs and run records.
public struct Origin: Sendable, Equatable, CustomStringConvertible {
    /// Name of the frontend, or `daqd` for the daemon itself.
    public var frontend: String
    /// The client's user name, as far as the frontend knows it.
    public var user: String
    /// The client's host name or address.
    public var host: String
    /// The address of the client's connection, where ``host`` is what it says of itself; empty elsewhere.
    public var address: String

    /// An origin; empty texts where the frontend does not know.
    public init(frontend: String, user: String = "", host: String = "", address: String = "") {
        self.frontend = frontend
        self.user = user
        self.host = host
        self.address = address
    }

    /// The daemon itself.
    public static let daemon = Origin(frontend: "daqd")

    /// Frontend, user and host in one word: `rest alice@10.0.0.7`.
    public var description: String {
        let who = user.isEmpty ? host : host.isEmpty ? user : "\(user)@\(host)"
        return who.isEmpty ? frontend : "\(frontend) \(who)"
    }
}
