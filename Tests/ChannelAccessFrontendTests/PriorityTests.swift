// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Priorities of circuits")
struct PriorityTests {
    @Test("work is ordered by priority and, among equals, stays as it came; equal circuits need no order")
    func order() {
        var order = TurnOrder<String>()
        for priority: UInt16 in [0, 0, 0] { order.add(priority) }
        #expect(!order.isNeeded)
        order.remove(0)
        order.add(20)
        #expect(order.isNeeded)
        for (work, priority) in [("a", 0), ("b", 20), ("c", 0), ("d", 20), ("e", 99)] as [(String, UInt16)] {
            order.put(work, priority)
        }
        #expect(order.take() == ["e", "b", "d", "a", "c"] && order.isEmpty)
        order.remove(20)
        #expect(!order.isNeeded)
    }

    @Test("of circuits that are ready in one turn the highest priority is served first")
    func requests() throws {
        let bench = try LoopBench()
        let clients = try [("low", 0), ("high", 99), ("middle", 20), ("low too", 0)].map { try bench.client($0, $1) }
        bench.withHeldLoop { for client in clients { client.write() } }
        #expect(ServerBench.eventually { bench.journal.all.count == 4 })
        #expect(bench.journal.all == ["high", "middle", "low", "low too"])
    }

    @Test("circuits of one priority are served as they come")
    func equals() throws {
        let bench = try LoopBench(priority: 20)
        let clients = try ["a", "b", "c"].map { try bench.client($0, 20) }
        bench.withHeldLoop { for client in clients { client.write() } }
        #expect(ServerBench.eventually { bench.journal.all.count == 3 })
        #expect(bench.journal.all == ["a", "b", "c"])
    }

    @Test("updates and ends of writes go out by priority, too")
    func events() throws {
        let bench = try LoopBench()
        let clients = try [("low", 0), ("high", 99), ("middle", 20)].map { try bench.client($0, $1) }
        for client in clients { client.subscribe() }
        #expect(ServerBench.eventually { bench.journal.all.count == 3 })
        bench.journal.clear()
        bench.withHeldLoop { bench.value.publish(2) }
        #expect(ServerBench.eventually { bench.journal.all.count == 3 })
        #expect(bench.journal.all == ["high", "middle", "low"])
    }

    @Test("a client's first version says its priority; the list of circuits has it, and lets go of those that end")
    func list() throws {
        let bench = try ServerBench([])
        let (first, second) = (try RawClient(bench.port), try RawClient(bench.port))
        first.send(message(0, type: 20, count: 13) + message(20, 0, 0, "alice".wire) + message(21, 0, 0, "beam1".wire))
        first.send(message(0, type: 50, count: 13))
        second.open()
        #expect(first.answersEcho() && second.answersEcho())
        #expect(ServerBench.eventually { bench.server.circuits.count == 2 })
        let texts = bench.server.circuits.map { $0.split(separator: " ").dropFirst().joined(separator: " ") }
        let none = "0 channels 0 subscriptions 0 overwritten"
        #expect(texts == ["priority 20 alice@beam1 \(none)", "priority 0 alice@beam1 \(none)"])
        #expect(bench.server.circuits.allSatisfy { $0.hasPrefix("127.0.0.1:") })
        second.endSending()
        #expect(ServerBench.eventually { bench.server.circuits.count == 1 })
        bench.directory.add(TestVariable("B:AO", Parameter<Double>("value", "", initial: 1)))
        let channel = first.channel("B:AO")
        for number: UInt32 in 0..<2 {
            first.send(message(1, type: 6, count: 1, channel, number, .init(repeating: 0, count: 12) + [0, 1, 0, 0]))
        }
        let some = "priority 20 alice@beam1 1 channels 2 subscriptions 0 overwritten"
        #expect(ServerBench.eventually { bench.server.circuits.first?.hasSuffix(some) == true })
        let wrong = try RawClient(bench.port)
        wrong.send(message(0, type: 100, count: 13))
        #expect(wrong.isClosed)
    }
}

/// A loop that tests can hold, so that several circuits are ready when it goes on.
private final class LoopBench {
    let value = Parameter<Double>("value", "", initial: 1)
    let journal = Journal()
    private let loop: CircuitLoop
    private let directory: TestDirectory
    private let holder: Client
    private let held = DispatchSemaphore(value: 0)
    private let go = DispatchSemaphore(value: 0)

    final class Journal: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        func clear() { lines.withLock { $0 = [] } }
        var all: [String] { lines.withLock { $0 } }
    }

    /// A client over a pair of sockets: what it sends is there at once.
    struct Client {
        let raw: RawClient
        let channel: UInt32

        func write() { raw.send(message(4, type: 6, count: 1, channel, 1, 1.0.wire)) }
        func subscribe() { raw.send(message(1, type: 6, channel, 1, .init(repeating: 0, count: 12) + [0, 1, 0, 0])) }
    }

    /// Writes down what reaches it from the loop.
    private final class Heard: ProcessVariable, @unchecked Sendable {
        private let journal: Journal

        init(_ name: String, _ parameter: AnyParameter, _ journal: Journal) {
            self.journal = journal
            super.init(name: name, record: name, nativeType: .double, nativeCount: 1, parameter: parameter)
        }

        override func receive(_ sample: inout Sample, _ changes: inout UpdateChanges) -> Bool {
            journal.add(name)
            return true
        }

        override func putNow(_ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin) -> PutResult? {
            journal.add(name)
            return .done
        }
    }

    init(priority: UInt16 = 0) throws {
        let (held, go) = (held, go)
        directory = TestDirectory([
            TestVariable("HOLD", value) { _, completion in
                held.signal()
                go.wait()
                completion(.done)
            }
        ])
        loop = try CircuitLoop(
            CircuitBench.services(directory, CircuitLimits(), 65_536), Admissions(total: 100, perAddress: 100),
            number: 1)
        loop.start()
        holder = try Self.connect(loop, "HOLD", priority)
    }

    deinit { loop.stop() }

    /// A client of a priority with a channel of its own name.
    func client(_ name: String, _ priority: UInt16) throws -> Client {
        directory.add(Heard(name, value, journal))
        return try Self.connect(loop, name, priority)
    }

    private static func connect(_ loop: CircuitLoop, _ name: String, _ priority: UInt16) throws -> Client {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        loop.post(.accept(ends[0], IPv4Endpoint(0x7F00_0001, UInt16(truncatingIfNeeded: ends[0]))))
        let raw = RawClient(descriptor: ends[1])
        raw.send(message(0, type: priority, count: 13))
        return Client(raw: raw, channel: raw.channel(name))
    }

    /// Does something while the loop is busy with one circuit.
    func withHeldLoop(_ body: () -> Void) {
        holder.write()
        held.wait()
        body()
        go.signal()
    }
}
