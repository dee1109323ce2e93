// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Where one server listens, what it announces and what it allows; the file goes before the environment.
struct ServerSettings: Sendable {
    /// UDP port, and wanted TCP port.
    var port = 5064
    /// Wanted TCP port where it differs; 0 takes a free one.
    var tcpPort: Int?
    /// Whether a taken TCP port is an error, not a reason to take another.
    var strictPort = false
    /// Addresses of interfaces and multicast groups; all interfaces when empty.
    var interfaces: [String] = []
    var ignored: [String] = []
    var beaconAddresses: [String] = []
    var automaticBeacons = true
    var beaconPort = 5065
    /// Longest interval between beacons, in seconds.
    var beaconPeriod = 15.0
    var multicastTTL = 1
    /// Threads that serve circuits.
    var threads = 1
    var limits = CircuitLimits()
    /// Greatest message; `nil` where the largest value decides.
    var maximumMessageBytes: Int?
    var maximumConnections = 1000
    var maximumConnectionsPerAddress = 200
    /// What the environment says and cannot be used.
    var problems: [String] = []

    static let declared: [Setting] = [
        .integer(
            "port", "UDP port, and wanted TCP port; EPICS_CAS_SERVER_PORT, then 5064 when absent", in: 1...65535
        ).optional,
        .integer("tcp_port", "Wanted TCP port where it differs; 0 takes a free one", in: 0...65535).optional,
        .bool("strict_port", "Refuse to start when the TCP port is taken, instead of taking another", default: false),
        .list(
            "interfaces",
            "Addresses to listen at, and multicast groups; EPICS_CAS_INTF_ADDR_LIST, then all interfaces when empty",
            of: .string, default: []),
        .list(
            "ignore", "Addresses whose searches are dropped; EPICS_CAS_IGNORE_ADDR_LIST when empty", of: .string,
            default: []),
        .list(
            "beacon_addresses",
            "Where beacons go besides the automatic addresses; EPICS_CAS_BEACON_ADDR_LIST when empty",
            of: .string, default: []),
        .bool(
            "automatic_beacons",
            "Send beacons to the interfaces' broadcast addresses; EPICS_CAS_AUTO_BEACON_ADDR_LIST, then yes when absent"
        ).optional,
        .integer(
            "beacon_port", "Port of beacon addresses without one; EPICS_CAS_BEACON_PORT, then 5065 when absent",
            in: 1...65535
        ).optional,
        .duration(
            "beacon_period", "Longest time between beacons; EPICS_CAS_BEACON_PERIOD, then 15 s when absent",
            in: .milliseconds(20) ... .seconds(3600)
        ).optional,
        .integer("threads", "Threads that serve circuits", default: 1, in: 1...16),
        .integer(
            "max_message_bytes", "Greatest message; when absent the largest value decides", unit: "B",
            in: 16384...4_294_967_295
        ).optional,
        .integer("max_connections", "Circuits beyond these are closed at once", default: 1000, in: 1...100_000),
        .integer(
            "max_connections_per_address", "The same for the circuits from one address", default: 200, in: 1...100_000),
        .integer("max_channels", "Channels of one circuit", default: 100_000, in: 1...1_000_000),
        .integer("max_subscriptions", "Subscriptions of one circuit", default: 200_000, in: 1...1_000_000),
        .integer("max_pending_puts", "Puts with callback of one circuit that wait", default: 10_000, in: 1...1_000_000),
        .integer(
            "queue", "Updates that wait in order for a slow client before the newest replaces its predecessor",
            default: 4096, in: 4...1_000_000),
        .integer(
            "send_buffer", "Unsent bytes of a circuit from which updates wait", unit: "B", default: 65_536,
            in: 1024...16_777_216),
        .integer(
            "reply_buffer", "Unsent bytes of a circuit from which its requests wait", unit: "B", default: 1_048_576,
            in: 16384...1_073_741_824),
        .duration(
            "idle_timeout", "A circuit without a channel is closed after this silence", default: .seconds(600),
            in: .seconds(10) ... .seconds(864_000)),
        .duration(
            "message_timeout", "A circuit is closed when an unfinished message makes no progress for this long",
            default: .seconds(30), in: .seconds(1) ... .seconds(3600)),
        .duration(
            "greeting_timeout", "A circuit is closed when it does not say its version within this time",
            default: .seconds(10), in: .seconds(1) ... .seconds(3600)),
        .duration(
            "unread_timeout",
            "A circuit is closed when its client takes nothing of what was sent for this long, or its machine is silent",
            default: .seconds(60), in: .seconds(1) ... .seconds(86_400)),
    ]

    init() {}

    init(_ settings: Settings, _ environment: CAEnvironment) throws {
        problems = environment.problems
        port = try settings["port"] ?? environment.serverPort ?? port
        tcpPort = try settings["tcp_port"]
        strictPort = try settings["strict_port"]
        interfaces = try Self.list("interfaces", settings) ?? environment.interfaces ?? []
        ignored = try Self.list("ignore", settings) ?? environment.ignoredAddresses ?? []
        beaconAddresses = try Self.list("beacon_addresses", settings) ?? environment.beaconAddresses ?? []
        automaticBeacons = try settings["automatic_beacons"] ?? environment.automaticBeacons ?? true
        beaconPort = try settings["beacon_port"] ?? environment.beaconPort ?? beaconPort
        let period: Duration? = try settings["beacon_period"]
        beaconPeriod =
            period.map { Double($0.components.seconds) + Double($0.components.attoseconds) * 1e-18 }
            ?? environment.beaconPeriod ?? beaconPeriod
        multicastTTL = environment.multicastTTL ?? multicastTTL
        threads = try settings["threads"]
        maximumMessageBytes = try settings["max_message_bytes"] ?? environment.maximumArrayBytes.map { $0 + 24 }
        maximumConnections = try settings["max_connections"]
        maximumConnectionsPerAddress = try settings["max_connections_per_address"]
        limits = try CircuitLimits(settings)
    }

    private static func list(_ name: String, _ settings: Settings) throws -> [String]? {
        let words: [String] = try settings[name]
        return words.isEmpty ? nil : words
    }
}
