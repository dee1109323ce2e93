// Part of daqd
// SPDX-License-Identifier: MIT

/// Which addresses a server takes and where its beacons go, from the settings and the machine's interfaces.
struct AddressPlan: Equatable, Sendable {
    /// Where circuits are accepted; searches arrive here too.
    var listening: [UInt32] = []
    /// The addresses that reach all of a network, for those that listen at one address only.
    ///
    /// A socket at an interface's address does not hear what is sent to all.
    var broadcasts: [UInt32: UInt32] = [:]
    /// Groups to join.
    var multicasts: [UInt32] = []
    var beacons: [IPv4Endpoint] = []
    var ignored: Set<UInt32> = []
    /// Entries that could not be used, one sentence each.
    var problems: [String] = []

    /// The address of all networks of the loopback interface.
    static let loopbackBroadcast: UInt32 = 0x7FFF_FFFF

    init(_ settings: ServerSettings, interfaces: [NetworkInterface]) throws {
        for text in settings.interfaces { addInterface(text, interfaces) }
        if settings.interfaces.isEmpty { listening = [IPv4Endpoint.any] }
        guard !listening.contains(IPv4Endpoint.any) || listening.count == 1 else {
            throw AddressPlanError("interfaces: 0.0.0.0 means all of them and cannot stand beside others")
        }
        if listening.isEmpty { throw AddressPlanError("interfaces: none of them is an address of this machine") }
        for text in settings.ignored {
            if let endpoint = IPv4Endpoint(text, port: 0) {
                ignored.insert(endpoint.address)
            } else {
                problems.append("ignore: “\(text)” is no address")
            }
        }
        addBeacons(settings, interfaces)
    }

    private mutating func addInterface(_ text: String, _ interfaces: [NetworkInterface]) {
        guard let endpoint = IPv4Endpoint(text, port: 0) else {
            return problems.append("interfaces: “\(text)” is no address and cannot be looked up; it is left out")
        }
        let address = endpoint.address
        if endpoint.isMulticast {
            if !multicasts.contains(address) { multicasts.append(address) }
        } else if address == IPv4Endpoint.any || endpoint.isLoopback {
            addListening(address, broadcast: endpoint.isLoopback ? Self.loopbackBroadcast : nil)
        } else if let interface = interfaces.first(where: { $0.address == address }) {
            addListening(address, broadcast: interface.broadcast)
        } else {
            problems.append("interfaces: \(text) is no address of this machine; it is left out")
        }
    }

    private mutating func addListening(_ address: UInt32, broadcast: UInt32?) {
        guard !listening.contains(address) else { return }
        listening.append(address)
        broadcasts[address] = broadcast
    }

    private mutating func addBeacons(_ settings: ServerSettings, _ interfaces: [NetworkInterface]) {
        let port = UInt16(truncatingIfNeeded: settings.beaconPort)
        for text in settings.beaconAddresses {
            if let endpoint = IPv4Endpoint(text, port: port) {
                addBeacon(endpoint)
            } else {
                problems.append("beacon_addresses: “\(text)” is no address and cannot be looked up; it is left out")
            }
        }
        guard settings.automaticBeacons else { return }
        if listening == [IPv4Endpoint.any] {
            for interface in interfaces where !interface.isLoopback {
                if let broadcast = interface.broadcast { addBeacon(IPv4Endpoint(broadcast, port)) }
            }
        } else {
            for address in listening {
                if let broadcast = broadcasts[address] { addBeacon(IPv4Endpoint(broadcast, port)) }
            }
        }
    }

    private mutating func addBeacon(_ endpoint: IPv4Endpoint) {
        if !beacons.contains(endpoint) { beacons.append(endpoint) }
    }
}

/// Why no plan can be made.
struct AddressPlanError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
