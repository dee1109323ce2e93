// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import EigerSimulator

/// The control unit on a clock that only moves when told: the same steps in every run, however slow the machine.
@Suite("Control unit")
struct ControlUnitTests {
    private let clock = ManualClock()
    private let unit: ControlUnit

    init() throws {
        let model = try #require(DetectorModel.named("eiger2-500k"))
        unit = ControlUnit(model, SimulatorOptions(), clock: clock)
    }

    /// Lets time pass in steps to the next thing that happens, until a condition holds.
    private func run(until what: String, _ condition: () async throws -> Bool) async throws {
        try await wait(until: what) {
            if try await condition() { return true }
            if let next = clock.nextDeadline, next < .seconds(1_000_000) {
                clock.advance(by: max(.zero, next - clock.now))
            }
            return false
        }
    }

    /// Waits for what happens at the present time.
    private func wait(until what: String, _ condition: () async throws -> Bool) async throws {
        let guardian = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            try #require(ContinuousClock.now < guardian, "never happened: \(what)")
            try await Task.sleep(for: .microseconds(300))
        }
    }

    /// Carries out a command while time passes.
    @discardableResult
    private func finish(_ command: String, argument: JSON? = nil) async throws -> JSON {
        let task = Task.immediate { try await unit.command(.detector, command, argument: argument) }
        // Whoever asks after it is answered after it has begun: no time passes before.
        _ = await unit.state
        return try await finish(task)
    }

    /// Lets time pass until a command has answered.
    @discardableResult
    private func finish(_ task: Task<JSON, any Error>) async throws -> JSON {
        let isDone = Flag()
        Task {
            _ = await task.result
            isDone.raise()
        }
        try await run(until: "the answer") { isDone.isRaised }
        return try await task.value
    }

    private func prepare(images: Int, perFile: Int, triggers: Int = 1, mode: String = "ints") async throws {
        try await finish("initialize")
        for (key, value) in [
            ("nimages", JSON.integer(Int64(images))), ("ntrigger", .integer(Int64(triggers))), ("frame_time", 1.0),
            ("trigger_mode", .string(mode)),
        ] { _ = try await unit.putConfiguration(.detector, key, value) }
        _ = try await unit.putConfiguration(.filewriter, "nimages_per_file", .integer(Int64(perFile)))
        _ = try await unit.putConfiguration(.filewriter, "mode", "enabled")
    }

    private func idleFiles() async throws -> [String] {
        try await run(until: "all files are written") { await unit.fileWriterState == "ready" }
        return unit.store.names
    }

    @Test("initialize takes its time and shows its state")
    func initialize() async throws {
        let task = Task { try await unit.command(.detector, "initialize", argument: nil) }
        try await wait(until: "state initialize") { await unit.state == .initialize }
        #expect(clock.now < .seconds(2))
        await #expect(throws: Refusal.self) { _ = try await unit.getConfiguration(.detector, "count_time") }
        try await run(until: "state idle") { await unit.state == .idle }
        #expect(try await finish(task) == .object([]))
        #expect(clock.now >= .seconds(2))
    }

    @Test("a blocking trigger answers after all its images, the series disarms itself")
    func trigger() async throws {
        try await prepare(images: 5, perFile: 2)
        #expect(try await finish("arm")["sequence id"] == 1)
        let start = clock.now
        try await finish("trigger")
        #expect(clock.now - start == .seconds(5))
        #expect(await unit.state == .idle)
        #expect(try await idleFiles().count == 4)
        #expect(unit.store.records.map(\.images) == [2, 2, 1, 0])
    }

    @Test("each data file is there right after its last image, the master complete only at the end")
    func filesDuringSeries() async throws {
        try await prepare(images: 5, perFile: 2)
        try await finish("arm")
        try await wait(until: "the early master") { unit.store.names == ["series_1_master.h5"] }
        let early = unit.store.file("series_1_master.h5")?.content.size
        let trigger = Task { try await unit.command(.detector, "trigger", argument: nil) }
        try await wait(until: "exposure") { await unit.state == .acquire }
        let start = clock.now
        for (seconds, files) in [(2, 1), (4, 2)] {
            clock.advance(by: start + .seconds(seconds) - .milliseconds(1) - clock.now)
            #expect(unit.store.records.count == files - 1)
            clock.advance(by: .milliseconds(1))
            try await wait(until: "data file \(files)") { unit.store.records.count == files }
            #expect(await unit.state == .acquire)
        }
        try await finish(trigger)
        _ = try await idleFiles()
        #expect(unit.store.records.map(\.images) == [2, 2, 1, 0])
        #expect(unit.store.file("series_1_master.h5")?.content.size != early)
    }

    @Test("between triggers the detector is ready; the last one ends the series")
    func severalTriggers() async throws {
        try await prepare(images: 2, perFile: 3, triggers: 3)
        try await finish("arm")
        for expected in [DetectorState.ready, .ready, .idle] {
            try await finish("trigger")
            #expect(await unit.state == expected)
        }
        await #expect(throws: Refusal.self) { try await unit.command(.detector, "trigger", argument: nil) }
        _ = try await idleFiles()
        #expect(unit.store.records.map(\.images) == [3, 3, 0])
    }

    @Test("cancel waits for the current image; abort does not; both leave short files", arguments: ["cancel", "abort"])
    func stops(command: String) async throws {
        try await prepare(images: 10, perFile: 4)
        try await finish("arm")
        let trigger = Task { try await unit.command(.detector, "trigger", argument: nil) }
        try await wait(until: "exposure") { await unit.state == .acquire }
        clock.advance(by: .milliseconds(5500))
        #expect(try await finish(command)["sequence id"] == 1)
        try await finish(trigger)
        #expect(await unit.state == .idle)
        let names = try await idleFiles()
        #expect(names == ["series_1_data_000001.h5", "series_1_data_000002.h5", "series_1_master.h5"])
        #expect(unit.store.records.map(\.images) == (command == "cancel" ? [4, 2, 0] : [4, 1, 0]))
    }

    @Test("disarm before any trigger leaves a master alone")
    func disarmed() async throws {
        try await prepare(images: 10, perFile: 4)
        try await finish("arm")
        #expect(try await finish("disarm")["sequence id"] == 1)
        #expect(try await idleFiles() == ["series_1_master.h5"])
    }

    @Test("an abort while arming makes arm fail, and the detector is idle")
    func abortArm() async throws {
        try await prepare(images: 1, perFile: 1)
        let arm = Task { try await unit.command(.detector, "arm", argument: nil) }
        try await wait(until: "state configure") { await unit.state == .configure }
        try await finish("abort")
        await #expect(throws: Refusal.self) { try await finish(arm) }
        #expect(await unit.state == .idle)
        #expect(try await finish("arm")["sequence id"] == 1)
    }

    @Test("initialize during an exposure ends the series with the images it has")
    func initializeDuringExposure() async throws {
        try await prepare(images: 10, perFile: 100)
        try await finish("arm")
        let trigger = Task { try await unit.command(.detector, "trigger", argument: nil) }
        try await wait(until: "exposure") { await unit.state == .acquire }
        clock.advance(by: .milliseconds(3200))
        try await finish("initialize")
        try await finish(trigger)
        try await run(until: "the files") { unit.store.records.count == 2 }
        #expect(unit.store.records.map(\.images) == [3, 0])
        #expect(try await finish("arm")["sequence id"] == 1)
    }

    @Test("restart during an exposure loses everything and later writes nothing")
    func restartDuringExposure() async throws {
        try await prepare(images: 10, perFile: 2)
        try await finish("arm")
        let trigger = Task { try await unit.command(.detector, "trigger", argument: nil) }
        try await run(until: "the first file") { !unit.store.records.isEmpty }
        let restart = Task { try await unit.command(.system, "restart", argument: nil) }
        try await wait(until: "state na") { await unit.state == .na }
        try await finish(trigger)
        try await finish(restart)
        clock.advance(by: .seconds(100))
        #expect(unit.store.names.isEmpty)
        #expect(await unit.fileWriterState == "disabled")
        #expect(unit.store.records.allSatisfy { $0.fate == "lost" })
    }

    @Test("inte answers at once and takes the exposure that the trigger states")
    func enable() async throws {
        try await prepare(images: 1, perFile: 10, triggers: 2, mode: "inte")
        try await finish("arm")
        let start = clock.now
        _ = try await unit.command(.detector, "trigger", argument: .object([("value", 3.0)]))
        #expect(clock.now == start)
        #expect(await unit.state == .acquire)
        await #expect(throws: Refusal.self) { try await unit.command(.detector, "trigger", argument: nil) }
        try await run(until: "ready") { await unit.state == .ready }
        #expect(clock.now - start == .seconds(3))
        _ = try await unit.command(.detector, "trigger", argument: nil)
        try await run(until: "idle") { await unit.state == .idle }
        await #expect(throws: Refusal.self) {
            try await unit.command(.detector, "trigger", argument: .object([("value", -1.0)]))
        }
        _ = try await idleFiles()
        #expect(unit.store.records.map(\.images) == [2, 0])
    }

    @Test("keys cannot change while armed for exposure; the file writer's mode waits for idle")
    func locked() async throws {
        try await prepare(images: 10, perFile: 4)
        try await finish("arm")
        #expect(try await unit.putConfiguration(.filewriter, "mode", "disabled") == .array([]))
        let trigger = Task { try await unit.command(.detector, "trigger", argument: nil) }
        try await wait(until: "exposure") { await unit.state == .acquire }
        await #expect(throws: Refusal.self) { _ = try await unit.putConfiguration(.detector, "nimages", 5) }
        try await finish("abort")
        try await finish(trigger)
        #expect(try await unit.putConfiguration(.filewriter, "mode", "disabled") == .array(["mode"]))
    }

    @Test("without data files the master holds the images; a disabled file writer makes none")
    func masterAlone() async throws {
        try await prepare(images: 3, perFile: 0)
        try await finish("arm")
        try await finish("trigger")
        #expect(try await idleFiles() == ["series_1_master.h5"])
        #expect(unit.store.records.map(\.images) == [3])
        _ = try await unit.putConfiguration(.filewriter, "mode", "disabled")
        try await finish("arm")
        try await finish("trigger")
        #expect(unit.store.records.count == 1)
        #expect(await unit.series.isEmpty)
    }

    @Test("files of the same name are overwritten without a word")
    func overwritten() async throws {
        try await prepare(images: 1, perFile: 1)
        _ = try await unit.putConfiguration(.filewriter, "name_pattern", "same")
        for _ in 0..<2 {
            try await finish("arm")
            try await finish("trigger")
            try await finish("disarm")
        }
        #expect(try await idleFiles() == ["same_data_000001.h5", "same_master.h5"])
        #expect(unit.store.records.map(\.fate) == ["overwritten", "overwritten", "present", "present"])
    }

    @Test("a series of more than a week is refused, one just below is armed and can be aborted")
    func longest() async throws {
        try await prepare(images: 604_801, perFile: 100_000)
        await #expect(throws: Refusal.self) { try await finish("arm") }
        #expect(await unit.state == .idle)
        _ = try await unit.putConfiguration(.detector, "nimages", 604_800)
        try await finish("arm")
        try await finish("abort")
        #expect(try await idleFiles() == ["series_1_master.h5"])
    }

    @Test("a file that can never fit is not even made")
    func hopeless() async throws {
        try await prepare(images: 2_000_000_000, perFile: 0)
        _ = try await unit.putConfiguration(.detector, "frame_time", 0.000_25)
        _ = try await unit.putConfiguration(.detector, "nimages", 2_000_000_000)
        try await finish("arm")
        try await finish("trigger")
        try await run(until: "the end of the writing") { await unit.fileWriterState == "error" }
        #expect(await unit.fileWriterErrors == ["buffer full: series_1_master.h5 was not written"])
        #expect(unit.store.records.isEmpty)
    }
}
