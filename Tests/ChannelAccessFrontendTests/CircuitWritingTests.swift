// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Channel Access circuit: writes")
struct CircuitWritingTests {
    let value = Parameter<Double>("value", "A number", initial: 1.5)

    /// A device that keeps what it was asked until the test lets it go on.
    final class Device: Sendable {
        private let state = Mutex<(asked: [Double], waiting: [@Sendable (PutResult) -> Void])>(([], []))
        var asked: [Double] { state.withLock { $0.asked } }

        var write: TestVariable.Writer {
            { [self] value, completion in
                state.withLock { state in
                    state.asked.append(value.double ?? .nan)
                    state.waiting.append(completion)
                }
            }
        }

        /// Ends the oldest write.
        func finish(_ result: PutResult = .done) { state.withLock { $0.waiting.removeFirst() }(result) }
    }

    private func put(_ channel: UInt32, _ id: UInt32, _ number: Double, notify: Bool = true) -> [UInt8] {
        message(notify ? 19 : 4, type: 6, count: 1, channel, id, number.wire)
    }

    @Test("a write without callback is silent, one with is answered by its own numbers")
    func simple() {
        let bench = CircuitBench([TestVariable("B:AO", value)])
        let channel = bench.channel("B:AO")
        #expect(bench.send(put(channel, 5, 2.5, notify: false)) == [])
        #expect(value.value == 2.5)
        #expect(
            bench.send(put(channel, 6, 3.5)) == [
                Reply(command: 19, type: 6, count: 1, first: 1, second: 6, payload: [])
            ])
        #expect(value.value == 3.5)
    }

    @Test("a refused write: ERROR with the request's header and the name, or the status of the reply")
    func refused() throws {
        let readOnly = TestVariable("B:RO", value)
        readOnly.rights = .read
        let bench = CircuitBench([readOnly])
        let channel = bench.channel("B:RO", client: 0x73)
        let request = message(4, type: 6, count: 1, channel, 5, 7.0.wire)
        _ = request.withUnsafeBytes { bench.circuit.process(ByteView($0), limit: .max, into: bench.output) }
        let number = hex((0..<4).map { UInt8(truncatingIfNeeded: channel >> (24 - 8 * $0)) })
        #expect(
            hex(bench.takeBytes())
                == "000b 0018 0000 0000 0000 0073 0000 0178 0004 0008 0006 0001 \(number) 0000 0005 423a 524f 0000 0000"
        )
        #expect(bench.send(put(channel, 6, 7)).map(\.first) == [376])
        #expect(value.value == 1.5)
    }

    @Test(
        "counts and sizes that do not fit are refused and nothing is stored",
        arguments: [
            (type: UInt16(6), count: 4, bytes: 8, status: UInt32(176)), (6, 1, 0, 176), (6, 0, 8, 176), (6, 2, 16, 176),
            (6, 1_000_000, 8, 176), (0, 1, 0, 176), (39, 1, 8, 114), (20, 1, 24, 114), (37, 1, 48, 114),
            (65_535, 1, 8, 114),
        ])
    func sizes(type: UInt16, count: Int, bytes: Int, status: UInt32) {
        let bench = CircuitBench([TestVariable("B:AO", value)])
        let channel = bench.channel("B:AO", client: 9)
        let payload = [UInt8](repeating: 1, count: bytes)
        let notified = bench.send(message(19, type: type, count: count, channel, 1, payload))
        #expect(notified == [Reply(command: 19, type: type, count: count, first: status, second: 1, payload: [])])
        let silent = bench.send(message(4, type: type, count: count, channel, 1, payload))
        #expect(silent.map(\.command) == [11] && silent[0].first == 9 && silent[0].second == status)
        #expect(value.value == 1.5)
        #expect(!bench.circuit.isClosing)
    }

    @Test("an array is cut at its capacity; a huge count with few bytes is refused")
    func arrays() {
        let array = Parameter<[UInt8]>("c", "", initial: [])
        let bench = CircuitBench([TestVariable("C", array, .char, count: 4, isDirect: false)])
        let channel = bench.channel("C")
        #expect(bench.send(message(19, type: 4, count: 8, channel, 1, [1, 2, 3, 4, 5, 6, 7, 8])).map(\.first) == [1])
        #expect(array.value == [1, 2, 3, 4])
        #expect(bench.send(message(19, type: 4, count: 0, channel, 1, [])).map(\.first) == [1])
        #expect(array.value == [])
        #expect(bench.send(message(19, type: 4, count: 1 << 31, channel, 1, [1])).map(\.first) == [176])
    }

    @Test("a write that takes long blocks nothing; the next ones of its channel wait their turn")
    func order() {
        let device = Device()
        let bench = CircuitBench([
            TestVariable("BUSY", value, writer: device.write), TestVariable("B:AO", value),
        ])
        let (busy, other) = (bench.channel("BUSY"), bench.channel("B:AO"))
        #expect(bench.send(put(busy, 1, 1) + put(busy, 2, 2)) == [])
        #expect(device.asked == [1])
        #expect(bench.send(message(23) + put(other, 9, 4)).map(\.command) == [23, 19])
        device.finish()
        #expect(bench.settle() == [Reply(command: 19, type: 6, count: 1, first: 1, second: 1, payload: [])])
        #expect(device.asked == [1, 2])
        device.finish(PutResult(.putFailed, "no"))
        #expect(bench.settle().map(\.first) == [160])
        #expect(bench.circuit.pendingPuts == 0)
    }

    @Test("a write without callback that waits gives way to a newer one; with callback each is carried out")
    func replacement() {
        let device = Device()
        let bench = CircuitBench([TestVariable("BUSY", value, writer: device.write)])
        let busy = bench.channel("BUSY")
        for number in 1...5 { _ = bench.send(put(busy, 0, Double(number), notify: false)) }
        _ = bench.send(put(busy, 7, 10) + put(busy, 0, 11, notify: false) + put(busy, 0, 12, notify: false))
        for _ in 0..<4 {
            device.finish()
            _ = bench.settle()
        }
        #expect(device.asked == [1, 5, 10, 12])
    }

    @Test("too many that wait: refused at once, and each still gets one answer")
    func flood() {
        let device = Device()
        let bench = CircuitBench([TestVariable("BUSY", value, writer: device.write)])
        let busy = bench.channel("BUSY")
        let replies = bench.send((0..<40).flatMap { put(busy, $0, 1) })
        #expect(replies.map(\.first) == .init(repeating: 362, count: 24))
        #expect(replies.map(\.second) == Array(16..<40))
        for id: UInt32 in 0..<16 {
            device.finish()
            #expect(bench.settle().map(\.second) == [id])
        }
        #expect(bench.circuit.pendingPuts == 0 && bench.circuit.queuedBytes == 0)
    }

    @Test("a write that interrupts passes by those that wait")
    func interrupting() {
        let device = Device()
        let bench = CircuitBench([TestVariable("ACQ", value, interrupts: true, writer: device.write)])
        let channel = bench.channel("ACQ")
        _ = bench.send(put(channel, 1, 1) + put(channel, 2, 0))
        #expect(device.asked == [1, 0])
        device.finish()
        device.finish()
        #expect(bench.settle().map(\.second) == [1, 2])
    }

    @Test("a channel that is cleared forgets its writes; one that the server ends answers them first")
    func endings() {
        let device = Device()
        let bench = CircuitBench([TestVariable("BUSY", value, writer: device.write)])
        let busy = bench.channel("BUSY")
        _ = bench.send(put(busy, 1, 1) + put(busy, 2, 2) + message(12, busy, 5))
        device.finish()
        #expect(bench.settle() == [])
        #expect(bench.circuit.pendingPuts == 0 && bench.circuit.queuedBytes == 0)
        let again = bench.channel("BUSY")
        _ = bench.send(put(again, 1, 1) + put(again, 2, 2))
        let replies = bench.follow(.removed(record: "BUSY"))
        #expect(replies.map(\.command) == [19, 19, 27])
        #expect(replies.prefix(2).map(\.first) == [160, 160])
    }

    @Test("the update that a write caused is sent before its answer")
    func updateFirst() {
        let bench = CircuitBench([TestVariable("B:AO", value)])
        let channel = bench.channel("B:AO")
        _ = bench.send(message(1, type: 6, count: 1, channel, 3, .init(repeating: 0, count: 12) + [0, 1, 0, 0]))
        _ = bench.settle()
        let replies = bench.send(put(channel, 6, 3.5))
        #expect(replies.map(\.command) == [1, 19])
        #expect(replies[0].double() == 3.5)
    }
}
