// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The variables `EPICS_CAS_*` and `EPICS_CA_*` that a server honours; the configuration goes before them.
///
/// Source: `modules/database/src/ioc/rsrv/caservertask.c` of EPICS base.
struct CAEnvironment: Sendable {
    private let environment: Environment
    /// What could not be used, one sentence each.
    private(set) var problems: [String] = []

    /// `EPICS_CAS_SERVER_PORT`, else `EPICS_CA_SERVER_PORT`.
    private(set) var serverPort: Int?
    /// `EPICS_CAS_BEACON_PORT`, else `EPICS_CA_REPEATER_PORT`.
    private(set) var beaconPort: Int?
    /// `EPICS_CAS_BEACON_PERIOD`, else `EPICS_CA_BEACON_PERIOD`, in seconds.
    private(set) var beaconPeriod: Double?
    /// `EPICS_CA_MCAST_TTL`.
    private(set) var multicastTTL: Int?
    /// `EPICS_CA_MAX_ARRAY_BYTES` where `EPICS_CA_AUTO_ARRAY_BYTES` is NO.
    private(set) var maximumArrayBytes: Int?

    init(_ environment: Environment) {
        self.environment = environment
        serverPort = port("EPICS_CAS_SERVER_PORT") ?? port("EPICS_CA_SERVER_PORT")
        beaconPort = port("EPICS_CAS_BEACON_PORT") ?? port("EPICS_CA_REPEATER_PORT")
        beaconPeriod = period("EPICS_CAS_BEACON_PERIOD") ?? period("EPICS_CA_BEACON_PERIOD")
        multicastTTL = number("EPICS_CA_MCAST_TTL", in: 1...255)
        if truth("EPICS_CA_AUTO_ARRAY_BYTES") == false {
            maximumArrayBytes = max(16384, number("EPICS_CA_MAX_ARRAY_BYTES", in: 0...Int(UInt32.max)) ?? 16384)
        }
    }

    /// Interfaces and multicast groups to listen at; `nil` when the variable is not set or empty.
    var interfaces: [String]? { list("EPICS_CAS_INTF_ADDR_LIST") }
    /// Where beacons go besides the automatic addresses.
    var beaconAddresses: [String]? { list("EPICS_CAS_BEACON_ADDR_LIST") }
    /// Whose searches are dropped.
    var ignoredAddresses: [String]? { list("EPICS_CAS_IGNORE_ADDR_LIST") }
    /// Whether beacons go to the broadcast addresses of the interfaces.
    var automaticBeacons: Bool? { truth("EPICS_CAS_AUTO_BEACON_ADDR_LIST") }

    private func list(_ name: String) -> [String]? {
        let words = environment[name]?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        return words.isEmpty ? nil : words
    }

    private func truth(_ name: String) -> Bool? { environment[name].map { $0.lowercased() == "yes" } }

    private mutating func port(_ name: String) -> Int? { number(name, in: 5001...65535) }

    private mutating func number(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        problems.append(
            "\(name) is “\(text)”, not a whole number from \(range.lowerBound) to \(range.upperBound); it is not used")
        return nil
    }

    private mutating func period(_ name: String) -> Double? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        if let number = Double(text), number > 0, number.isFinite { return number }
        problems.append("\(name) is “\(text)”, not a number of seconds above 0; it is not used")
        return nil
    }
}
