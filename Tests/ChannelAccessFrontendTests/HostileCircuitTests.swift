// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// Section 20 of the protocol's specification, line by line, without sockets.
@Suite("Channel Access circuit: wrong input")
struct HostileCircuitTests {
    private func bench(_ limits: CircuitLimits = CircuitLimits()) -> (CircuitBench, UInt32) {
        let value = Parameter<Double>("value", "", initial: 1.5)
        let bench = CircuitBench([TestVariable("B:AO", value)], limits: limits)
        return (bench, bench.channel("B:AO"))
    }

    @Test(
        "commands that no client sends end the circuit with ERROR 142",
        arguments: [
            UInt16(5), 7, 11, 13, 14, 16, 17, 22, 24, 25, 26, 27, 28, 99, 65_535,
        ])
    func unknownCommands(command: UInt16) {
        let (bench, _) = bench()
        let replies = bench.send(message(command, 1, 2, [1, 2, 3]) + message(23))
        #expect(replies.map(\.command) == [11] && replies[0].second == 142 && replies[0].first == .max)
        #expect(replies[0].payload.prefix(2) == [UInt8(command >> 8), UInt8(command & 255)])
        #expect(bench.circuit.isClosing)
    }

    @Test("the first error of a circuit is logged, with client, port, reason and header; the rest is counted")
    func logLine() {
        let (bench, channel) = bench()
        for _ in 0..<3 { _ = bench.send(message(15, type: 6, count: 1, channel &+ 1, 9)) }
        let lines = bench.log
        #expect(lines.count == 1)
        for part in [
            "A client sent a request that was refused", "127.0.0.1", "40312", "channel \(channel &+ 1) does not exist",
            "command 15, 0 bytes, type 6, count 1, \(channel &+ 1), 9",
        ] {
            #expect(lines.first?.contains(part) == true, "\(part) in \(lines)")
        }
        #expect(bench.circuit.services.counters.protocolErrors.value == 3)
    }

    @Test("a payload that is not aligned ends the circuit with ERROR 142")
    func alignment() {
        let (bench, _) = bench()
        var request = message(23, 0, 0, [1])
        request[3] = 7
        #expect(bench.send(request).map(\.second) == [142])
        #expect(bench.circuit.isClosing)
    }

    @Test(
        "channels that do not exist: ERROR 410, the circuit stays, until there were too many",
        arguments: [
            UInt16(1), 2, 3, 4, 12, 15, 19,
        ])
    func badChannels(command: UInt16) {
        let (bench, channel) = bench()
        let request = message(command, type: 6, count: 1, channel &+ 1, 9, .init(repeating: 0, count: 16))
        let replies = bench.send(request)
        #expect(replies.map(\.command) == [11] && replies[0].second == 410 && replies[0].first == .max)
        #expect(bench.send(message(23)).map(\.command) == [23])
        for _ in 0..<99 { _ = bench.send(request) }
        #expect(bench.circuit.isClosing)
    }

    @Test(
        "before the version: ERROR 278, what came is drained; the second offence ends the circuit",
        arguments: [
            message(18, 5, 13, "B:AO".wire), Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
            [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + [UInt8](repeating: 7, count: 500),
        ])
    func noVersion(bytes: [UInt8]) {
        let bench = CircuitBench(minor: nil)
        #expect(bench.send(bytes).map(\.second) == [278])
        #expect(!bench.circuit.isClosing)
        #expect(bench.send(bytes).map(\.second) == [278])
        #expect(bench.circuit.isClosing)
    }

    @Test(
        "a version too old or a priority too high ends the circuit without a word",
        arguments: [(3, 0), (13, 100), (0, 0)])
    func badVersion(minor: Int, priority: Int) {
        let bench = CircuitBench(minor: nil)
        #expect(bench.send(message(0, type: UInt16(priority), count: minor)) == [])
        #expect(bench.circuit.isClosing)
    }

    @Test("a second version with another priority is ignored")
    func secondVersion() {
        let (bench, _) = bench()
        #expect(bench.send(message(0, type: 200, count: 2) + message(23)).map(\.command) == [23])
        #expect(bench.circuit.minor == 13)
    }

    @Test(
        "names of client and host: bad ones are ignored, late ones too",
        arguments: [
            [UInt8](repeating: 65, count: 600) + [0], [65, 66, 67, 68, 69, 70, 71, 72], [],
        ])
    func badNames(name: [UInt8]) {
        let bench = CircuitBench([])
        let bad = bench.send(message(20, 0, 0, name) + message(21, 0, 0, name))
        #expect(bad.map(\.second) == [142, 142])
        #expect(bench.circuit.client.user == "" && bench.circuit.client.host == "")
        _ = bench.send(message(20, 0, 0, "alice".wire) + message(21, 0, 0, "BEAM1.example".wire))
        #expect(bench.circuit.client == ClientIdentity(user: "alice", host: "beam1.example", address: "127.0.0.1"))
        let (late, _) = self.bench()
        #expect(late.send(message(21, 0, 0, "other".wire)).map(\.second) == [142])
        #expect(late.circuit.client.host == "")
    }

    @Test("payloads beyond the limit are refused by their header and thrown away, whatever the command")
    func tooLarge() {
        let (bench, channel) = bench()
        let size = 70_000
        let payload = [UInt8](repeating: 1, count: size)
        let notified = bench.send(Array(message(19, type: 6, count: 8750, channel, 7, payload).prefix(24)))
        #expect(notified.map(\.command) == [19] && notified[0].first == 72 && notified[0].second == 7)
        #expect(bench.send(payload + message(23)).map(\.command) == [23])
        let silent = bench.send(message(4, type: 6, count: 8750, channel, 7, payload) + message(23))
        #expect(silent.map(\.command) == [11, 23] && silent[0].second == 72)
    }

    @Test("sizes near 2^32 neither wrap nor allocate", arguments: [UInt32(0xFFFF_FFF8), 0xFFFF_FFF0, 1 << 30, 1 << 31])
    func hugeSizes(size: UInt32) {
        let (bench, channel) = bench()
        let number = (0..<4).map { UInt8(truncatingIfNeeded: channel >> (24 - 8 * $0)) }
        let length = (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) }
        let header = hex("0013 ffff 0006 0000") + number + hex("0000 0007") + length + hex("0fff ffff")
        #expect(bench.send(header).map(\.first) == [72])
        #expect(bench.send(.init(repeating: 0, count: 1_000_000)) == [])
        #expect(!bench.circuit.isClosing)
    }

    @Test("counts near 2^32 in reads are answered with a status", arguments: [1 << 29 | 1, 1 << 31, (1 << 32) - 1])
    func hugeCounts(count: Int) {
        let (bench, channel) = bench()
        for type: UInt16 in [0, 6, 20, 34] {
            let reply = bench.send(message(15, type: type, count: count, channel, 7))
            #expect(reply == [Reply(command: 15, type: type, count: 0, first: 72, second: 7, payload: [])])
        }
    }

    @Test("channels beyond the limit are refused")
    func channelLimit() {
        var limits = CircuitLimits()
        limits.channels = 2
        let (bench, _) = bench(limits)
        let replies = (0..<3).flatMap { bench.send(message(18, $0, 13, "B:AO".wire)) }
        #expect(replies.map(\.command) == [22, 18, 11, 26, 11, 26])
    }

    @Test("every truncation of every request waits, and no more than that")
    func truncation() {
        let (bench, channel) = bench()
        let requests = [
            message(15, type: 6, count: 1, channel, 1), message(19, type: 6, count: 1, channel, 1, 2.0.wire),
            message(18, 6, 13, "B:AO".wire), message(1, type: 6, count: 1, channel, 1, .init(repeating: 1, count: 16)),
            message(15, type: 6, count: 70_000, channel, 1),
        ]
        for request in requests {
            for length in 0..<request.count {
                let used = request.prefix(length).withUnsafeBytes {
                    bench.circuit.process(ByteView($0), limit: .max, into: bench.output)
                }
                #expect(used == 0)
            }
        }
        #expect(bench.takeBytes() == [])
    }

    @Test("20,000 random messages with plausible headers: no crash, the output is well-formed, the memory bounded")
    func random() {
        var generator = SystemRandomNumberGenerator()
        func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &generator)] }
        let commands: [UInt16] = [0, 1, 2, 3, 4, 6, 8, 9, 10, 12, 15, 18, 19, 20, 21, 23, 23, 5, 99]
        for _ in 0..<200 {
            let (bench, channel) = bench()
            for _ in 0..<100 where !bench.circuit.isClosing {
                let payload = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                let replies =
                    bench.send(
                        message(
                            pick(commands), type: pick([0, 3, 6, 20, 27, 34, 35, 38, 39, 9999]),
                            count: pick([0, 1, 2, 17, 65_535, 1 << 31, .random(in: 0...70_000)]),
                            pick([channel, channel, 0, .max, 7]), pick([1, 2, 13, .max]), payload)) + bench.settle()
                #expect(replies.allSatisfy { $0.payload.count % 8 == 0 })
            }
            bench.circuit.close()
        }
    }
}
