// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What the configuration says of one RPC frontend, checked as a whole.
struct RPCSettings: Sendable {
    /// A target besides the devices' own.
    struct Target: Sendable {
        var device: String
        /// Name of the set to show; nil for the device's own paths.
        var names: String?
        var isSerial: Bool
        /// Whether each connection has a target of its own, with its own stored values and place in the images.
        var isPerConnection = false
    }

    /// Whose requests of one kind are taken: nobody's, this machine's, everybody's.
    enum Callers: String, CaseIterable, Sendable {
        case never, loopback, always

        func allows(_ peer: PeerAddress) -> Bool {
            switch self {
            case .never: false
            case .loopback: peer.isLoopback
            case .always: true
            }
        }
    }

    /// When the daemon itself is a target.
    enum Daemon: String, CaseIterable, Sendable { case auto, always, never }

    /// Where to forward the log.
    struct LogServer: Sendable {
        var host: String
        var port: Int
        var source: String
    }

    var addresses = ["127.0.0.1", "::1"]
    var port = 3274
    var description: String?
    /// Devices to show beyond the context's choice; empty shows all.
    var devices: [String] = []
    var targets: [(name: String, target: Target)] = []
    var daemon = Daemon.auto
    /// Who may call `terminate`.
    var terminate = Callers.loopback
    /// Who may send logs here.
    var logs = Callers.never
    var isReadOnly = false
    /// Contributions of plugins that publish by themselves.
    var publications: [String] = []
    var allowsV1 = true
    var allowsRawArrays = true
    var threads = 1
    var maximumConnections = 1024
    var limits = LineConnection.Limits()
    var keepAlive = 60
    var logServer: LogServer?
    var tls: (certificate: String, key: String, clients: String)?

    static let declared: [Setting] = [
        .list("bind", "Addresses to listen at besides localhost; * means every interface", of: .string, default: []),
        .bool("localhost", "Listen at 127.0.0.1 and ::1, too", default: true),
        .integer(
            "port", "TCP port of RPC, sync_struct and broadcast; 0 takes a free one", default: 3274, in: 0...65535),
        .string("description", "What list-targets shows besides the targets").optional,
        .devices("devices", "Devices to show; all of them when empty"),
        .dictionary(
            "targets", "Targets besides the devices' own",
            of: .map([
                .device("device", "Which device"),
                .string("names", "The device's name set to show; its own paths where none is given").optional,
                .bool("serial", "Take one call after the other, from whichever client", default: false),
                .bool(
                    "per_connection",
                    "Give each connection a target of its own: its own stored values, order of calls and place "
                        + "in the images", default: false),
            ])),
        .choice(
            "daemon",
            "Whether the target daqd is offered; auto leaves it out beside a single other target, which "
                + "clients that name none then find", of: Daemon.self, default: .auto),
        .choice("terminate", "Who may end the daemon by terminate()", of: Callers.self, default: .loopback),
        .bool("read_only", "Refuse everything that could change something", default: false),
        .list(
            "publications",
            "Names under which plugins offer structures and broadcasts of their own, published here, too",
            of: .string, default: []),
        .bool("pyon_v1", "Serve clients that speak PYON v1 only: sipyco before 1.10", default: true),
        .bool("raw_arrays", "Offer arrays as bytes behind the line to clients that ask for it", default: true),
        .integer("threads", "Threads that serve connections", default: 1, in: 1...64),
        .integer("maximum_connections", "Connections beyond these are closed", default: 1024, in: 1...100_000),
        .integer(
            "maximum_request", "Longest request line", unit: "B", default: 4_194_304, in: 4096...1_073_741_824),
        .duration(
            "keepalive", "A silent client is asked whether it is there after this", default: .seconds(60),
            in: .seconds(1) ... .seconds(32767)),
        .path("certificate", "The server's certificate in PEM, for TLS").optional,
        .path("key", "The server's private key in PEM").optional,
        .path("clients", "Certificates in PEM of the clients that may connect").optional,
        .choice(
            "accept_logs", "Whose programs may send their logs here, as to an ARTIQ master's logging port",
            of: Callers.self, default: .never),
        .string("log_host", "Host to forward the log to, as an ARTIQ master's logging port takes it").optional,
        .integer("log_port", "Port of the log's host", default: 1066, in: 1...65535),
        .string("log_source", "Name of this daemon in the forwarded log; daqd(HOST) where none is given").optional,
    ]

    init() {}

    init(_ settings: Settings) throws {
        let bind: [String] = try settings["bind"]
        let localhost: Bool = try settings["localhost"]
        addresses = Self.addresses(bind, localhost: localhost)
        guard !addresses.isEmpty else { throw settings.error("names no address and localhost is off", at: "bind") }
        port = try settings["port"]
        description = try settings["description"]
        devices = try settings["devices"]
        daemon = Daemon(rawValue: try settings["daemon"]) ?? .auto
        terminate = Callers(rawValue: try settings["terminate"]) ?? .loopback
        logs = Callers(rawValue: try settings["accept_logs"]) ?? .never
        isReadOnly = try settings["read_only"]
        publications = try settings["publications"]
        allowsV1 = try settings["pyon_v1"]
        allowsRawArrays = try settings["raw_arrays"]
        threads = try settings["threads"]
        maximumConnections = try settings["maximum_connections"]
        limits.line = try settings["maximum_request"]
        let keepAlive: Duration = try settings["keepalive"]
        self.keepAlive = max(1, Int(keepAlive.components.seconds))
        targets = try Self.targets(settings)
        tls = try Self.tls(settings)
        if let host: String = try settings["log_host"] {
            let source: String? = try settings["log_source"]
            logServer = LogServer(host: host, port: try settings["log_port"], source: source ?? LogForwarder.ownSource)
        }
    }

    /// The addresses that sipyco's conventions mean.
    static func addresses(_ bind: [String], localhost: Bool) -> [String] {
        if bind.contains("*") { return ["0.0.0.0", "::"] }
        return (localhost ? ["127.0.0.1", "::1"] : []) + bind.filter { !localhost || $0 != "127.0.0.1" && $0 != "::1" }
    }

    private static func targets(_ settings: Settings) throws -> [(name: String, target: Target)] {
        guard case .map(let entries)? = settings.value("targets") else { return [] }
        return try entries.names.map { name in
            guard case .map(let entry)? = entries.value(name) else {
                throw entries.error("must hold settings", at: name)
            }
            let isName =
                !name.isEmpty
                && name.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            guard isName else {
                throw entries.error("cannot be a target's name: visible ASCII without blanks and quotes", at: name)
            }
            return (
                name,
                Target(
                    device: try entry["device"], names: try entry["names"], isSerial: try entry["serial"],
                    isPerConnection: try entry["per_connection"])
            )
        }
    }

    private static func tls(_ settings: Settings) throws -> (certificate: String, key: String, clients: String)? {
        let names = ["certificate", "key", "clients"]
        let paths: [String?] = try names.map { try settings[$0] }
        guard let missing = zip(names, paths).first(where: { $0.1 == nil })?.0 else {
            return (paths[0] ?? "", paths[1] ?? "", paths[2] ?? "")
        }
        if paths.allSatisfy({ $0 == nil }) { return nil }
        throw settings.error("is needed: TLS takes certificate, key and clients", at: missing)
    }
}
