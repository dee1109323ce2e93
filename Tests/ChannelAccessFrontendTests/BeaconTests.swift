// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Channel Access beacons, addresses, environment")
struct BeaconTests {
    @Test("intervals double from 20 ms to the period; the number rises by one")
    func schedule() {
        var schedule = BeaconSchedule(periodSeconds: 0.1, now: 0)
        var times: [Int] = []
        for _ in 0..<6 {
            times.append(schedule.due / 1_000_000)
            schedule.didSend(now: schedule.due)
        }
        #expect(times == [0, 20, 60, 140, 240, 340])
        #expect(schedule.number == 6)
        schedule.restart(now: 350_000_000)
        #expect(schedule.due == 350_000_000)
        schedule.didSend(now: 350_000_000)
        schedule.restart(now: 360_000_000)
        #expect(schedule.due == 370_000_000)
    }

    @Test("a beacon's bytes, and its way to the listed address")
    func bytes() throws {
        let listener = try Sockets.datagrams(at: IPv4Endpoint(0x7F00_0001, 0))
        defer { close(listener) }
        let target = IPv4Endpoint(0x7F00_0001, Sockets.port(of: listener))
        let sender = try BeaconSender(
            [target], multicastTTL: 1, tcpPort: 5064, address: 0, logger: Logger(component: "ca") { _ in })
        sender.send(3)
        var bytes = [UInt8](repeating: 0, count: 64)
        var count = 0
        #expect(
            ServerBench.eventually {
                count = recv(listener, &bytes, bytes.count, 0)
                return count > 0
            })
        #expect(hex(bytes.prefix(max(0, count))) == "000d 0000 000d 13c8 0000 0003 0000 0000")
    }

    @Test("a server announces itself at once, with the port it has")
    func server() throws {
        let listener = try Sockets.datagrams(at: IPv4Endpoint(0x7F00_0001, 0))
        defer { close(listener) }
        let bench = try ServerBench([]) { $0.beaconAddresses = ["127.0.0.1:\(Sockets.port(of: listener))"] }
        var numbers: [UInt32] = []
        let isComplete = ServerBench.eventually {
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = recv(listener, &bytes, bytes.count, 0)
            if count > 0, let beacon = Reply.all(Array(bytes.prefix(count))).first {
                #expect(beacon.command == 13 && beacon.count == bench.port)
                numbers.append(beacon.first)
            }
            return numbers.count == 4
        }
        #expect(isComplete)
        #expect(numbers == [0, 1, 2, 3])
    }

    private let interfaces = [
        NetworkInterface(name: "lo", address: 0x7F00_0001, broadcast: nil, isLoopback: true),
        NetworkInterface(name: "eth0", address: 0x0A00_0005, broadcast: 0x0A00_00FF, isLoopback: false),
    ]

    private func plan(_ change: (inout ServerSettings) -> Void) throws -> AddressPlan {
        var settings = ServerSettings()
        change(&settings)
        return try AddressPlan(settings, interfaces: interfaces)
    }

    @Test("addresses: all interfaces, one of them, loopback, groups, strangers")
    func addresses() throws {
        let all = try plan { _ in }
        #expect(all.listening == [0] && all.beacons == [IPv4Endpoint(0x0A00_00FF, 5065)])
        let one = try plan { $0.interfaces = ["10.0.0.5", "224.0.2.9", "10.9.9.9", "no such host."] }
        #expect(one.listening == [0x0A00_0005] && one.broadcasts == [0x0A00_0005: 0x0A00_00FF])
        #expect(one.multicasts == [0xE000_0209] && one.problems.count == 2)
        let loopback = try plan {
            $0.interfaces = ["127.0.0.1"]
            $0.beaconAddresses = ["10.1.1.1:6000", "10.1.1.1:6000"]
            $0.automaticBeacons = false
            $0.ignored = ["10.0.0.9"]
        }
        #expect(loopback.broadcasts == [0x7F00_0001: 0x7FFF_FFFF])
        #expect(loopback.beacons == [IPv4Endpoint(0x0A01_0101, 6000)] && loopback.ignored == [0x0A00_0009])
        #expect(throws: AddressPlanError.self) { _ = try plan { $0.interfaces = ["0.0.0.0", "10.0.0.5"] } }
        #expect(throws: AddressPlanError.self) { _ = try plan { $0.interfaces = ["10.9.9.9"] } }
    }

    @Test("EPICS_CAS variables go before EPICS_CA ones, and what is wrong is said and not used")
    func environment() {
        let environment = CAEnvironment(
            Environment([
                "EPICS_CAS_SERVER_PORT": "6064", "EPICS_CA_SERVER_PORT": "7064", "EPICS_CA_REPEATER_PORT": "6065",
                "EPICS_CAS_BEACON_PERIOD": "-1", "EPICS_CAS_INTF_ADDR_LIST": " 127.0.0.1  224.0.0.9 ",
                "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "yes", "EPICS_CA_AUTO_ARRAY_BYTES": "No",
                "EPICS_CA_MAX_ARRAY_BYTES": "100", "EPICS_CA_MCAST_TTL": "300", "EPICS_CAS_IGNORE_ADDR_LIST": "",
            ]))
        #expect(environment.serverPort == 6064 && environment.beaconPort == 6065)
        #expect(environment.beaconPeriod == nil && environment.multicastTTL == nil)
        #expect(environment.interfaces == ["127.0.0.1", "224.0.0.9"] && environment.ignoredAddresses == nil)
        #expect(environment.automaticBeacons == true && environment.maximumArrayBytes == 16384)
        #expect(environment.problems.count == 2)
    }

    @Test("the configuration goes before the environment, and what neither says has EPICS' own values")
    func precedence() throws {
        let environment = CAEnvironment(
            Environment([
                "EPICS_CAS_SERVER_PORT": "6064", "EPICS_CA_REPEATER_PORT": "6065", "EPICS_CAS_BEACON_PERIOD": "7",
                "EPICS_CAS_INTF_ADDR_LIST": "10.0.0.5", "EPICS_CAS_IGNORE_ADDR_LIST": "10.0.0.6",
                "EPICS_CAS_BEACON_ADDR_LIST": "10.0.0.7", "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "yes",
                "EPICS_CA_AUTO_ARRAY_BYTES": "NO", "EPICS_CA_MAX_ARRAY_BYTES": "50000",
            ]))
        func settings(_ text: String, _ environment: CAEnvironment) throws -> ServerSettings {
            try ServerSettings(Settings(parsing: text, as: ServerSettings.declared), environment)
        }
        let configured = try settings(
            """
            {port: 7064, beacon_port: 7065, beacon_period: 3s, interfaces: [127.0.0.1], ignore: [10.1.0.6],
             beacon_addresses: [10.1.0.7], automatic_beacons: false, max_message_bytes: 70000}
            """, environment)
        #expect(configured.port == 7064 && configured.beaconPort == 7065 && configured.beaconPeriod == 3)
        #expect(configured.interfaces == ["127.0.0.1"] && configured.ignored == ["10.1.0.6"])
        #expect(configured.beaconAddresses == ["10.1.0.7"] && !configured.automaticBeacons)
        #expect(configured.maximumMessageBytes == 70_000)
        let surrounded = try settings("{}", environment)
        #expect(surrounded.port == 6064 && surrounded.beaconPort == 6065 && surrounded.beaconPeriod == 7)
        #expect(surrounded.interfaces == ["10.0.0.5"] && surrounded.ignored == ["10.0.0.6"])
        #expect(surrounded.beaconAddresses == ["10.0.0.7"] && surrounded.automaticBeacons)
        #expect(surrounded.maximumMessageBytes == 50_024)
        let plain = try settings("{}", CAEnvironment(Environment([:])))
        #expect(plain.port == 5064 && plain.beaconPort == 5065 && plain.beaconPeriod == 15 && plain.interfaces == [])
        #expect(plain.maximumMessageBytes == nil && plain.maximumConnections == 1000)
    }
}
