// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// An access security file as IOCs read it: groups of users and hosts, and rules per group of records.
struct AccessFile: Sendable, Equatable {
    static let defaultGroup = "DEFAULT"
    static let maximumBytes = 1 << 20

    /// One `RULE`.
    struct Rule: Sendable, Equatable {
        var level: Int
        var rights: AccessRights
        var users: [String] = []
        var hosts: [String] = []
        var condition: Calculation?
    }

    /// One `ASG`.
    struct Group: Sendable, Equatable {
        /// Names of variables by letter, `A` to `U`.
        var inputs: [UInt8: String] = [:]
        var rules: [Rule] = []
    }

    var users: [String: Set<String>] = [:]
    var hosts: [String: [HostPattern]] = [:]
    var groups: [String: Group] = [:]

    /// Everybody may do everything.
    static let open = AccessFile()

    /// Every variable that a condition looks at.
    var inputs: [String] { groups.values.flatMap(\.inputs.values).sorted() }

    /// The strongest right of all rules that fit.
    /// - Parameter value: The number of a variable; `nil` while it is invalid.
    func rights(
        of client: ClientIdentity, group name: String, level: AccessLevel, value: (String) -> Double?
    ) -> AccessRights {
        guard let group = groups[name] ?? groups[Self.defaultGroup] else {
            return groups.isEmpty ? [.read, .write] : []
        }
        var rights: AccessRights = []
        for rule in group.rules where rule.level >= level.rawValue && fits(rule, client, group, value) {
            rights.formUnion(rule.rights)
        }
        return rights
    }

    private func fits(
        _ rule: Rule, _ client: ClientIdentity, _ group: Group, _ value: (String) -> Double?
    ) -> Bool {
        guard rule.users.isEmpty || rule.users.contains(where: { users[$0]?.contains(client.user) ?? false }) else {
            return false
        }
        guard rule.hosts.isEmpty || rule.hosts.contains(where: { isAt(client, $0) }) else { return false }
        guard let condition = rule.condition else { return true }
        var numbers: [UInt8: Double] = [:]
        for letter in condition.letters {
            guard let name = group.inputs[letter], let number = value(name) else { return false }
            numbers[letter] = number
        }
        let result = condition.value(numbers)
        return result > 0.99 && result < 1.01
    }

    private func isAt(_ client: ClientIdentity, _ group: String) -> Bool {
        hosts[group]?.contains { $0.matches(client, trustsNames: true) } ?? false
    }

    /// Reads a file.
    /// - Throws: `ConfigurationError` naming file, line and what was expected.
    static func read(_ path: String) throws -> AccessFile {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationError("\(path) cannot be read: \(unsafe String(cString: strerror(errno)))")
        }
        defer { Glibc.close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= maximumBytes {
            let count = unsafe part.withUnsafeMutableBytes { raw in
                unsafe Glibc.read(descriptor, raw.baseAddress, raw.count)
            }
            guard count > 0 else { break }
            bytes += part.prefix(count)
        }
        do throws(AccessFileError) {
            return try AccessFileParser.parse(bytes)
        } catch {
            throw ConfigurationError("\(path):\(error.line): \(error.reason)")
        }
    }
}

/// Whether a file was written since it was read.
struct FileStamp: Equatable, Sendable {
    private var seconds: Int
    private var nanoseconds: Int
    private var size: Int64
    private var number: UInt64

    /// - Returns: `nil` when there is no such file.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
        size = Int64(status.st_size)
        number = UInt64(status.st_ino)
    }
}
