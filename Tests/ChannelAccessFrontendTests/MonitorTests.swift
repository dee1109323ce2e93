// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Channel Access circuit: subscriptions")
struct MonitorTests {
    let value = Parameter<Double>("value", "A number", initial: 1.5)

    private func subscription(_ channel: UInt32, _ id: UInt32, mask: UInt16 = 1, type: UInt16 = 6, count: Int = 0)
        -> [UInt8]
    {
        let bits = [UInt8(mask >> 8), UInt8(mask & 255)]
        return message(1, type: type, count: count, channel, id, .init(repeating: 0, count: 12) + bits + [0, 0])
    }

    private func bench(_ variable: TestVariable? = nil, limits: CircuitLimits = CircuitLimits()) -> (
        CircuitBench, UInt32
    ) {
        let bench = CircuitBench([variable ?? TestVariable("B:AO", value)], limits: limits)
        return (bench, bench.channel("B:AO"))
    }

    /// Subscribes and returns the first update's number.
    private func begin(_ bench: CircuitBench, _ request: [UInt8]) -> [Reply] { bench.send(request) + bench.settle() }

    @Test("the first update comes at once, whatever the mask", arguments: [UInt16(1), 2, 4, 8, 15, 0xF1])
    func first(mask: UInt16) {
        let (bench, channel) = bench()
        #expect(
            begin(bench, subscription(channel, 500, mask: mask))
                == [Reply(command: 1, type: 6, count: 1, first: 1, second: 500, payload: 1.5.wire)])
    }

    @Test(
        "of an array: three fixed elements, filled with zeros where there are less, or as many as there are, also none")
    func elements() {
        let bytes = Parameter<[UInt8]>("bytes", "", initial: [1, 2, 3, 4, 5])
        let (bench, channel) = bench(TestVariable("B:AO", bytes, .char, count: 8, isDirect: false))
        let first = begin(bench, subscription(channel, 1, type: 4, count: 3))
        #expect(first.map(\.count) == [3] && first.map { Array($0.payload.prefix(3)) } == [[1, 2, 3]])
        #expect(
            begin(bench, subscription(channel, 2, type: 4)).map { Array($0.payload.prefix(5)) } == [[1, 2, 3, 4, 5]])
        #expect(begin(bench, subscription(channel, 3, type: 18)).map(\.count) == [5])
        bytes.publish([9])
        #expect(bench.settle().first { $0.second == 1 }?.payload.prefix(3) == [9, 0, 0])
        bytes.publish([])
        let empty = bench.settle().sorted { $0.second < $1.second }
        #expect(empty.map(\.count) == [3, 0, 0])
        // TIME types have their header, plain ones have nothing.
        #expect(empty.map(\.payload.count) == [8, 0, 16])
    }

    @Test("every value in order, equal ones not, NaN once")
    func values() {
        let (bench, channel) = bench()
        _ = begin(bench, subscription(channel, 1))
        for number in [2, 2, 3, .nan, .nan, 0, -0.0, 4.0] { value.publish(number) }
        let numbers = bench.settle().map { $0.double() }
        #expect(numbers.count == 5)
        #expect(numbers[0] == 2 && numbers[1] == 3 && numbers[2].isNaN && numbers[3] == 0 && numbers[4] == 4)
    }

    @Test("masks: alarms, properties")
    func masks() {
        let (bench, channel) = bench()
        _ = begin(bench, subscription(channel, 1, mask: 1))
        _ = begin(bench, subscription(channel, 4, mask: 4))
        _ = begin(bench, subscription(channel, 8, mask: 8))
        value.publish(2)
        #expect(bench.settle().map(\.second) == [1])
        value.publish(2, alarm: Alarm(.minor, .high, "high"), at: .now())
        #expect(bench.settle().map(\.second) == [4])
        value.updateMetadata { $0.unit = "m" }
        #expect(bench.settle().map(\.second) == [8])
    }

    @Test("an alarm's severity and reason are in the same update as the value")
    func alarms() {
        let (bench, channel) = bench()
        _ = begin(bench, subscription(channel, 1, mask: 5, type: 20))
        value.publish(85, alarm: Alarm(.minor, .high, "high"), at: .now())
        let update = bench.settle()
        #expect(update.count == 1 && hex(update[0].payload.prefix(4)) == "0004 0001" && update[0].double(at: 16) == 85)
    }

    @Test("dead bands of the parameter decide, also that equal values are sent")
    func deadBands() {
        value.updateMetadata { $0.deadBands = DeadBands(monitor: -1, archive: 10) }
        let (bench, channel) = bench()
        _ = begin(bench, subscription(channel, 1, mask: 1))
        _ = begin(bench, subscription(channel, 2, mask: 2))
        for number in [2.0, 2, 5, 13] { value.publish(number) }
        let updates = bench.settle()
        #expect(updates.filter { $0.second == 1 }.map { $0.double() } == [2, 2, 5, 13])
        #expect(updates.filter { $0.second == 2 }.map { $0.double() } == [2, 13])
    }

    @Test("bad masks, types and numbers are refused, the circuit stays")
    func refused() {
        let (bench, channel) = bench()
        #expect(bench.send(subscription(channel, 1, mask: 0)).map(\.second) == [330])
        #expect(bench.send(subscription(channel, 1, mask: 0x100)).map(\.second) == [330])
        #expect(bench.send(message(1, type: 6, count: 1, channel, 1)).map(\.second) == [330])
        #expect(bench.send(subscription(channel, 1, type: 39)).map(\.second) == [114])
        #expect(bench.send(message(2, type: 6, count: 1, channel, 99)).map(\.second) == [242])
        #expect(bench.circuit.monitors.count == 0 && !bench.circuit.isClosing)
    }

    @Test("cancelling: confirmed, silent afterwards, the oldest of equal numbers first")
    func cancel() {
        let (bench, channel) = bench()
        _ = begin(bench, subscription(channel, 7, type: 20))
        _ = begin(bench, subscription(channel, 7, type: 6))
        value.publish(9)
        let reply = bench.send(message(2, type: 20, count: 0, channel, 7))
        #expect(reply == [Reply(command: 1, type: 20, count: 0, first: channel, second: 7, payload: [])])
        #expect(bench.settle().map(\.type) == [6])
        _ = bench.send(message(2, type: 6, count: 0, channel, 7))
        value.publish(10)
        #expect(bench.settle() == [])
        #expect(bench.circuit.monitors.count == 0)
    }

    @Test("100,000 times subscribed and cancelled: the tables do not grow")
    func cycles() {
        let (bench, channel) = bench()
        for _ in 0..<100_000 {
            _ = bench.send(subscription(channel, 1) + message(2, type: 6, count: 0, channel, 1))
        }
        #expect(bench.circuit.monitors.places.count == 1)
    }

    @Test("flow control: silence, then the newest of each")
    func flowControl() {
        let other = Parameter<Double>("other", "", initial: 0)
        let bench = CircuitBench([TestVariable("B:AO", value), TestVariable("B:XO", other)])
        _ = begin(bench, subscription(bench.channel("B:AO"), 1))
        _ = begin(bench, subscription(bench.channel("B:XO"), 2))
        #expect(bench.send(message(8)) == [])
        for number in 1...100 { value.publish(Double(number)) }
        other.publish(3)
        #expect(bench.settle() == [])
        #expect(bench.send(message(23)).map(\.command) == [23])
        let updates = bench.send(message(9))
        #expect(updates.map(\.second) == [1, 2] && updates.map { $0.double() } == [100, 3])
        value.publish(5)
        #expect(bench.settle().map { $0.double() } == [5])
    }

    @Test("a client that does not read: bounded, in order, the last value included")
    func slow() {
        var limits = CircuitLimits()
        limits.queue = 64
        let (bench, channel) = bench(limits: limits)
        _ = begin(bench, subscription(channel, 1))
        for number in 1...10_000 { value.publish(Double(number)) }
        let numbers = bench.settle().map { $0.double() }
        #expect(numbers.count == 64 && numbers == numbers.sorted() && numbers.last == 10_000)
        #expect(bench.circuit.services.counters.overwritten.value == 10_000 - 64)
    }

    @Test("unsent bytes hold updates back, not replies")
    func backPressure() {
        let (bench, channel) = bench()
        _ = begin(bench, subscription(channel, 1))
        bench.output.appendZeros(100_000)
        value.publish(7)
        bench.circuit.deliver(into: bench.output)
        #expect(bench.output.count == 100_000)
        bench.output.clear()
        bench.circuit.deliver(into: bench.output)
        #expect(bench.output.count == 24)
    }

    @Test("without the right to read: the status, and a value when the right comes")
    func rights() {
        let variable = TestVariable("B:AO", value)
        let (bench, channel) = bench(variable)
        _ = begin(bench, subscription(channel, 1, count: 1))
        variable.rights = []
        let lost = bench.follow(.rights)
        #expect(lost.map(\.command) == [22, 1] && lost[1].first == 368 && lost[1].payload.count == 8)
        value.publish(8)
        #expect(bench.settle() == [])
        variable.rights = [.read]
        #expect(bench.follow(.rights).last?.double() == 8)
        let (hidden, number) = self.bench(variable)
        variable.rights = []
        _ = hidden.follow(.rights)
        #expect(begin(hidden, subscription(number, 3, count: 1)).map(\.first) == [368])
    }

    @Test("a subscription outlives the replacement of what its name leads to")
    func replaced() {
        let (bench, channel) = bench()
        _ = begin(bench, subscription(channel, 1))
        let other = Parameter<Double>("other", "", initial: 20)
        bench.directory.add(TestVariable("B:AO", other))
        #expect(bench.follow(.replaced(record: "B:AO")).map { $0.double() } == [20])
        value.publish(1)
        other.publish(21)
        #expect(bench.settle().map { $0.double() } == [21])
    }

    @Test("more subscriptions than allowed are refused")
    func limit() {
        var limits = CircuitLimits()
        limits.subscriptions = 3
        let (bench, channel) = bench(limits: limits)
        let replies = (0..<5).flatMap { begin(bench, subscription(channel, $0)) }
        #expect(replies.map(\.command) == [1, 1, 1, 11, 11])
        #expect(replies.suffix(2).map(\.second) == [48, 48])
    }

    @Test("an update too large for a message has the status and no payload")
    func tooLarge() {
        let (bench, channel) = bench()
        #expect(
            begin(bench, subscription(channel, 1, count: 1 << 29 | 1))
                == [Reply(command: 1, type: 6, count: 0, first: 72, second: 1, payload: [])])
    }
}
