// Part of daqd
// SPDX-License-Identifier: MIT

/// The commands of Channel Access that a server meets, by their number on the wire.
enum CACommand: UInt16, Sendable {
    case version = 0
    case eventAdd = 1
    case eventCancel = 2
    case read = 3
    case write = 4
    case search = 6
    case eventsOff = 8
    case eventsOn = 9
    case readSync = 10
    case error = 11
    case clearChannel = 12
    case serverIsUp = 13
    case notFound = 14
    case readNotify = 15
    case createChannel = 18
    case writeNotify = 19
    case clientName = 20
    case hostName = 21
    case accessRights = 22
    case echo = 23
    case createFailed = 26
    case serverDisconnected = 27
}

/// What this server speaks.
enum CAVersion {
    /// The protocol's minor version: CA 4.13.
    static let minor: UInt16 = 13
    /// The oldest minor version of a client that is served.
    static let oldestMinor: UInt16 = 4
    /// Since then messages may have an extended header.
    static let largeArrays: UInt16 = 9
    /// Since then a channel can be refused and not only the circuit.
    static let createFailed: UInt16 = 6
    /// Since then a channel can end and not only the circuit.
    static let serverDisconnected: UInt16 = 7
    /// Since then a search carries a sequence number.
    static let sequence: UInt16 = 11
    /// Highest priority of a circuit.
    static let highestPriority: UInt16 = 99
}
