// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// The server with real sockets: what one client does must not be felt by another.
@Suite("Channel Access server", .serialized)
struct ServerTests {
    let value = Parameter<Double>("value", "", initial: 1.5)
    let image = Parameter<[UInt8]>("image", "", initial: .init(repeating: 7, count: 8_000_000))

    private func bench(_ change: (inout ServerSettings) -> Void = { _ in }) throws -> ServerBench {
        try ServerBench(
            [
                TestVariable("B:AO", value),
                TestVariable("IMG", image, .char, count: 8_000_000, isDirect: false),
            ], largestCount: 8_000_000, change)
    }

    private func subscription(_ channel: UInt32, _ id: UInt32, type: UInt16 = 6) -> [UInt8] {
        message(1, type: type, count: 0, channel, id, .init(repeating: 0, count: 12) + [0, 5, 0, 0])
    }

    @Test("a whole session: greeting, channel, read, write, subscription, end")
    func session() throws {
        let bench = try bench()
        let client = try RawClient(bench.port)
        #expect(client.next() == Reply(command: 0, type: 0, count: 13, first: 0, second: 0, payload: []))
        client.send(message(0, count: 13))
        let channel = client.channel("B:AO")
        client.send(message(15, type: 6, count: 1, channel, 1))
        #expect(client.next(15)?.double() == 1.5)
        client.send(subscription(channel, 9))
        #expect(client.next(1)?.double() == 1.5)
        client.send(message(19, type: 6, count: 1, channel, 2, 2.5.wire))
        #expect(client.next()?.double() == 2.5)
        #expect(client.next() == Reply(command: 19, type: 6, count: 1, first: 1, second: 2, payload: []))
        value.publish(7)
        #expect(client.next()?.double() == 7)
        client.endSending()
        #expect(client.isClosed)
        #expect(
            ServerBench.eventually { bench.counters.circuits.value == 0 && bench.counters.subscriptions.value == 0 })
    }

    @Test("8 MB both ways, in pieces, and several replies of that size in a row")
    func large() throws {
        let bench = try bench()
        let client = try RawClient(bench.port)
        client.open()
        let channel = client.channel("IMG")
        let picture = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        client.send(message(19, type: 4, count: 8_000_000, channel, 1, picture))
        #expect(client.next(19)?.first == 1)
        #expect(image.value == picture)
        client.send((0..<3).flatMap { message(15, type: 4, count: 0, channel, $0) })
        for number: UInt32 in 0..<3 {
            let reply = client.next(15)
            #expect(reply?.second == number && reply?.count == 8_000_000 && reply?.payload == picture)
        }
    }

    @Test("half a header, a message that does not come, no version: closed after their times, others are served")
    func silence() throws {
        let bench = try bench {
            $0.limits.messageSeconds = 1
            $0.limits.greetingSeconds = 1
        }
        let other = try RawClient(bench.port)
        other.open()
        let keeper = other.channel("B:AO")
        let (half, promised, mute) = (try RawClient(bench.port), try RawClient(bench.port), try RawClient(bench.port))
        half.open()
        half.send([0, 15, 0])
        promised.open()
        promised.send(Array(message(19, type: 6, count: 4000, 1, 1, .init(repeating: 0, count: 32_000)).prefix(100)))
        #expect(half.isClosed && promised.isClosed && mute.isClosed)
        other.send(message(15, type: 6, count: 1, keeper, 1))
        #expect(other.next(15)?.double() == 1.5)
    }

    @Test("the words of a refusal arrive before the circuit is closed, also when much is unread")
    func lastWords() throws {
        let bench = try bench()
        let client = try RawClient(bench.port)
        client.open()
        client.send(message(99) + [UInt8](repeating: 0, count: 500_000))
        #expect(client.next(11)?.second == 142)
        #expect(client.isClosed)
    }

    @Test("a refused payload that does not come to its end: closed after its time, also with a channel")
    func unfinishedRefusal() throws {
        let bench = try bench { $0.limits.messageSeconds = 1 }
        let client = try RawClient(bench.port)
        client.open()
        let channel = client.channel("IMG")
        client.send(Self.promising(100_000_000, message(19, type: 4, count: 100_000_000, channel, 1)))
        #expect(client.next(19)?.first == 72)
        #expect(client.isClosed)
    }

    /// An extended header for more than it is sent with.
    private static func promising(_ size: UInt32, _ request: [UInt8]) -> [UInt8] {
        var header = request
        header.replaceSubrange(16..<20, with: (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) })
        return header
    }

    @Test("a client that ends its side gets the answers to what it asked for before, also those that take time")
    func halfClosed() throws {
        let pending = Mutex<[@Sendable (PutResult) -> Void]>([])
        let written = Mutex<[Double]>([])
        let slow = TestVariable("SLOW", value) { value, completion in
            written.withLock { $0.append(value.double ?? 0) }
            pending.withLock { $0.append(completion) }
        }
        let bench = try ServerBench([slow])
        let client = try RawClient(bench.port)
        client.open()
        let channel = client.channel("SLOW")
        client.send(message(19, type: 6, count: 1, channel, 1, 1.0.wire))
        client.send(message(4, type: 6, count: 1, channel, 2, 2.0.wire))
        client.send(message(19, type: 6, count: 1, channel, 3, 3.0.wire) + message(23))
        #expect(client.next(23) != nil)
        client.endSending()
        for _ in 0..<3 {
            #expect(ServerBench.eventually { pending.withLock { !$0.isEmpty } })
            pending.withLock { $0.popLast() }?(.done)
        }
        #expect(client.next(19)?.second == 1 && client.next(19)?.second == 3)
        #expect(client.isClosed)
        #expect(written.withLock { $0 } == [1, 2, 3])
    }

    @Test("a client that ends its side while a write never ends keeps its circuit for the time of a message")
    func halfClosedForEver() throws {
        let bench = try ServerBench([TestVariable("SLOW", value) { _, _ in }]) { $0.limits.messageSeconds = 1 }
        let client = try RawClient(bench.port)
        client.open()
        client.send(message(19, type: 6, count: 1, client.channel("SLOW"), 1, 1.0.wire))
        client.endSending()
        #expect(client.isClosed)
        #expect(ServerBench.eventually { bench.counters.circuits.value == 0 })
    }

    @Test("circuits have half of the files that the process may open, and one at least")
    func fileLimit() {
        #expect(CAServer.circuits(1000, files: 65_536) == 1000)
        #expect(CAServer.circuits(1000, files: 1024) == 512)
        #expect(CAServer.circuits(1000, files: .max) == 1000)
        #expect(CAServer.circuits(10, files: 1) == 1)
    }

    @Test("a circuit without a channel is closed after the idle time, one with a channel stays")
    func idle() throws {
        let bench = try bench { $0.limits.idleSeconds = 1 }
        let (idle, busy) = (try RawClient(bench.port), try RawClient(bench.port))
        idle.open()
        busy.open()
        _ = busy.channel("B:AO")
        #expect(idle.isClosed)
        #expect(busy.answersEcho())
    }

    @Test("a channel's number of another circuit means nothing")
    func foreignNumbers() throws {
        let bench = try bench()
        let (owner, thief) = (try RawClient(bench.port), try RawClient(bench.port))
        owner.open()
        thief.open()
        let channel = owner.channel("B:AO")
        thief.send(message(19, type: 6, count: 1, channel, 1, 4242.0.wire))
        #expect(thief.next(11)?.second == 410)
        #expect(value.value == 1.5)
    }

    @Test("a client that never reads: bounded memory, others unaffected, its name in a metric")
    func neverReads() throws {
        let bench = try bench {
            $0.limits.queue = 256
            $0.limits.unreadSeconds = 3600
        }
        let deaf = try RawClient(bench.port, receiveBuffer: 4096)
        deaf.open()
        let (picture, number) = (deaf.channel("IMG"), deaf.channel("B:AO"))
        deaf.send(subscription(picture, 1, type: 4) + subscription(number, 2))
        let other = try RawClient(bench.port)
        other.open()
        let before = Self.residentBytes()
        for step in 0..<100 {
            image.publish(.init(repeating: UInt8(step), count: 8_000_000))
            for part in 0..<100 { value.publish(Double(step * 100 + part)) }
            #expect(other.answersEcho())
        }
        #expect(Self.residentBytes() - before < 100_000_000)
        #expect(ServerBench.eventually { bench.server.slowClients.contains(where: Self.isAlice) })
        var last = Double.nan
        let final = 9999.0
        while last != final, let reply = deaf.next() {
            if reply.command == 1, reply.second == 2 { last = reply.double() }
        }
        #expect(last == final)
        #expect(ServerBench.eventually { bench.server.slowClients.isEmpty })
    }

    private static func isAlice(_ name: String) -> Bool {
        name.hasPrefix("127.0.0.1:") && name.hasSuffix(" alice@beam1")
    }

    @Test("a client that takes nothing at all loses its circuit after its time; one that reads keeps it")
    func takesNothing() throws {
        let bench = try bench { $0.limits.unreadSeconds = 1 }
        let (deaf, reader) = (try RawClient(bench.port, receiveBuffer: 4096), try RawClient(bench.port))
        deaf.open()
        reader.open()
        deaf.send(subscription(deaf.channel("IMG"), 1, type: 4))
        #expect(ServerBench.eventually { bench.counters.circuits.value == 1 })
        #expect(reader.answersEcho())
    }

    @Test("requests of a client that does not read wait; everything is answered once it reads")
    func requestsWait() throws {
        let bench = try bench { $0.limits.replyBuffer = 65_536 }
        let client = try RawClient(bench.port, receiveBuffer: 4096)
        client.open()
        let channel = client.channel("B:AO")
        let count = 200_000
        let descriptor = client.descriptor
        Thread.detachNewThread {
            for first in stride(from: 0, to: count, by: 1000) {
                let requests = (first..<first + 1000).flatMap { message(15, type: 20, count: 1, channel, UInt32($0)) }
                RawClient.send(requests, to: descriptor)
            }
        }
        let other = try RawClient(bench.port)
        other.open()
        #expect(other.answersEcho())
        for number in 0..<count {
            guard client.next(15)?.second == UInt32(number) else {
                Issue.record("answer \(number) is missing")
                return
            }
        }
    }

    @Test("500 clients that connect and die at any point leave nothing behind")
    func deaths() throws {
        let bench = try bench { $0.maximumConnectionsPerAddress = 1000 }
        for number in 0..<500 {
            let client = try RawClient(bench.port)
            if number % 5 > 0 { client.send(message(0, count: 13)) }
            if number % 5 > 1 { client.send(message(18, 5, 13, "B:AO".wire)) }
            if number % 5 > 2, let channel = client.next(18)?.second {
                client.send(subscription(channel, 1) + message(19, type: 6, count: 1, channel, 1, 2.0.wire))
            }
            if number % 5 > 3 { client.send([0, 15, 0, 8]) }
        }
        #expect(
            ServerBench.eventually {
                bench.counters.circuits.value == 0 && bench.counters.channels.value == 0
                    && bench.counters.subscriptions.value == 0
            })
        let client = try RawClient(bench.port)
        client.open()
        #expect(client.answersEcho())
    }

    @Test(
        "circuits beyond the limit, of an address or in all, are closed at once and counted; a place that was left can be taken",
        arguments: [true, false])
    func limit(ofAddress: Bool) throws {
        let bench = try bench {
            if ofAddress { $0.maximumConnectionsPerAddress = 3 } else { $0.maximumConnections = 3 }
        }
        var clients = try (0..<3).map { _ in try RawClient(bench.port) }
        for client in clients { client.open() }
        let extra = try RawClient(bench.port)
        #expect(extra.isClosed)
        #expect(ServerBench.eventually { bench.counters.refused.value == 1 })
        clients.removeLast()
        #expect(ServerBench.eventually { bench.counters.circuits.value == 2 })
        let next = try RawClient(bench.port)
        next.open()
        #expect(next.answersEcho())
    }

    @Test("names that go end channels of every thread; the end of the server closes every circuit")
    func ends() throws {
        let bench = try bench { $0.threads = 2 }
        let clients = try (0..<4).map { _ in try RawClient(bench.port) }
        for client in clients {
            client.open()
            _ = client.channel("B:AO")
        }
        bench.directory.remove("B:AO")
        for client in clients { #expect(client.next(27)?.first == 5) }
        bench.server.stop()
        for client in clients { #expect(client.isClosed) }
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (Int(text.split(separator: " ").dropFirst().first ?? "0") ?? 0) * 4096
    }
}
