// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Who is at the other end of a circuit; user and host name are claims.
struct ClientIdentity: Sendable, Equatable {
    /// The user's name as the client says it.
    var user = ""
    /// The host's name as the client says it, in lower case.
    var host = ""
    /// The address of the connection, without the port; this one is true.
    var address = ""

    /// The client as the origin of a write.
    func origin(frontend: String) -> Origin {
        Origin(frontend: frontend, user: user, host: host.isEmpty ? address : host, address: address)
    }
}

/// What a client may do with a channel, as ACCESS_RIGHTS carries it.
struct AccessRights: OptionSet, Sendable {
    let rawValue: UInt32
    static let read = AccessRights(rawValue: 1)
    static let write = AccessRights(rawValue: 2)
}
