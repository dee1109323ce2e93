// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What the configuration says of access rules and of the put log.
struct SecuritySettings: Sendable {
    static let declared: [Setting] = [
        .list(
            "access", "Access rules; the first that fits client and name decides, without one everything is allowed",
            of: .map([
                .list("names", "Names that the rule is about, with * and ?; all when empty", of: .string, default: []),
                .list("users", "Users that it is about; all when empty", of: .string, default: []),
                .list("hosts", "Addresses, networks or host names; all when empty", of: .string, default: []),
                .choice("right", "What is allowed", ["none", "read", "write"]),
            ]), default: []),
        .path("access_file", "Access security file as IOCs use it (UAG, HAG, ASG); read again when it changes")
            .optional,
        .dictionary(
            "access_groups", "Access group of the file by pattern of names, {\"EIG1:*\": BEAMLINE}; else DEFAULT",
            of: .string),
        .bool(
            "trust_host_names",
            "Whether rules may go by the host's name that a client claims, not by its address alone",
            default: false),
        .bool("read_only", "Nobody may write; daqd's parameter of this name switches it", default: false),
        .path("put_log", "File that gets a line of JSON for each write by a client").optional,
        .integer(
            "put_log_size", "Size at which the put log begins a new file", unit: "B", default: 16_777_216,
            in: 65_536...1_099_511_627_776),
        .integer("put_log_files", "Full files of the put log that are kept", default: 4, in: 0...1000),
    ]

    var rules = AccessRules()
    var file: String?
    var isReadOnly = false
    var putLog: RotatingFile?

    init() {}

    init(_ settings: Settings) throws {
        let list: [Settings] = try settings["access"]
        rules.rules = try list.map(Self.rule)
        rules.trustsHostNames = try settings["trust_host_names"]
        let groups: Settings = try settings["access_groups"]
        rules.groups = try groups.names.map { (pattern: $0, group: try groups[$0]) }
        file = try settings["access_file"]
        isReadOnly = try settings["read_only"]
        let path: String? = try settings["put_log"]
        let (size, kept): (Int, Int) = (try settings["put_log_size"], try settings["put_log_files"])
        putLog = path.map { RotatingFile(path: $0, maximumBytes: size, kept: kept) }
    }

    private static func rule(_ settings: Settings) throws -> AccessRules.Rule {
        let hosts: [String] = try settings["hosts"]
        let right: String = try settings["right"]
        return AccessRules.Rule(
            names: try settings["names"], users: try settings["users"],
            hosts: try hosts.map { text in
                guard let pattern = HostPattern(text) else {
                    throw settings.error("has “\(text)”, which is no host, address or network", at: "hosts")
                }
                return pattern
            },
            rights: right == "none" ? [] : right == "read" ? [.read] : [.read, .write])
    }
}
