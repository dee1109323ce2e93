// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Decisions without a detector.
@Suite("Control logic")
struct ControlLogicTests {
    @Test(
        "times as detectors write them",
        arguments: [
            ("1970-01-01T00:00:00", 0.0), ("2019-07-30T14:18:57+01:00", 1_564_492_737),
            ("2023-10-03T17:47:48.329", 1_696_355_268), ("2023-10-03T17:47:48.329Z", 1_696_355_268),
            ("2024-02-29 12:00:00", 1_709_208_000), ("2000-03-01T00:00:00-0530", 951_888_600),
        ])
    func times(text: String, seconds: Double) { #expect(SIMPLONTime.seconds(text) == seconds) }

    @Test(
        "nonsense is no time",
        arguments: [
            "", "2010-13-13 12:21", "2010-13-13T12:21:00", "yesterday", "2019-07-30", "2019-07-30T14:18", "T",
            "----------",
            "2019-07-30T14:18:57+1", "2019-07-30T14:18:57+xx:00", "99999-07-30T14:18:57", "2019-07-30T24:18:57",
            String(repeating: "9", count: 1000),
        ])
    func noTimes(text: String) { #expect(SIMPLONTime.seconds(text) == nil) }

    @Test("a clock that jumps back is a boot, one that is set a little is not")
    func clock() {
        var link = LinkState()
        _ = link.answered("idle")
        #expect(link.answered(clockSeconds: 1000) == [])
        #expect(link.answered(clockSeconds: 980) == [])
        #expect(link.answered(clockSeconds: 100_000) == [])
        #expect(link.answered(clockSeconds: 30) == [.restarted])
        #expect(link.answered("idle") == [.discover])
        #expect(link.answered(clockSeconds: 31) == [])
    }

    @Test("a detector that hangs in exts is noticed by its own plan; one that waits for signals is not")
    func hangs() {
        let plan = SeriesPlan(triggerMode: "exts", nimages: 10, ntrigger: 2, countSeconds: 1, frameSeconds: 1)
        let start = ContinuousClock.now
        var watch = SignalWatch(plan, now: start)
        #expect(watch.saw("ready", now: start) == nil)
        #expect(watch.saw("ready", now: start.advanced(by: .seconds(100_000))) == nil)
        #expect(!watch.hasBegun)
        let trigger = start.advanced(by: .seconds(100_000))
        #expect(watch.saw("acquire", now: trigger) == nil)
        #expect(watch.hasBegun)
        #expect(watch.saw("acquire", now: trigger.advanced(by: .seconds(39))) == nil)
        #expect(watch.saw("acquire", now: trigger.advanced(by: .seconds(41)))?.contains("40 s") == true)
        #expect(watch.saw("ready", now: trigger.advanced(by: .seconds(42))) == nil)
    }

    @Test(
        "a signal decides how long exte, extg and unknown modes expose", arguments: ["exte", "extg", "eies", "quantum"])
    func patient(mode: String) {
        let plan = SeriesPlan(triggerMode: mode, nimages: 1, ntrigger: 2, countSeconds: 1, frameSeconds: 1)
        #expect(!plan.hasSoftwareTriggers)
        let start = ContinuousClock.now
        var watch = SignalWatch(plan, now: start)
        #expect(watch.saw("acquire", now: start) == nil)
        #expect(watch.saw("acquire", now: start.advanced(by: .seconds(1_000_000))) == nil)
    }

    @Test(
        "the order of any keys: region, energy, thresholds, mode, times, numbers, corrections, filewriter, stream, monitor"
    )
    func ranks() {
        let keys: [SIMPLONKey] = [
            .detector("roi_mode"), .detector("photon_energy"), .detector("threshold/1/energy"),
            .detector("threshold/2/energy"), .detector("threshold/1/mode"), .detector("counting_mode"),
            .detector("trigger_mode"), .detector("frame_time"), .detector("nimages"), .detector("ntrigger"),
            .detector("trigger_start_delay"), .detector("compression"), .detector("countrate_correction_applied"),
            .detector("beam_center_x"), .detector("sample_name"), .filewriter("mode"), .filewriter("name_pattern"),
            SIMPLONKey(.stream, .config, "mode"), SIMPLONKey(.monitor, .config, "mode"),
        ]
        let shuffled = keys.shuffled().sorted { ConfigurationOrder.rank($0) < ConfigurationOrder.rank($1) }
        #expect(shuffled == keys)
    }

    @Test("keys of clients are put in their places and never twice")
    func inserted() {
        let wish = SeriesWish()
        var plan = ConfigurationPlan(
            wish, SeriesPlan(wish, readoutSeconds: 0), currentFrameSeconds: nil, energyEpsilon: 0.05, writesFiles: true
        ) { _ in true }
        let before = plan.steps.count
        plan.insert([
            .init(SIMPLONKey(.monitor, .config, "mode"), "enabled"), .init(.detector("threshold/2/energy"), 9000),
            .init(.detector("photon_energy"), 1), .init(.detector("sample_name"), "x"),
        ])
        let names = plan.steps.map(\.key.description)
        #expect(names.count == before + 3)
        #expect(names.first == "detector/config/photon_energy")
        #expect(names.firstIndex(of: "detector/config/threshold/2/energy") == 2)
        #expect(names.last == "monitor/config/mode")
    }

    @Test("arrays are equal number by number")
    func arrays() {
        let step = ConfigurationPlan.Step(.detector("detector_translation"), .array([0, 0.5, .number(1e-12)]))
        #expect(step.isSatisfied(by: DataValue(JSON.array([0, .number(0.5), 0]))))
        #expect(!step.isSatisfied(by: DataValue(JSON.array([0, .number(0.6), 0]))))
        #expect(!step.isSatisfied(by: DataValue(JSON.array([0, .number(0.5)]))))
        #expect(!step.isSatisfied(by: .float(0)))
    }

    @Test("of those who wait the one whose key goes first is next, whenever it came")
    func writeQueue() async {
        let queue = WriteQueue()
        let order = RankList()
        let gate = OneShot<Void>()
        let first = Task { await queue.withTurn(rank: 0) { _ = try? await gate.value() } }
        while !(await isHeld(queue)) { await Task.yield() }
        let others = [30, 10, 20, 10].map { rank in
            Task { await queue.withTurn(rank: rank) { order.add(rank) } }
        }
        while queue.waitingCount < 4 { await Task.yield() }
        gate.resolve(.success(()))
        await first.value
        for other in others { await other.value }
        #expect(order.ranks == [10, 10, 20, 30])
        #expect(queue.isEmpty)
    }

    private func isHeld(_ queue: WriteQueue) async -> Bool { queue.isHeld }

    @Test("a ring ends a wait, also one that has not begun; a cancelled task does not wait")
    func wake() async {
        let wake = Wake()
        wake.ring()
        await wake.wait(for: .seconds(3600))
        let waiting = Task { await wake.wait(for: .seconds(3600)) }
        waiting.cancel()
        await waiting.value
        let other = Task { await wake.wait(for: .seconds(3600)) }
        let rings = Task { while !Task.isCancelled { wake.ring(); await Task.yield() } }
        await other.value
        rings.cancel()
        await wake.wait(for: .milliseconds(1))
    }

    @Test("the first result counts, for those who wait and those who come later")
    func oneShot() async throws {
        let shot = OneShot<Int>()
        let early = Task { try await shot.value() }
        shot.resolve(.success(1))
        shot.resolve(.success(2))
        #expect(try await early.value == 1)
        #expect(try await shot.value() == 1)
    }

    @Test("facts of a series come from the detector's keys alone; a missing one is named")
    func facts() throws {
        var values: [SIMPLONKey: DataValue] = [
            .detector("trigger_mode"): .string("extg"), .detector("nimages"): .integer(10),
            .detector("ntrigger"): .integer(1),
            .detector("count_time"): .float(0.1), .detector("frame_time"): .float(0.2),
            .filewriter("mode"): .string("enabled"),
            .filewriter("nimages_per_file"): .integer(3), .filewriter("name_pattern"): .string("a_$id"),
        ]
        let facts = try SeriesFacts({ values[$0] }, device: "eiger1")
        #expect(facts.plan.totalImages == 10)
        #expect(facts.writesFiles)
        #expect(facts.imagesPerFile == 3)
        values[.detector("nimages")] = .float(.nan)
        let error = #expect(throws: DeviceError.self) { try SeriesFacts({ values[$0] }, device: "eiger1") }
        #expect(error?.message.contains("nimages") == true)
    }

    @Test(
        "what was noted of the settings survives; nonsense is not taken for it",
        arguments: ["null", "{}", "[]", "7", #"{"identity":1,"values":{}}"#, #"{"identity":"x","values":[]}"#])
    func snapshots(text: String) throws {
        #expect(try ConfigurationMemory.Snapshot(JSON(parsing: text)) == nil)
        let snapshot = ConfigurationMemory.Snapshot(
            identity: "EIGER, 7",
            values: [.detector("count_time"): 0.5, SIMPLONKey(.stream, .config, "mode"): "enabled"])
        #expect(try ConfigurationMemory.Snapshot(JSON(parsing: snapshot.json.text)) == snapshot)
        let evil = try JSON(
            parsing: #"{"identity":"x","values":{"../../a":1,"detector/status/state":"idle","detector/config/a":2}}"#)
        #expect(ConfigurationMemory.Snapshot(evil)?.values == [.detector("a"): 2])
    }

    @Test("triggers are counted against the series; those that wait when it ends hear of it")
    func triggers() async throws {
        let control = SeriesControl(isManual: true)
        #expect(throws: DeviceError.self) { try control.give(exposureSeconds: nil, device: "eiger1") }
        control.acceptTriggers(2)
        let first = try control.give(exposureSeconds: 0.5, device: "eiger1")
        let second = try control.give(exposureSeconds: nil, device: "eiger1")
        let error = #expect(throws: DeviceError.self) { try control.give(exposureSeconds: nil, device: "eiger1") }
        #expect(error?.message.contains("all 2") == true)
        #expect(control.nextTrigger()?.exposureSeconds == 0.5)
        first.done.resolve(.success(()))
        try await first.done.value()
        control.endImages()
        await #expect(throws: DeviceError.self) { try await second.done.value() }
        #expect(control.nextTrigger() == nil)
        #expect(throws: DeviceError.self) { try control.give(exposureSeconds: nil, device: "eiger1") }
    }

    @Test("what ends a series: an abort that must be, a cancel while it waits, else by the time left")
    func decisions() {
        let waiting = SeriesControl()
        waiting.request(AcquisitionStop(.user))
        #expect(waiting.takeDecision(frameSeconds: 100, waitSeconds: 5, mayExpose: false) == .cancel)
        #expect(waiting.takeDecision(frameSeconds: 100, waitSeconds: 5, mayExpose: false) == nil, "sent once")
        let exposing = SeriesControl()
        exposing.triggered()
        exposing.request(AcquisitionStop(.user))
        #expect(exposing.takeDecision(frameSeconds: 100, waitSeconds: 5, mayExpose: false) == .abort)
        let urgent = SeriesControl()
        urgent.request(AcquisitionStop(.user), mustAbort: true)
        #expect(urgent.takeDecision(frameSeconds: 0.1, waitSeconds: 5, mayExpose: true) == .abort)
        let sent = SeriesControl()
        sent.request(AcquisitionStop(.user), sent: .disarm)
        #expect(sent.takeDecision(frameSeconds: 0.1, waitSeconds: 5, mayExpose: true) == nil)
        let nobody = SeriesControl()
        #expect(nobody.takeDecision(frameSeconds: 0.1, waitSeconds: 5, mayExpose: true) == nil)
    }

    @Test(
        "a hundred thousand images: names, numbers and what is missing, in files of any size",
        arguments: [1, 7, 1000, 100_000, 1_000_000])
    func manyImages(perFile: Int) {
        let files = SeriesFiles(pattern: "e_$id", number: 3, images: 100_000, imagesPerFile: perFile)
        var ledger = FileLedger(files)
        #expect(files.dataFileCount == (100_000 + perFile - 1) / perFile)
        let all = (1...files.dataFileCount).map(files.dataFile)
        ledger.end()
        #expect(ledger.due(listed: all + [files.master]).count == files.dataFileCount)
        for name in all.dropLast() { ledger.finish(name, stored: true) }
        #expect(ledger.firstMissing(limit: 5) == [all[all.count - 1], files.master])
        ledger.finish(all[all.count - 1], stored: true)
        #expect(ledger.due(listed: all + [files.master]) == [files.master])
        ledger.finish(files.master, stored: true)
        #expect(ledger.isComplete)
        let images = all.compactMap(files.imageRange).reduce(Int64(0)) { $0 + Int64($1.count) }
        #expect(images == 100_000)
    }
}

/// The order in which writers got their turn.
private final class RankList: Sendable {
    private let list = Mutex<[Int]>([])
    var ranks: [Int] { list.withLock { $0 } }
    func add(_ rank: Int) { list.withLock { $0.append(rank) } }
}
