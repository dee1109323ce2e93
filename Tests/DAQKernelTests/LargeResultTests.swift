// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization
import Testing

@testable import DAQKernel

@Suite("Large results")
struct LargeResultTests {
    /// Lends memory and tells when the last consumer let go.
    private final class Memory: Sendable {
        let held = Mutex(0)

        func array(_ bytes: Int) -> ArrayValue? {
            held.withLock { $0 += 1 }
            let own = FrameBuffer([UInt8](repeating: 7, count: bytes))
            let lent = unsafe own.withBytes { raw in
                unsafe FrameBuffer(borrowing: raw) {
                    withExtendedLifetime(own) {}
                    self.held.withLock { $0 -= 1 }
                }
            }
            return ArrayValue(.uint8, shape: [bytes], buffer: lent)
        }
    }

    private let memory = Memory()

    private func command(_ policy: CommandPolicy) -> Command<DataValue> {
        Command<DataValue>("image", "", Argument<Int>("bytes"), policy: policy) { [memory] _, bytes in
            memory.array(bytes).map { .array($0) } ?? .null
        }
    }

    private func start(_ command: AnyCommand, _ bytes: Int) throws -> Operation {
        try command.start(Arguments([.integer(Int64(bytes))]), origin: CommandTests.client)
    }

    @Test("what was taken is kept nowhere, what nobody takes only for the last few", arguments: [true, false])
    func letGo(isQuick: Bool) async throws {
        let command = command(isQuick ? .quick : CommandPolicy(.parallel))
        let bench = try CommandTests.Bench(command, keep: 100)
        for _ in 0..<20 {
            let value = try await command.call(Arguments([.integer(100_000)]), origin: CommandTests.client)
            guard case .array(let array) = value else {
                Issue.record("no array")
                continue
            }
            #expect(array.byteCount == 100_000)
        }
        #expect(memory.held.withLock { $0 } == 0)
        let taken = try #require(bench.table.all.first)
        #expect(taken.status.state == .succeeded && taken.status.isResultGone && taken.status.result == .null)
        for _ in 0..<20 { _ = await (try start(command, 100_000)).end() }
        #expect(memory.held.withLock { $0 } == OperationTable.largeResults)
        let kept = bench.table.all.prefix(OperationTable.largeResults)
        #expect(kept.allSatisfy { $0.status.hasLargeResult && !$0.status.isResultGone })
        #expect(bench.table.all.dropFirst(kept.count).allSatisfy { $0.status.isResultGone })
        for operation in kept { #expect(try operation.takeResult()?.get() != .null) }
        #expect(memory.held.withLock { $0 } == 0)
        #expect(try kept.first?.takeResult()?.get() == .null)
    }

    @Test("a result that is not large stays in the list, however often it is taken")
    func small() async throws {
        let command = command(.quick)
        let bench = try CommandTests.Bench(command, keep: 100)
        for _ in 0..<20 { _ = try await command.call(Arguments([.integer(65_536)]), origin: CommandTests.client) }
        #expect(memory.held.withLock { $0 } == 20)
        for operation in bench.table.all {
            #expect(!operation.status.hasLargeResult)
            #expect(try operation.takeResult()?.get() == operation.status.result)
        }
    }

    @Test("one that goes on has no result to take; a failed one gives its error, again and again")
    func others() async throws {
        let gate = AsyncGate()
        let slow = Command<Int>("slow", "") { _ in
            await gate.wait()
            throw DeviceError(.wrongState, "no camera")
        }
        _ = try CommandTests.Bench(slow)
        let operation = try slow.start(origin: CommandTests.client)
        #expect(operation.takeResult() == nil)
        gate.open()
        _ = await operation.end()
        for _ in 0..<2 { #expect(operation.takeResult() == .failure(DeviceError(.wrongState, "no camera"))) }
    }

    @Test(
        "the size of a value counts everything in it",
        arguments: [
            (DataValue.bytes([UInt8](repeating: 0, count: 100)), 100), (.string("ä"), 2), (.strings(["ab", "c"]), 3),
            (.list([.integer(1), .tuple([.bool(true), .null])]), 24), (.set([.float(1)]), 8),
            (.dictionary([.init(.string("abc"), .bytes([1, 2]))]), 5), (.bigInteger("123"), 3),
            (.extended(.fraction(numerator: .integer(1), denominator: .integer(2))), 16),
            (.extended(.slice(start: .null, stop: .integer(5), step: .null)), 24),
            (.extended(.opaque(tag: "x", .bytes([1]))), 1), (.array(ArrayValue([Int32(1), 2])), 8),
            (.complex(real: 1, imaginary: 2), 8),
        ])
    func size(value: DataValue, bytes: Int) {
        #expect(!value.isLarger(than: bytes))
        #expect(value.isLarger(than: bytes - 1))
    }

    @Test("the list knows those that run by their number, also after others ended")
    func places() async throws {
        let gate = AsyncGate()
        let slow = Command<Void>("slow", "", policy: CommandPolicy(.parallel)) { _ in await gate.wait() }
        let quick = Command<Void>("quick", "", policy: .quick) { _ in }
        let bench = try CommandTests.Bench(slow, quick, keep: 2)
        var running: [Operation] = []
        for _ in 0..<3 {
            running.append(try slow.start(origin: CommandTests.client))
            for _ in 0..<5 { _ = try quick.start(origin: CommandTests.client) }
        }
        for operation in running { #expect(bench.table.operation(operation.id) === operation) }
        #expect(bench.table.running(device: "d").count == 3)
        #expect(bench.table.all.count == 5)
        gate.open()
        for operation in running { _ = await operation.end() }
        #expect(bench.table.running(device: "d").isEmpty)
        #expect(bench.table.all.count == 2)
    }
}
