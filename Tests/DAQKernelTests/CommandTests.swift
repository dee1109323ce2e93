// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import DAQKernel

@Suite("Commands")
struct CommandTests {
    static let client = Origin(frontend: "test")

    final class Bench: Sendable {
        let node: DeviceNode
        let table: OperationTable
        init(_ commands: AnyCommand..., keep: Int = 3) throws {
            table = OperationTable(keep: keep)
            let table = table
            node = DeviceNode(
                name: "d", type: "t", summary: "", emit: { _ in }, didStart: { table.add($0) })
            for command in commands { try node.add(command) }
        }
    }

    @Test("arguments by position and name, converted and checked, defaults filled in")
    func arguments() async throws {
        let command = Command<String>(
            "move", "", Argument<Double>("to", unit: "mm", limits: 0...10), Argument<Int>("times", default: 2),
            Argument<String?>("note")
        ) { _, to, times, note in "\(to) \(times) \(note ?? "-")" }
        _ = try Bench(command)
        #expect(try await command.call(Arguments([.integer(3)]), origin: Self.client) == .string("3.0 2 -"))
        let named = Arguments([.float(1.5)], named: [("note", .string("x")), ("times", .integer(7))])
        #expect(try await command.call(named, origin: Self.client) == .string("1.5 7 x"))
        func message(_ arguments: Arguments) async -> String? {
            await #expect(throws: DeviceError.self) { try await command.call(arguments, origin: Self.client) }?.message
        }
        #expect(await message(Arguments()) == "d/move “to” is missing")
        #expect(await message(Arguments([.integer(11)])) == "d/move refused to 11: it accepts 0 to 10 mm")
        #expect(await message(Arguments([.string("a")])) == "d/move refused to \"a\": expected float64, not a text")
        #expect(
            await message(Arguments(named: [("too", .integer(1))]))
                == "d/move has no argument “too”; it has to, times, note")
        #expect(await message(Arguments([.integer(1)], named: [("to", .integer(1))])) == "d/move “to” is given twice")
        #expect(
            await message(Arguments([.null, .null, .null, .null])) == "d/move takes 3 arguments by position; 4 given")
    }

    @Test("a command that takes anything gets a scalar with its type, one that takes a number gets the number")
    func typedScalars() async throws {
        let scalar = DataValue.extended(.scalar(.float32, .float(1.5)))
        let echo = Command<DataValue>("echo", "", Argument<DataValue>("value"), policy: .quick) { _, value in value }
        let double = Command<Double>("double", "", Argument<Double>("value"), policy: .quick) { _, value in 2 * value }
        _ = try Bench(echo, double)
        #expect(try await echo.call(Arguments([scalar]), origin: Self.client) == scalar)
        #expect(try await double.call(Arguments([scalar]), origin: Self.client) == .float(3))
    }

    @Test(
        "a quick command that never waits has ended when the call returns, on any thread; one that waits goes on behind"
    )
    func quick() async throws {
        let command = Command<Int>("twice", "", Argument<Int>("of"), Argument<Bool>("wait"), policy: .quick) {
            _, number, wait in
            if wait { try await Task.sleep(nanoseconds: 1_000_000) }
            return number * 2
        }
        _ = try Bench(command)
        let ended = try command.start(Arguments([.integer(4), .bool(false)]), origin: Self.client)
        #expect(ended.status.result == .integer(8))
        let state: OperationState? = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let operation = try? command.start(Arguments([.integer(4), .bool(false)]), origin: Self.client)
                continuation.resume(returning: operation?.status.state)
            }
        }
        #expect(state == .succeeded)
        #expect(!command.busy.value)
        let waiting = try command.start(Arguments([.integer(5), .bool(true)]), origin: Self.client)
        #expect(try await waiting.result() == .integer(10))
    }

    /// Runs something on a thread that no task ever used.
    private func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    @Test("a quick body without await costs no task, and is an operation like any other")
    func quickWithoutTask() async throws {
        let command = Command<Bool>("look", "", Argument<Int>("n", limits: 0...5), policy: .quick) { progress, _ in
            progress.report(0.5, "half")
            return withUnsafeCurrentTask { $0 != nil }
        }
        let broken = Command<Void>("broken", "", policy: .quick) { _ in throw DeviceError(.wrongState, "no camera") }
        let bench = try Bench(command, broken)
        let seen = Mutex<[String]>([])
        let number = bench.table.observe { operation, status in
            seen.withLock { $0.append("\(operation.command) \(status.state) \(status.fraction)") }
        }
        let operation = try await onOwnThread {
            Result { try command.start(Arguments([.integer(1)]), origin: Self.client) }
        }
        .get()
        #expect(operation.status.result == .bool(false))
        #expect(command.progress.value == 0.5)
        #expect(
            seen.withLock { $0 } == ["look queued 0.0", "look running 0.0", "look running 0.5", "look succeeded 1.0"])
        let failed = try await onOwnThread { Result { try broken.start(origin: Self.client) } }.get()
        #expect(failed.status.error == DeviceError(.wrongState, "no camera"))
        #expect(!broken.busy.value && broken.busy.sample.alarm.severity == .major)
        bench.table.removeObserver(number)
        let error = #expect(throws: DeviceError.self) {
            try command.start(Arguments([.integer(6)]), origin: Self.client)
        }
        #expect(error?.message == "d/look refused n 6: it accepts 0 to 5")
        #expect(bench.table.all.map(\.command) == ["broken", "look"])
        #expect(seen.withLock { $0.count } == 7)
    }

    @Test(
        "a quick body without await does not hear that its caller's task is cancelled, and waits its turn as others do")
    func quickInTasks() async throws {
        let release = AsyncGate()
        let slow = Command<Void>("slow", "") { _ in await release.wait() }
        var policy = CommandPolicy(.serial, whenBusy: .queue)
        policy.isQuick = true
        let queued = Command<Int>("queued", "", policy: policy) { progress in
            try progress.checkCancellation()
            return 5
        }
        _ = try Bench(slow, queued)
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try queued.start(origin: Self.client).status.result
        }
        #expect(try await cancelled.value == .integer(5))
        let running = try slow.start(origin: Self.client)
        let waiting = try queued.start(origin: Self.client)
        #expect(waiting.status.state == .queued)
        release.open()
        #expect(try await waiting.result() == .integer(5))
        #expect(await running.end().state == .succeeded)
    }

    @Test("a second serial call is refused with the one that runs, an interrupting one is not")
    func exclusion() async throws {
        let release = AsyncGate()
        let slow = Command<Void>("slow", "") { _ in await release.wait() }
        let other = Command<Void>("other", "") { _ in }
        let queued = Command<Int>("queued", "", policy: CommandPolicy(.serial, whenBusy: .queue)) { _ in 5 }
        let abort = Command<Void>("abort", "", policy: CommandPolicy(.interrupting)) { _ in release.open() }
        _ = try Bench(slow, other, queued, abort)
        let running = try slow.start(origin: Self.client)
        #expect(slow.busy.value)
        let error = #expect(throws: DeviceError.self) { try other.start(origin: Self.client) }
        #expect(error?.code == .busy)
        #expect(error?.message.contains("d/other is refused: slow is running since") == true)
        let waiting = try queued.start(origin: Self.client)
        #expect(waiting.status.state == .queued)
        _ = try await abort.call(origin: Self.client)
        #expect(await running.end().state == .succeeded)
        #expect(try await waiting.result() == .integer(5))
        #expect(!slow.busy.value)
        _ = try await other.call(origin: Self.client)
    }

    @Test("cancelling ends the body, progress and intermediate results are seen on the way")
    func cancelling() async throws {
        let command = Command<Void>("wait", "") { progress in
            progress.report(0.5, "half way")
            progress.emit(.integer(1))
            try await progress.sleep(seconds: 600)
        }
        let bench = try Bench(command)
        let operation = try command.start(origin: Self.client)
        let seen = AsyncGate()
        operation.observe { status in if !status.emitted.isEmpty { seen.open() } }
        await seen.wait()
        #expect(operation.status.message == "half way")
        #expect(command.progress.value == 0.5)
        operation.cancel()
        let status = await operation.end()
        #expect(status.state == .cancelled)
        #expect(status.error?.code == .cancelled)
        #expect(bench.table.operation(operation.id) === operation)
    }

    @Test("an error of the body keeps its code and the vendor's number; a forbidden state starts nothing")
    func failing() async throws {
        let command = Command<Void>("arm", "") { _ in
            throw DeviceError(.vendor, "arm failed", vendorCode: 500, vendorText: "no")
        }
        _ = try Bench(command)
        let error = await #expect(throws: DeviceError.self) { try await command.call(origin: Self.client) }
        #expect(error == DeviceError(.vendor, "arm failed", vendorCode: 500, vendorText: "no"))
        command.allow { "the detector is not initialized" }
        let refused = #expect(throws: DeviceError.self) { try command.start(origin: Self.client) }
        #expect(refused?.message == "d/arm is not possible: the detector is not initialized")
    }

    @Test("a command bound to its device does not keep it alive")
    func binding() async throws {
        final class Owner: Sendable {
            let command = Command<Int>("answer", "")
            init() { command.bind(self, Argument<Int>("plus", default: 0)) { _, _, plus in 42 + plus } }
        }
        var owner: Owner? = Owner()
        let command = try #require(owner?.command)
        _ = try Bench(command)
        #expect(try await command.call(Arguments([.integer(1)]), origin: Self.client) == .integer(43))
        owner = nil
        let error = await #expect(throws: DeviceError.self) { try await command.call(origin: Self.client) }
        #expect(error?.code == .unavailable)
    }

    @Test("the table keeps what runs and the last that ended")
    func table() async throws {
        let command = Command<Void>("x", "", policy: CommandPolicy(.parallel)) { _ in }
        let bench = try Bench(command)
        for _ in 0..<10 { _ = try await command.call(origin: Self.client) }
        #expect(bench.table.all.count == 3)
    }
}

/// Opens once; whoever waits goes on.
final class AsyncGate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
