// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Under which prefixes which views of which devices are served, as the configuration says it.
struct NamePlan: Sendable {
    /// The word for a device's own paths in place of a name set.
    static let plain = "plain"

    /// Name set and prefix.
    struct Choice: Equatable, Sendable {
        var set: String
        var prefix: String
    }

    /// What stands in front of a device's own paths where the configuration does not name it: `<prefix><device>:`.
    var prefix = ""
    /// By device, in the order of the file.
    var devices: [String: [Choice]] = [:]
    /// For the device `daqd`.
    var daemon: [Choice] = []
    /// Other names of records.
    var aliases: [String: String] = [:]
    /// Whether numbers outside the limits are set to the nearest one where the name set does not say it.
    var clamps = false
    /// The frontend's own name, for its counters.
    var frontend = "ca"

    /// The choices for a device; its own paths where it is not named.
    func choices(_ device: String) -> [Choice] {
        if device == "daqd" { return daemon }
        return devices[device] ?? [Choice(set: Self.plain, prefix: "\(prefix)\(device):")]
    }

    /// What is wrong, and in which setting.
    struct Problem: Equatable, Sendable {
        var key: String
        var text: String
    }

    /// A prefix that cannot begin a name, or two views that want one prefix, in words; `nil` when all is well.
    /// - Parameter configured: The devices that the site will have, also those that the plan does not name.
    func problem(_ configured: [String] = []) -> Problem? {
        let groups = [
            ("devices", devices.values.flatMap { $0 }.map(\.prefix)), ("daemon", daemon.map(\.prefix)),
            ("prefix", [prefix]),
        ]
        for (key, prefixes) in groups {
            for prefix in prefixes.sorted() {
                guard let problem = PVName.problem(prefix + "x") else { continue }
                return Problem(key: key, text: "has the prefix “\(prefix)”: \(problem)")
            }
        }
        for alias in aliases.keys.sorted() {
            guard let problem = PVName.problem(alias) else { continue }
            return Problem(key: "aliases", text: "has the alias “\(alias)”: \(problem)")
        }
        return clash(configured)
    }

    private func clash(_ configured: [String]) -> Problem? {
        var owners: [String: String] = [:]
        for device in Set(devices.keys).union(configured).sorted() + ["daqd"] {
            for choice in choices(device) {
                let owner = "\(device) as \(choice.set)"
                guard let other = owners.updateValue(owner, forKey: choice.prefix) else { continue }
                let text = "serves \(other) and \(owner) under one prefix “\(choice.prefix)”: their names could clash"
                return Problem(key: device == "daqd" ? "daemon" : "devices", text: text)
            }
        }
        return nil
    }

    /// The views of a device with their prefixes; one that it does not offer is told and left out.
    func views(
        of node: DeviceNode, on site: Site, problem: (String) -> Void
    ) -> [(view: NameView, prefix: String)] {
        choices(node.name).compactMap { choice in
            if choice.set == Self.plain { return (NameView(plain: node, on: site), choice.prefix) }
            let offered = node.name == "daqd" ? [IOCStatistics.nameSet(frontend: frontend)] : node.nameSets
            guard let set = offered.first(where: { $0.name == choice.set }) else {
                let known = ([Self.plain] + offered.map(\.name)).joined(separator: ", ")
                problem("\(node.name) has no name set “\(choice.set)”; there are: \(known)")
                return nil
            }
            return (NameView(set, of: node, on: site), choice.prefix)
        }
    }
}
