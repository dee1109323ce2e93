// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// The quick way of numbers must differ from the general one in its speed only.
@Suite("Channel Access circuit: numbers the quick way")
struct QuickNumberTests {
    let value = Parameter<Double>("value", "A number", limits: -10...10, initial: 1.5)

    private func put(_ channel: UInt32, _ id: UInt32, _ number: Double, notify: Bool = false) -> [UInt8] {
        message(notify ? 19 : 4, type: 6, count: 1, channel, id, number.wire)
    }

    private func subscription(_ channel: UInt32, _ id: UInt32) -> [UInt8] {
        message(1, type: 6, channel, id, .init(repeating: 0, count: 12) + [0, 1, 0, 0])
    }

    @Test("reads are answered byte by byte as the general way does", arguments: [UInt16(6), 20], [0, 1])
    func reads(type: UInt16, count: Int) {
        let bench = CircuitBench([TestVariable("quick", value, isQuick: true), TestVariable("general", value)])
        let (quick, general) = (bench.channel("quick"), bench.channel("general", client: 6))
        let stamp = Timestamp(nanoseconds: 1_700_000_000_123_456_789)
        for (number, alarm) in [(2.5, Alarm.none), (-0.0, .none), (11, Alarm(.minor, .high, "too much"))] {
            value.publish(number, alarm: alarm, at: stamp)
            let reply = bench.send(message(15, type: type, count: count, quick, 77))
            #expect(reply.count == 1 && reply == bench.send(message(15, type: type, count: count, general, 77)))
        }
        value.publish(3, alarm: .none, at: .never)
        #expect(
            bench.send(message(15, type: type, count: count, quick, 7))
                == bench.send(message(15, type: type, count: count, general, 7)))
        #expect(bench.circuit.tally.reads == 8)
    }

    @Test("a write is stored with the present time and told to subscribers; one beyond the limits is refused")
    func writes() throws {
        let bench = CircuitBench([TestVariable("quick", value, isQuick: true)])
        let channel = bench.channel("quick", client: 9)
        #expect(bench.send(subscription(channel, 3)) == [] && bench.settle().count == 1)
        let before = Timestamp.now()
        let writes = (1...40).flatMap { put(channel, 1, Double($0) / 10) }
        #expect(bench.send(writes) == [] && value.value == 4)
        #expect(value.sample.timestamp >= before && value.sample.timestamp <= Timestamp.now())
        #expect(bench.settle().map(\.payload) == (1...40).map { (Double($0) / 10).wire })
        let answers = bench.send(put(channel, 2, 5, notify: true))
        #expect(answers.map(\.command) == [1, 19] && answers.last?.first == 1 && value.value == 5)
        let refused = bench.send(put(channel, 1, 11))
        #expect(refused.map(\.command) == [11] && refused[0].first == 9 && value.value == 5)
        #expect(bench.circuit.tally.writes == 42)
    }

    @Test("without the right to read or write nothing is read or written, also when the right is lost later")
    func rights() {
        let variable = TestVariable("quick", value, isQuick: true)
        let bench = CircuitBench([variable])
        let channel = bench.channel("quick")
        #expect(bench.send(put(channel, 1, 2)) == [] && value.value == 2)
        variable.rights = .read
        _ = bench.follow(.rights)
        #expect(bench.send(put(channel, 1, 3)).map(\.second) == [376] && value.value == 2)
        #expect(bench.send(message(15, type: 6, count: 1, channel, 7)).map(\.payload) == [Double(2).wire])
        variable.rights = []
        _ = bench.follow(.rights)
        #expect(bench.send(message(15, type: 6, count: 1, channel, 7)).map(\.first) == [368])
        variable.rights = [.read, .write]
        _ = bench.follow(.rights)
        #expect(bench.send(put(channel, 1, 4)) == [] && value.value == 4)
    }

    @Test("a channel that led to another variable reads and writes the new one")
    func replaced() {
        let bench = CircuitBench([TestVariable("quick", value, isQuick: true)])
        let channel = bench.channel("quick")
        let other = Parameter<Double>("value", "Another number", initial: 8)
        bench.directory.add(TestVariable("quick", other, isQuick: true))
        _ = bench.follow(.replaced(record: "quick"))
        #expect(bench.send(message(15, type: 6, count: 1, channel, 7)).map(\.payload) == [Double(8).wire])
        #expect(bench.send(put(channel, 1, 9)) == [] && other.value == 9 && value.value == 1.5)
    }

    @Test("writes that a record's rules, log or device must see do not go the quick way")
    func served() throws {
        let fixture = try SiteFixture()
        let logged = try fixture.directory()
        #expect(logged.variable("cam1:detector:exposure")?.notesWrites == true)
        let plain = PVDirectory(
            site: fixture.site, plan: NamePlan(),
            access: try AccessControl(AccessRules(), file: nil, logger: fixture.logger),
            logger: fixture.logger)
        plain.open()
        defer { plain.close() }
        let exposure = try #require(plain.variable("cam1:detector:exposure"))
        #expect(!exposure.notesWrites && exposure.number != nil)
        for name in ["cam1:slow", "cam1:title", "cam1:wave", "cam1:serial", "cam1:detector:exposure.HOPR"] {
            #expect(plain.variable(name)?.number == nil, "\(name)")
        }
        let bench = CircuitBench([exposure])
        let channel = bench.channel("cam1:detector:exposure")
        #expect(bench.send(put(channel, 1, 0.25)) == [] && fixture.exposure.value == 0.25)
        #expect(bench.send(put(channel, 1, 4000)).map(\.command) == [11] && fixture.exposure.value == 0.25)
        let time = bench.send(message(15, type: 20, count: 1, channel, 7)).map(\.payload)
        #expect(time == [exposure.payload(20, count: 1)])
    }
}
