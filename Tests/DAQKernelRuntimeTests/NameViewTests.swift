// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import DAQKernel

@Suite("Name views", .timeLimit(.minutes(1)))
struct NameViewTests {
    @Test("a name shows its source with scale, unit, limits and type of its own, and takes writes back to it")
    func scaled() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let time = Parameter("count_time", "Exposure", unit: "s", limits: 0.001...10, precision: 3, initial: 0.5)
        try bench.node.add(time)
        let view = bench.view([
            NameEntry("Milliseconds", .parameter("count_time")) {
                $0.scale = 1000
                $0.unit = "ms"
                $0.type = .long
            }
        ])
        let member = try #require(view.member("Milliseconds"))
        #expect(member.metadata.unit == "ms")
        #expect(member.metadata.limits == 1...10_000)
        #expect(member.metadata.type == .number(.int32))
        #expect(member.sample.value == .integer(500))
        #expect(try await member.put(.integer(20), origin: bench.origin) == .integer(20))
        #expect(time.value == 0.02)
        await #expect(throws: DeviceError.self) { try await member.put(.integer(20_000), origin: bench.origin) }
        #expect(time.value == 0.02)
    }

    @Test("a number beyond its limits is refused, or clamped where the name says so")
    func clamped() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let time = Parameter("count_time", "Exposure", unit: "s", limits: 0.001...10, initial: 0.5)
        try bench.node.add(time)
        let view = bench.view([
            NameEntry("refuses", .parameter("count_time")),
            NameEntry("clamps", .parameter("count_time")) { $0.outOfRange = .clamp },
        ])
        do {
            _ = try await view.member("refuses")?.put(.float(99), origin: bench.origin)
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .outOfRange)
            #expect(error.message.contains("0.001 to 10 s"))
        }
        #expect(try await view.member("clamps")?.put(.float(99), origin: bench.origin) == .float(10))
        #expect(time.value == 10)
    }

    @Test("labels: a truth value as Off and On, an enumeration under other words, by label and by number")
    func labels() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let flag = Parameter("flatfield", "Flat field", initial: true)
        let mode = Parameter<Mode>("trigger_mode", "Mode", initial: .exts)
        try bench.node.add(flag)
        try bench.node.add(mode)
        let view = bench.view([
            NameEntry("Flat", .parameter("flatfield")) { $0.type = .enumeration(["Off", "On"]) },
            NameEntry("Trigger", .parameter("trigger_mode")) {
                $0.type = .enumeration(["Internal", "External"])
                $0.labels = ["ints": "Internal", "exts": "External"]
            },
            NameEntry("Same", .parameter("trigger_mode")) { $0.labels = ["ints": "Internal"] },
        ])
        let flat = try #require(view.member("Flat"))
        #expect(flat.metadata.choices == ["Off", "On"])
        #expect(flat.sample.value == .string("On"))
        _ = try await flat.put(.string("Off"), origin: bench.origin)
        #expect(flag.value == false)
        _ = try await flat.put(.integer(1), origin: bench.origin)
        #expect(flag.value)
        await #expect(throws: DeviceError.self) { try await flat.put(.string("Perhaps"), origin: bench.origin) }
        let trigger = try #require(view.member("Trigger"))
        #expect(trigger.sample.value == .string("External"))
        _ = try await trigger.put(.integer(0), origin: bench.origin)
        #expect(mode.value == .ints)
        _ = try await trigger.put(.string("External"), origin: bench.origin)
        #expect(mode.value == .exts)
        let same = try #require(view.member("Same"))
        #expect(same.metadata.choices == ["Internal", "exts"])
        _ = try await same.put(.string("Internal"), origin: bench.origin)
        #expect(mode.value == .ints)
    }

    private enum Mode: String, Choice { case ints, exts }

    @Test("text names: characters keep the text, numbers come back from it")
    func texts() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let count = Parameter("count", "Number", initial: 7)
        try bench.node.add(count)
        let view = bench.view([NameEntry("Count", .parameter("count")) { $0.type = .characters(256) }])
        let member = try #require(view.member("Count"))
        #expect(member.sample.value == .string("7"))
        #expect(member.metadata.type == .string(capacity: 256))
        _ = try await member.put(.string("12"), origin: bench.origin)
        #expect(count.value == 12)
        await #expect(throws: DeviceError.self) { try await member.put(.string("many"), origin: bench.origin) }
    }

    @Test("initial and disconnected values, with the alarm kept")
    func absent() throws {
        let bench = try Bench()
        defer { bench.close() }
        let state = Parameter<String>("state", "State", access: .read)
        try bench.node.add(state)
        let view = bench.view([
            NameEntry("State", .parameter("state")) {
                $0.initial = .string("")
                $0.disconnected = .string("unknown")
            }
        ])
        let member = try #require(view.member("State"))
        #expect(member.sample.value == .string(""))
        state.publish("idle")
        #expect(member.sample.value == .string("idle"))
        bench.node.set(.disconnected("10.0.0.1 does not answer"))
        #expect(member.sample.value == .string("unknown"))
        #expect(member.sample.alarm.status == .communication)
        bench.node.set(.connected)
        #expect(member.sample.value == .string("idle"))
    }

    @Test("a command reads on from the write until it ended and its dwell time passed; the completion is its end")
    func command() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let gate = AsyncStream.makeStream(of: Void.self)
        let calls = Atomic<Int>(0)
        let measure = Command<Void>("measure", "Takes a series") { _ in
            calls.add(1, ordering: .relaxed)
            for await _ in gate.stream { break }
        }
        try bench.node.add(measure)
        let view = bench.view([
            NameEntry("Trigger", .command("measure")) {
                $0.type = .enumeration(["Off", "On"])
                $0.completion = .operation
                $0.dwellSeconds = 0.3
            },
            NameEntry("Trigger_RBV", .busy("measure")) { $0.type = .enumeration(["Off", "On"]) },
        ])
        let trigger = try #require(view.member("Trigger"))
        let readback = try #require(view.member("Trigger_RBV"))
        #expect(trigger.sample.value == .string("Off"))
        #expect(try await trigger.put(.string("Off"), origin: bench.origin) == .null)
        #expect(calls.load(ordering: .relaxed) == 0)
        let begin = ContinuousClock.now
        async let done = trigger.put(.integer(1), origin: bench.origin)
        #expect(await bench.until { readback.sample.value == .string("On") })
        #expect(trigger.sample.value == .string("On"))
        await #expect(throws: DeviceError.self) { try await trigger.put(.string("On"), origin: bench.origin) }
        gate.continuation.yield()
        _ = try await done
        #expect(calls.load(ordering: .relaxed) == 1)
        #expect(readback.sample.value == .string("Off"))
        #expect(await bench.until { trigger.sample.value == .string("Off") })
        #expect(ContinuousClock.now - begin >= .milliseconds(300))
    }

    @Test("a failed command ends its flag in alarm and its put with the error")
    func failing() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let arm = Command<Void>("arm", "Arms") { _ in throw DeviceError(.vendor, "no", vendorCode: 404) }
        try bench.node.add(arm)
        let view = bench.view([
            NameEntry("Arm", .command("arm")) { $0.completion = .operation }, NameEntry("Arm_RBV", .busy("arm")),
        ])
        do {
            _ = try await view.member("Arm")?.put(.bool(true), origin: bench.origin)
            Issue.record("it succeeded")
        } catch {
            #expect(error.vendorCode == 404)
        }
        let sample = try #require(view.member("Arm_RBV")).sample
        #expect(sample.value == .bool(false))
        #expect(sample.alarm.severity == .major)
        #expect(sample.alarm.message == "no (404)")
    }

    @Test("off calls the command named for it while the other runs, and nothing else")
    func off() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let gate = AsyncStream.makeStream(of: Void.self)
        let stops = Atomic<Int>(0)
        try bench.node.add(Command<Void>("measure", "Takes") { _ in for await _ in gate.stream { break } })
        try bench.node.add(
            Command<Void>("stop", "Stops", policy: CommandPolicy(.interrupting)) { _ in
                stops.add(1, ordering: .relaxed)
                gate.continuation.yield()
            })
        let view = bench.view([
            NameEntry("Acquire", .command("measure")) {
                $0.completion = .operation
                $0.off = "stop"
            }
        ])
        let acquire = try #require(view.member("Acquire"))
        _ = try await acquire.put(.bool(false), origin: bench.origin)
        #expect(stops.load(ordering: .relaxed) == 0)
        async let done = acquire.put(.bool(true), origin: bench.origin)
        #expect(await bench.until { acquire.sample.value == .bool(true) })
        _ = try await acquire.put(.bool(false), origin: bench.origin)
        _ = try await done
        #expect(stops.load(ordering: .relaxed) == 1)
    }

    @Test("a command of one argument takes the written value")
    func argument() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let moved = Mutex<Double?>(nil)
        try bench.node.add(
            Command<Void>("move", "Moves", Argument<Double>("to", unit: "mm", limits: 0...5)) { _, to in
                moved.withLock { $0 = to }
            })
        let view = NameView(plain: bench.node, on: bench.site)
        defer { view.close() }
        let move = try #require(view.member("move"))
        #expect(move.metadata.unit == "mm")
        _ = try await move.put(.float(0), origin: bench.origin)
        #expect(moved.withLock { $0 } == 0)
        await #expect(throws: DeviceError.self) { try await move.put(.float(6), origin: bench.origin) }
    }

    @Test("writes of one name reach the device in their order, and a stored one is answered at once")
    func order() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let slow = Parameter("slow", "Slow", initial: 0)
        let seen = Mutex<[Int]>([])
        slow.onWrite { value, _ in
            await Task.yield()
            seen.withLock { $0.append(value) }
        }
        try bench.node.add(slow)
        let view = bench.view([
            NameEntry("slow", .parameter("slow")), NameEntry("eager", .parameter("slow")) { $0.completion = .stored },
        ])
        let member = try #require(view.member("slow"))
        let answered = Atomic<Int>(0)
        for value in 1...100 {
            member.put(.integer(Int64(value)), origin: bench.origin) { _ in answered.add(1, ordering: .relaxed) }
        }
        #expect(await bench.until { answered.load(ordering: .relaxed) == 100 })
        #expect(seen.withLock { $0 } == Array(1...100))
        let eager = Mutex(false)
        view.member("eager")?.put(.integer(7), origin: bench.origin) { _ in eager.withLock { $0 = true } }
        #expect(eager.withLock { $0 })
        #expect(await bench.until { seen.withLock { $0.last } == 7 })
    }

    @Test("a member that comes later is bound, told, and unbound when it goes")
    func dynamic() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let view = bench.view([NameEntry("Energy", .parameter("photon_energy")) { $0.initial = .float(8000) }])
        let energy = try #require(view.member("Energy"))
        let told = Mutex<[NameEvent]>([])
        _ = view.observe { event in told.withLock { $0.append(event) } }
        #expect(energy.sample.value == .float(8000))
        #expect(energy.sample.alarm.severity == .invalid)
        do {
            _ = try await energy.put(.float(1), origin: bench.origin)
            Issue.record("it was taken")
        } catch {
            #expect(error.message == "cam1 has no photon_energy at present")
        }
        let parameter = Parameter("photon_energy", "Energy", unit: "eV", initial: 12_000.0)
        try bench.node.add(parameter)
        #expect(energy.sample.value == .float(12_000))
        parameter.updateMetadata { $0.limits = 1...2 }
        bench.node.remove("photon_energy")
        #expect(energy.sample.alarm.severity == .invalid)
        #expect(told.withLock { $0 } == [.changed("Energy"), .changed("Energy"), .changed("Energy")])
    }

    @Test(
        "the quick way to a number ends with the name's binding, waits for no write, and is none where the name does more"
    )
    func quick() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let first = Parameter("energy", "Energy", limits: 0...100, initial: 10.0)
        try bench.node.add(first)
        let view = bench.view([
            NameEntry("Energy", .parameter("energy")), NameEntry("Scaled", .parameter("energy")) { $0.scale = 1000 },
            NameEntry("Narrow", .parameter("energy")) { $0.limits = 0...20 },
        ])
        let member = try #require(view.member("Energy"))
        let quick = try #require(member.directNumber)
        let stamp = Timestamp(nanoseconds: 5)
        #expect(quick.read()?.number == 10)
        #expect(quick.write(20, at: stamp, origin: bench.origin) && first.value == 20)
        #expect(quick.read()?.timestamp == stamp && !quick.write(101, at: stamp, origin: bench.origin))
        #expect(view.member("Scaled")?.directNumber == nil)
        let narrow = try #require(view.member("Narrow")?.directNumber)
        #expect(narrow.read()?.number == 20 && !narrow.write(15, at: stamp, origin: bench.origin))
        // Behind a write that the device has not finished.
        let gate = AsyncStream.makeStream(of: Void.self)
        first.onWrite { [weak first] value, _ in
            for await _ in gate.stream { break }
            first?.publish(value)
        }
        let answered = Atomic<Bool>(false)
        member.put(.float(30), origin: bench.origin) { _ in answered.store(true, ordering: .releasing) }
        #expect(!quick.write(40, at: stamp, origin: bench.origin))
        gate.continuation.yield()
        #expect(await bench.until { answered.load(ordering: .acquiring) } && first.value == 30)
        bench.node.remove("energy")
        #expect(quick.read() == nil && !quick.write(1, at: stamp, origin: bench.origin) && member.directNumber == nil)
        let second = Parameter("energy", "Energy", initial: 7.0)
        try bench.node.add(second)
        #expect(quick.read() == nil && !quick.write(1, at: stamp, origin: bench.origin) && second.value == 7)
        #expect(member.directNumber?.read()?.number == 7)
    }

    @Test("the plain view follows members that come and go")
    func plain() throws {
        let bench = try Bench()
        defer { bench.close() }
        try bench.node.add(Parameter("a/x", "X", initial: 1))
        let view = NameView(plain: bench.node, on: bench.site)
        let told = Mutex<[NameEvent]>([])
        defer { view.close() }
        _ = view.observe { event in told.withLock { $0.append(event) } }
        try bench.node.add(Command<Void>("a/go", "Goes") { _ in })
        #expect(view.members.map(\.name) == ["a/go", "a/x"])
        bench.node.remove("a/x")
        #expect(view.members.map(\.name) == ["a/go"])
        #expect(told.withLock { $0 } == [.added("a/go"), .removed("a/x")])
    }

    @Test("nothing is missed that comes or goes while a view is made")
    func concurrent() async throws {
        let bench = try Bench()
        defer { bench.close() }
        for round in 0..<200 {
            let (old, new) = ("old\(round)", "new\(round)")
            try bench.node.add(Parameter(old, "Goes", initial: 1))
            let entries = [NameEntry("Old", .parameter(old)), NameEntry("New", .parameter(new))]
            async let change: Void = {
                bench.node.remove(old)
                try bench.node.add(Parameter(new, "Comes", initial: 2))
            }()
            let view = bench.view(entries)
            let plain = NameView(plain: bench.node, on: bench.site)
            defer { plain.close() }
            try await change
            #expect(view.member("New")?.sample.value == .integer(2))
            #expect(view.member("Old")?.sample.alarm.severity == .invalid)
            #expect(plain.member(new)?.sample.value == .integer(2))
            #expect(plain.member(old) == nil)
        }
    }

    @Test("fields of the running and the last acquisition")
    func acquisition() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let view = bench.view([
            NameEntry("State", .acquisition("state")), NameEntry("Got", .acquisition("received")),
            NameEntry("Active", .acquisition("active")),
        ])
        var plan = AcquisitionPlan(named: "series")
        plan.expected = 2
        let acquisition = try await bench.site.acquisitions.acquisitions(of: "cam1").begin(plan)
        #expect(view.member("State")?.sample.value == .string("preparing"))
        #expect(view.member("Active")?.sample.value == .bool(true))
        try await acquisition.armed()
        try await acquisition.acquiring()
        acquisition.frame(index: 0)
        acquisition.frame(index: 1)
        try await acquisition.finish()
        #expect(view.member("State")?.sample.value == .string("done"))
        #expect(view.member("Got")?.sample.value == .integer(2))
        #expect(view.member("Active")?.sample.value == .bool(false))
    }

    @Test("stored values keep what was written; constants refuse")
    func inert() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let view = bench.view([
            NameEntry("Mode", .stored(.string("Single"))) { $0.type = .enumeration(["Single", "Multiple"]) },
            NameEntry("Maker", .constant(.string("DECTRIS"))),
        ])
        _ = try await view.member("Mode")?.put(.integer(1), origin: bench.origin)
        #expect(view.member("Mode")?.sample.value == .string("Multiple"))
        await #expect(throws: DeviceError.self) {
            try await view.member("Maker")?.put(.string("x"), origin: bench.origin)
        }
    }

    @Test("stored values are saved like parameters of the device, and come back if they still fit")
    func storedAreSaved() async throws {
        let bench = try Bench()
        defer { bench.close() }
        let store = try AutosaveStore(log: bench.log, logger: Logger(component: "test") { _ in })
        bench.site.observeWrites { parameter, value, _ in
            if store.saves(parameter) { store.save(value.json, at: parameter.path) }
        }
        let entries = [
            NameEntry("Number", .stored(.integer(1))), NameEntry("Number_RBV", .name("Number")),
            NameEntry("Mode", .stored(.string("Single"))) { $0.type = .enumeration(["Single", "Multiple"]) },
            NameEntry("Fixed", .constant(.integer(4))),
        ]
        let first = bench.view(entries)
        _ = try await first.member("Number")?.put(.integer(42), origin: bench.origin)
        _ = try await first.member("Mode")?.put(.string("Multiple"), origin: bench.origin)
        #expect(store.paths(of: "cam1") == ["cam1/names/set/Mode", "cam1/names/set/Number"])
        // As after a restart, with another choice of modes.
        bench.site.restore { store.saves($0) ? store.value(at: $0.path) : nil }
        let second = bench.view(
            Array(entries.prefix(2)) + [
                NameEntry("Mode", .stored(.string("Once"))) { $0.type = .enumeration(["Once", "Often"]) }
            ])
        #expect(second.member("Number")?.sample.value == .integer(42))
        #expect(second.member("Number_RBV")?.sample.value == .integer(42))
        #expect(second.member("Mode")?.sample.value == .string("Once"))
        // A site that does not want them.
        store.choose(AutosaveChoice([]), for: "cam1")
        #expect(bench.view(entries).member("Number")?.sample.value == .integer(1))
    }

    /// One device on a site with a run log of its own.
    private final class Bench: Sendable {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("daqd-names-\(UUID().uuidString)")
        let log: RunLog
        let site: Site
        let node: DeviceNode
        let origin = Origin(frontend: "test")
        private let views = Mutex<[NameView]>([])

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let logger = Logger(component: "test") { _ in }
            log = try RunLog(path: folder.appendingPathComponent("runs.sqlite").path)
            let coordinator = AcquisitionCoordinator(log: log, logger: logger)
            site = Site(name: "test", registry: Registry(), acquisitions: coordinator)
            node = site.makeNode(name: "cam1", type: "fake", summary: "")
            site.add(node)
            node.set(.connected)
        }

        func view(_ entries: [NameEntry]) -> NameView {
            let view = NameView(NameSet("set", summary: "", entries: entries), of: node, on: site)
            views.withLock { $0.append(view) }
            return view
        }

        func until(_ condition: () -> Bool) async -> Bool {
            for _ in 0..<2000 {
                if condition() { return true }
                try? await Task.sleep(nanoseconds: 5_000_000)
            }
            return false
        }

        func close() {
            for view in views.withLock({ $0 }) { view.close() }
            log.close()
            try? FileManager.default.removeItem(at: folder)
        }
    }
}
