// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What the configuration says of names: prefixes, name sets, devices.
enum NameSettings {
    static let declared: [Setting] = [
        .make(
            "devices",
            "Prefix by name set and device: {eiger1: {seed: \"DET:\", plain: \"eiger1:\"}}; plain means the device's own paths, "
                + "and no set at all hides the device; devices that are not named have their own paths under their name",
            .deviceDictionary(of: .dictionary(of: .string)), .map(Settings([:]))),
        .string("prefix", "What stands in front of the names of devices that are not named", default: ""),
        .dictionary("aliases", "Other names of served ones: {OLD:NAME: \"EIG1:cam1:Acquire\"}", of: .string),
        .choice(
            "out_of_range",
            "What becomes of a number outside the limits: refused with the limits in the text, or, as an IOC does it, set to the nearest",
            ["refuse", "clamp"], default: "refuse"),
        .dictionary(
            "daemon",
            "Prefix by name set, plain or iocstats, for daqd itself; when empty both, under <site>:daqd: and <site>:",
            of: .string),
    ]

    /// The plan of names; `configured` are all devices that the site will have.
    /// - Throws: `ConfigurationError` when two views want one prefix, or a prefix cannot begin a name.
    static func plan(_ settings: Settings, site: String, devices configured: [String] = []) throws -> NamePlan {
        var plan = NamePlan()
        plan.prefix = try settings["prefix"]
        let outOfRange: String = try settings["out_of_range"]
        plan.clamps = outOfRange == "clamp"
        let devices: Settings = try settings["devices"]
        for device in devices.names {
            let sets: Settings = try devices[device]
            plan.devices[device] = try choices(sets)
        }
        let daemon: Settings = try settings["daemon"]
        plan.daemon = try choices(daemon)
        if daemon.names.isEmpty {
            let word = Self.word(site)
            plan.daemon = [
                NamePlan.Choice(set: NamePlan.plain, prefix: "\(word):daqd:"),
                NamePlan.Choice(set: IOCStatistics.name, prefix: "\(word):"),
            ]
        }
        let aliases: Settings = try settings["aliases"]
        for alias in aliases.names { plan.aliases[alias] = try aliases[alias] }
        if let problem = plan.problem(configured) { throw settings.error(problem.text, at: problem.key) }
        return plan
    }

    private static func choices(_ sets: Settings) throws -> [NamePlan.Choice] {
        try sets.names.map { NamePlan.Choice(set: $0, prefix: try sets[$0]) }
    }

    /// A site's name as it can stand in a process variable's.
    private static func word(_ site: String) -> String {
        let word = String(site.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return word.isEmpty ? "daqd" : word
    }
}
