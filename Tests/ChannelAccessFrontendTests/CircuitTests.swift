// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Channel Access circuit: commands and bytes")
struct CircuitTests {
    let value = Parameter<Double>("value", "A number", unit: "mm", precision: 3, initial: 1.5)

    private func bench(_ more: [ProcessVariable] = []) -> CircuitBench {
        CircuitBench([TestVariable("B:AO", value)] + more)
    }

    @Test("the server greets without waiting")
    func greeting() {
        let bench = CircuitBench(minor: nil)
        bench.circuit.greet(into: bench.output)
        #expect(hex(bench.takeBytes()) == "0000 0000 0000 000d 0000 0000 0000 0000")
    }

    @Test("a channel: rights first, then type, count and number")
    func creation() {
        let bench = bench()
        _ = bench.circuit.process(.none, limit: .max, into: bench.output)
        let request = message(18, 5, 13, "B:AO".wire)
        #expect(hex(request) == "0012 0008 0000 0000 0000 0005 0000 000d 423a 414f 0000 0000")
        let replies = bench.send(request)
        #expect(replies.map(\.command) == [22, 18])
        #expect(replies[0] == Reply(command: 22, type: 0, count: 0, first: 5, second: 3, payload: []))
        #expect(replies[1] == Reply(command: 18, type: 6, count: 1, first: 5, second: replies[1].second, payload: []))
    }

    @Test("a large array's creation has an extended header without payload")
    func largeCreation() {
        let bench = CircuitBench([TestVariable("WF", value, .double, count: 1_000_000, isDirect: false)])
        _ = bench.circuit.process(.none, limit: .max, into: bench.output)
        let request = message(18, 5, 13, "WF".wire)
        _ = request.withUnsafeBytes { bench.circuit.process(ByteView($0), limit: .max, into: bench.output) }
        let bytes = bench.takeBytes()
        #expect(hex(bytes.dropFirst(16).prefix(12)) == "0012 ffff 0006 0000 0000 0005")
        #expect(hex(bytes.suffix(8)) == "0000 0000 000f 4240")
    }

    @Test(
        "names that do not exist, empty or full of NULs are refused, the circuit stays",
        arguments: [
            "NO:SUCH".wire, [], [0, 0, 0, 0, 0, 0, 0, 0], [UInt8](repeating: 0xFF, count: 10_000), Array("B:AO ".utf8),
        ])
    func creationFails(name: [UInt8]) {
        let bench = bench()
        let replies = bench.send(message(18, 7, 13, name) + message(23))
        #expect(replies.map(\.command) == [26, 23])
        #expect(replies[0] == Reply(command: 26, type: 0, count: 0, first: 7, second: 0, payload: []))
    }

    @Test("reads: plain, with time, with a count of 0, and the byte list of the specification")
    func reading() throws {
        let time = Timestamp(nanoseconds: (631_152_000 + 0x4562_45EF) * 1_000_000_000 + 0x2610_835C)
        value.publish(1.5, alarm: .none, at: time)
        let array = Parameter<DataValue>(
            ParameterSpec("a", ParameterMetadata("", type: .array(.float64, capacity: [3]))),
            initial: .array(ArrayValue([1.0, 2.0, 3.0].flatMap(\.wire))))
        let bench = bench([TestVariable("B:WF", array, .double, count: 16, isDirect: false)])
        let (scalar, waveform) = (bench.channel("B:AO"), bench.channel("B:WF"))
        let timed = bench.send(message(15, type: 20, count: 1, scalar, 7))
        #expect(timed.count == 1)
        #expect(hex(timed[0].payload) == "0000 0000 4562 45ef 2610 835c 0000 0000 3ff8 0000 0000 0000")
        #expect(timed[0].first == 1 && timed[0].second == 7 && timed[0].count == 1)
        let request = message(15, type: 6, count: 0, waveform, 7)
        _ = request.withUnsafeBytes { bench.circuit.process(ByteView($0), limit: .max, into: bench.output) }
        #expect(
            hex(bench.takeBytes())
                == "000f 0018 0006 0003 0000 0001 0000 0007 3ff0 0000 0000 0000 4000 0000 0000 0000 4008 0000 0000 0000"
        )
        let padded = bench.send(message(15, type: 6, count: 17, waveform, 8))
        #expect(padded[0].count == 17 && padded[0].payload.count == 136)
        #expect(padded[0].payload.dropFirst(24).allSatisfy { $0 == 0 })
    }

    @Test("CHAR is padded with zeros to eight bytes")
    func padding() {
        let array = Parameter<[UInt8]>("c", "", initial: [1, 2, 3])
        let bench = CircuitBench([TestVariable("C", array, .char, count: 10, isDirect: false)])
        let reply = bench.send(message(15, type: 4, count: 5, bench.channel("C"), 1))
        #expect(reply[0].count == 5)
        #expect(reply[0].payload == [1, 2, 3, 0, 0, 0, 0, 0])
        array.publish([])
        let empty = bench.send(message(15, type: 18, count: 0, bench.channel("C"), 1))
        #expect(empty[0].count == 0 && empty[0].payload.count == 16)
        #expect(
            bench.send(message(15, type: 4, count: 0, bench.channel("C"), 9))
                == [Reply(command: 15, type: 4, count: 0, first: 1, second: 9, payload: [])])
    }

    @Test("a read that fails has the status and zeros of the size asked for")
    func readFails() {
        let variable = TestVariable("B:AO", value)
        let bench = CircuitBench([variable])
        let channel = bench.channel("B:AO")
        let text = bench.send(message(15, type: 0, count: 1, channel, 1))
        #expect(
            text == [
                Reply(command: 15, type: 0, count: 1, first: 152, second: 1, payload: .init(repeating: 0, count: 40))
            ])
        for type: UInt16 in [35, 36] {
            #expect(bench.send(message(15, type: type, count: 1, channel, 1)).map(\.first) == [152])
        }
        let unknown = bench.send(message(15, type: 39, count: 1, channel, 1))
        #expect(unknown.map(\.command) == [11] && unknown[0].second == 114)
        let large = bench.send(message(15, type: 6, count: 1 << 29 | 1, channel, 3))
        #expect(large == [Reply(command: 15, type: 6, count: 0, first: 72, second: 3, payload: [])])
        variable.rights = []
        _ = bench.follow(.rights)
        let hidden = bench.send(message(15, type: 6, count: 2, channel, 4))
        #expect(
            hidden == [
                Reply(command: 15, type: 6, count: 2, first: 368, second: 4, payload: .init(repeating: 0, count: 16))
            ])
    }

    @Test("READ, which nobody sends any more, answers with the channel's number of the client")
    func oldRead() {
        let bench = bench()
        let reply = bench.send(message(3, type: 6, count: 1, bench.channel("B:AO", client: 77), 4))
        #expect(reply == [Reply(command: 3, type: 6, count: 1, first: 77, second: 4, payload: 1.5.wire)])
    }

    @Test("echo with payload, sync and clearing come back as they were sent")
    func mirrors() {
        let bench = bench()
        let channel = bench.channel("B:AO")
        let echo = message(23, type: 1, count: 2, 3, 4, [1, 2, 3, 4, 5, 6, 7, 8])
        let clear = message(12, channel, 5)
        for request in [echo, message(10), clear] {
            _ = request.withUnsafeBytes { bench.circuit.process(ByteView($0), limit: .max, into: bench.output) }
            #expect(bench.takeBytes() == request)
        }
        #expect(bench.circuit.channels.count == 0)
    }

    @Test("an echo of 1 MB is answered by its header at once, the payload is thrown away")
    func longEcho() {
        let bench = CircuitBench(maximumPayload: 4_000_000)
        let header = Array(message(23, 3, 4, .init(repeating: 7, count: 1_000_000)).prefix(24))
        #expect(bench.send(header).map(\.command) == [23])
        #expect(bench.send(.init(repeating: 0, count: 999_992)) == [])
        #expect(bench.send(.init(repeating: 0, count: 8) + message(23)).map(\.command) == [23])
    }

    @Test("every command works when its bytes come one by one")
    func byteByByte() {
        let bench = bench()
        let channel = bench.channel("B:AO")
        let requests = message(15, type: 6, count: 1, channel, 1) + message(23, 0, 0, [1]) + message(12, channel, 5)
        let replies = requests.flatMap { bench.send([$0]) }
        #expect(replies.map(\.command) == [15, 23, 12])
    }

    @Test("searches over the circuit: known, unknown, unknown with an answer wanted")
    func search() {
        let bench = bench()
        func answer(_ request: [UInt8]) -> String {
            _ = request.withUnsafeBytes { bench.circuit.process(ByteView($0), limit: .max, into: bench.output) }
            return hex(bench.takeBytes())
        }
        // 15064 is 3ad8
        #expect(
            answer(message(6, type: 5, count: 13, 42, 42, "B:AO".wire)) == "0006 0000 3ad8 0000 ffff ffff 0000 002a")
        #expect(answer(message(6, type: 5, count: 13, 42, 42, "NO".wire)) == "")
        #expect(answer(message(6, type: 10, count: 13, 42, 42, "NO".wire)) == "000e 0000 000a 000d 0000 002a 0000 002a")
        #expect(answer(message(0, type: 1, count: 13, 77)) == "")
        #expect(!bench.circuit.isClosing)
    }

    @Test("a late request with the number of a channel that ended does not meet the next one")
    func generations() {
        let bench = bench()
        let first = bench.channel("B:AO")
        _ = bench.send(message(12, first, 5))
        let second = bench.channel("B:AO")
        #expect(first != second)
        #expect(bench.send(message(15, type: 6, count: 1, first, 1)).map(\.second) == [410])
        #expect(bench.send(message(15, type: 6, count: 1, second, 1)).map(\.first) == [1])
    }

    @Test("the same number of the client twice makes two channels")
    func twoChannels() {
        let bench = bench()
        #expect(bench.channel("B:AO", client: 5) != bench.channel("B:AO", client: 5))
        #expect(bench.circuit.channels.count == 2)
    }

    @Test("rights that change are sent again; a name that goes ends its channels")
    func directory() {
        let variable = TestVariable("B:AO", value)
        let bench = CircuitBench([variable])
        _ = bench.channel("B:AO", client: 5)
        #expect(bench.follow(.rights) == [])
        variable.rights = .read
        #expect(bench.follow(.rights) == [Reply(command: 22, type: 0, count: 0, first: 5, second: 1, payload: [])])
        #expect(bench.follow(.removed(record: "other")) == [])
        #expect(
            bench.follow(.removed(record: "B:AO")) == [
                Reply(command: 27, type: 0, count: 0, first: 5, second: 0, payload: [])
            ])
        #expect(bench.circuit.channels.count == 0)
    }

    @Test("a name that leads elsewhere keeps its channels if type and count are the same")
    func replaced() {
        let bench = bench()
        let channel = bench.channel("B:AO")
        let other = Parameter<Double>("other", "", initial: 9)
        bench.directory.add(TestVariable("B:AO", other))
        #expect(bench.follow(.replaced(record: "B:AO")) == [])
        #expect(bench.send(message(15, type: 6, count: 1, channel, 1)).map { $0.double() } == [9])
        bench.directory.add(TestVariable("B:AO", other, .double, count: 4))
        #expect(bench.follow(.replaced(record: "B:AO")).map(\.command) == [27])
    }

    @Test("old clients: no refusal of a channel before 4.6, no extended header before 4.9")
    func oldClients() {
        let bench = CircuitBench([TestVariable("B:AO", value)], minor: 5)
        #expect(bench.send(message(18, 7, 5, "NO".wire)) == [])
        #expect(bench.circuit.isClosing)
        let old = CircuitBench(
            [TestVariable("W", value, .double, count: 20_000, isDirect: false)], minor: 8, maximumPayload: 1 << 20)
        let reply = old.send(message(15, type: 6, count: 10_000, old.channel("W"), 1))
        #expect(reply.map(\.command) == [11] && reply[0].second == 464)
        #expect(!old.circuit.isClosing)
    }
}

extension ByteView {
    /// No bytes.
    static var none: ByteView { ByteView(UnsafeRawBufferPointer(start: nil, count: 0)) }
}
