// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// The site's own access rules: the first that fits a client and a name decides; without one everything is allowed.
struct AccessRules: Sendable, Equatable {
    /// One rule of the list.
    struct Rule: Sendable, Equatable {
        /// Names that it is about, with `*` and `?`; empty for all.
        var names: [String] = []
        /// Users it is about; empty for all.
        var users: [String] = []
        /// Hosts, addresses and networks it is about; empty for all.
        var hosts: [HostPattern] = []
        var rights: AccessRights = [.read]
    }

    var rules: [Rule] = []
    /// Access groups of the file by pattern of names, the first that fits.
    var groups: [(pattern: String, group: String)] = []
    /// Whether the host's name that a client claims counts; else its address alone.
    var trustsHostNames = false

    static func == (left: AccessRules, right: AccessRules) -> Bool {
        left.rules == right.rules && left.trustsHostNames == right.trustsHostNames
            && left.groups.map(\.pattern) == right.groups.map(\.pattern)
            && left.groups.map(\.group) == right.groups.map(\.group)
    }

    /// What the rules allow a client with a record.
    func rights(of client: ClientIdentity, record: String) -> AccessRights {
        for rule in rules where fits(rule, client, record) { return rule.rights }
        return [.read, .write]
    }

    private func fits(_ rule: Rule, _ client: ClientIdentity, _ record: String) -> Bool {
        (rule.names.isEmpty || rule.names.contains { WildcardPattern.matches(record, $0) })
            && (rule.users.isEmpty || rule.users.contains(client.user))
            && (rule.hosts.isEmpty || rule.hosts.contains { $0.matches(client, trustsNames: trustsHostNames) })
    }

    /// The access group of a record.
    func group(of record: String) -> String {
        groups.first { WildcardPattern.matches(record, $0.pattern) }?.group ?? AccessFile.defaultGroup
    }
}

/// A host of a rule: a name, an address, or a network such as `10.1.0.0/16`.
enum HostPattern: Sendable, Equatable {
    case name(String)
    case network(UInt32, bits: Int)

    /// - Returns: `nil` for a network that is none.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if let address = Self.address(String(parts[0])) {
            guard parts.count <= 2 else { return nil }
            guard parts.count == 2 else {
                self = .network(address, bits: 32)
                return
            }
            guard let bits = Int(parts[1]), (0...32).contains(bits) else { return nil }
            self = .network(address & Self.mask(bits), bits: bits)
        } else {
            guard parts.count == 1, !text.isEmpty else { return nil }
            self = .name(text.lowercased())
        }
    }

    /// Whether a client is there; a name counts only where claims do.
    func matches(_ client: ClientIdentity, trustsNames: Bool) -> Bool {
        switch self {
        case .name(let name): trustsNames && client.host.lowercased() == name
        case .network(let network, let bits):
            Self.address(client.address).map { $0 & Self.mask(bits) == network } ?? false
        }
    }

    private static func mask(_ bits: Int) -> UInt32 { bits == 0 ? 0 : UInt32.max << UInt32(32 - bits) }

    private static func address(_ text: String) -> UInt32? {
        var address = in_addr()
        guard unsafe inet_pton(AF_INET, text, &address) == 1 else { return nil }
        return UInt32(bigEndian: address.s_addr)
    }
}
