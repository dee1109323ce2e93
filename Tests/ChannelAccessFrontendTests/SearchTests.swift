// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Channel Access search")
struct SearchTests {
    static let value = Parameter<Double>("value", "", initial: 1)
    let directory = TestDirectory([TestVariable("B:AO", Self.value)])

    private func answers(_ datagram: [UInt8]) -> [[UInt8]] {
        let responder = SearchResponder(directory, port: 15_064)
        var replies: [[UInt8]] = []
        datagram.withUnsafeBytes { raw in
            responder.answer(ByteView(raw)) { replies.append(WireBufferTests.bytes(of: $0)) }
        }
        return replies
    }

    private func search(_ name: String, _ number: UInt32 = 42, flag: UInt16 = 5) -> [UInt8] {
        message(6, type: flag, count: 13, number, number, name.wire)
    }

    @Test("the reply begins with the request's sequence number, byte for byte", arguments: [UInt16(0), 1])
    func reply(isValid: UInt16) {
        let replies = answers(message(0, type: isValid, count: 13, 77) + search("B:AO"))
        #expect(
            replies.map { hex($0) } == [
                "0000 0000 0001 000d 0000 004d 0000 0000 0006 0008 3ad8 0000 ffff ffff 0000 002a 000d 0000 0000 0000"
            ])
    }

    @Test("clients before 4.11 get no version, those without one nothing")
    func versions() {
        #expect(
            answers(message(0, count: 10, 77) + search("B:AO")).map { hex($0) } == [
                "0006 0008 3ad8 0000 ffff ffff 0000 002a 000d 0000 0000 0000"
            ])
        #expect(answers(search("B:AO")) == [])
        #expect(answers(message(0, count: 3, 77) + search("B:AO")) == [])
    }

    @Test("unknown names are never answered, whatever the flag", arguments: [UInt16(5), 10])
    func unknown(flag: UInt16) {
        #expect(answers(message(0, type: 1, count: 13, 1) + search("NO:SUCH", flag: flag)) == [])
    }

    @Test("many hits go into few datagrams of at most 1,024 bytes, each with the sequence number")
    func many() {
        let replies = answers(message(0, type: 1, count: 13, 9) + (0..<1000).flatMap { search("B:AO", $0) })
        #expect(replies.count == 24)
        #expect(replies.allSatisfy { $0.count <= 1024 && hex($0.prefix(12)) == "0000 0000 0001 000d 0000 0009" })
        #expect(replies.flatMap { Reply.all($0) }.filter { $0.command == 6 }.map(\.second) == Array(0..<1000))
    }

    @Test(
        "what stands before a malformed message is answered, what stands behind it is not",
        arguments: [
            hex("0006 0007 0005 000d 0000 0001 0000 0001 42 3a 41 4f 00 00 00"),
            hex("0006 0100 0005 000d 0000 0001 0000 0001"),
            hex("0006"), hex("0006 ffff 0005 0000 0000 0001 0000 0001 ffff fff0 0000 0001"),
        ])
    func malformed(bad: [UInt8]) {
        let replies = answers(message(0, type: 1, count: 13, 9) + search("B:AO", 1) + bad + search("B:AO", 2))
        #expect(replies.flatMap { Reply.all($0) }.filter { $0.command == 6 }.map(\.second) == [1])
    }

    @Test("nothing is said to an echo, an empty datagram, a search without a name, random bytes")
    func silence() {
        var generator = SystemRandomNumberGenerator()
        #expect(answers([]) == [])
        #expect(answers(message(0, count: 13) + message(23)) == [])
        #expect(answers(message(0, count: 13) + message(6, type: 5, count: 13, 1, 1)) == [])
        #expect(
            answers(message(0, count: 13) + message(6, type: 5, count: 13, 1, 1, [UInt8](repeating: 65, count: 60_000)))
                == [])
        for _ in 0..<500 { #expect(answers((0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }) == []) }
    }

    @Test("addresses of the ignore list are not answered, others are")
    func ignored() throws {
        let bench = try ServerBench([TestVariable("B:AO", Self.value)]) { $0.ignored = ["127.0.0.2"] }
        let udp = bench.server.sockets.udpPort
        let request = message(0, type: 1, count: 13, 9) + search("B:AO", 1)
        let descriptors = try [UInt32(0x7F00_0002), 0x7F00_0003].map { address in
            let descriptor = try Sockets.sender(multicastTTL: 1)
            #expect(IPv4Endpoint(address, 0).withRaw { Foundation.bind(descriptor, $0, $1) } == 0)
            _ = IPv4Endpoint(0x7F00_0001, udp).withRaw { sendto(descriptor, request, request.count, 0, $0, $1) }
            return descriptor
        }
        defer { for descriptor in descriptors { close(descriptor) } }
        // The answer to the second says that the first was read.
        #expect(Self.answering(descriptors[1], 1) == [UInt16(bench.port)])
        var bytes = [UInt8](repeating: 0, count: 64)
        #expect(recv(descriptors[0], &bytes, bytes.count, Int32(MSG_DONTWAIT)) == -1)
        #expect(ServerBench.eventually { bench.counters.searches.value == 1 })
    }

    @Test("several servers on one machine hear one search to 127.255.255.255")
    func sharing() throws {
        let first = try ServerBench([TestVariable("B:AO", Self.value)])
        let udp = first.server.sockets.udpPort
        let second = try ServerBench([TestVariable("B:XO", Self.value)]) { $0.port = Int(udp) }
        #expect(second.server.sockets.udpPort == udp && second.port != first.port)
        let descriptor = try Sockets.sender(multicastTTL: 1)
        defer { close(descriptor) }
        let request = message(0, type: 1, count: 13, 9) + search("B:AO", 1) + search("B:XO", 2)
        _ = IPv4Endpoint(AddressPlan.loopbackBroadcast, udp).withRaw {
            sendto(descriptor, request, request.count, 0, $0, $1)
        }
        let ports = Self.answering(descriptor, 2)
        #expect(ports == [UInt16(first.port), UInt16(second.port)])
        #expect(first.counters.searches.value == 2 && first.counters.hits.value == 1)
    }

    @Test("a search to a multicast group is answered by every server that joined it, from the server's own address")
    func multicast() throws {
        let group = "239.255.77.13"
        let first = try ServerBench([TestVariable("B:AO", Self.value)]) { $0.interfaces = ["127.0.0.1", group] }
        let udp = first.server.sockets.udpPort
        let second = try ServerBench([TestVariable("B:XO", Self.value)]) {
            $0.interfaces = [group, "127.0.0.1"]
            $0.port = Int(udp)
        }
        // It shares the port but did not join.
        let third = try ServerBench([TestVariable("B:AO", Self.value)]) { $0.port = Int(udp) }
        let descriptor = try Sockets.sender(multicastTTL: 1)
        defer { close(descriptor) }
        var loopback = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        #expect(setsockopt(descriptor, Int32(IPPROTO_IP), IP_MULTICAST_IF, &loopback, 4) == 0)
        let request = message(0, type: 1, count: 13, 9) + search("B:AO", 1) + search("B:XO", 2)
        let address = try #require(IPv4Endpoint(group, port: udp))
        #expect(address.withRaw { sendto(descriptor, request, request.count, 0, $0, $1) } == request.count)
        #expect(Self.answering(descriptor, 2) == [UInt16(first.port), UInt16(second.port)])
        #expect(third.counters.searches.value == 0)
    }

    /// The TCP ports in the answers, once there are so many different ones.
    private static func answering(_ descriptor: Int32, _ count: Int) -> Set<UInt16> {
        var ports: Set<UInt16> = []
        _ = ServerBench.eventually {
            var bytes = [UInt8](repeating: 0, count: 2048)
            let size = recv(descriptor, &bytes, bytes.count, 0)
            if size > 0 {
                ports.formUnion(Reply.all(Array(bytes.prefix(size))).filter { $0.command == 6 }.map(\.type))
            }
            return ports.count == count
        }
        return ports
    }

    @Test("a taken TCP port: another one is taken and announced, or refused when strict")
    func takenPort() throws {
        let first = try ServerBench([])
        #expect(throws: SocketError.self) {
            _ = try ServerBench([]) {
                $0.port = Int(first.server.sockets.udpPort)
                $0.tcpPort = first.port
                $0.strictPort = true
            }
        }
        let second = try ServerBench([]) { $0.tcpPort = first.port }
        #expect(second.port != first.port)
    }
}
