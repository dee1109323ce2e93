// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Names of devices")
struct DirectoryTests {
    static let seed = NameSet(
        "seed", summary: "Old names",
        entries: [
            NameEntry("CountTime", .parameter("detector/exposure")),
            NameEntry("Trigger", .command("acquire")) { $0.completion = .operation },
            NameEntry("Mode", .parameter("mode")) { $0.type = .enumeration(["Closed", "Open", "Moving"]) },
            NameEntry("Path", .stored(.string("/data"))) { $0.type = .characters(256) },
            NameEntry("Late", .parameter("late")),
        ])

    private static func plan(_ devices: [String: [NamePlan.Choice]] = [:], clamps: Bool = false) -> NamePlan {
        var plan = NamePlan()
        plan.devices = devices
        plan.clamps = clamps
        return plan
    }

    @Test("paths become names by one rule, and types the next that the wire has") func plainNames() throws {
        let fixture = try SiteFixture()
        let directory = try fixture.directory()
        defer { directory.close() }
        let names = directory.names.filter { $0.name.hasPrefix("cam1:") }
        #expect(
            names.map { "\($0.name) \($0.type)" } == [
                "cam1:acquire ENUM", "cam1:detector:exposure DOUBLE", "cam1:enabled ENUM", "cam1:fail ENUM",
                "cam1:mode ENUM",
                "cam1:serial DOUBLE", "cam1:slow LONG", "cam1:temperature DOUBLE", "cam1:title STRING",
                "cam1:wave SHORT[1024]",
            ])
        #expect(names.first { $0.name == "cam1:title" }?.description == "Of the series")
        #expect(directory.largestCount == 1024)
        #expect(directory.contains("cam1:title.DESC$"))
        #expect(!directory.contains("cam1:title$"))
        #expect(!directory.contains("cam2:title"))
        #expect(!directory.contains("CAM1:title"))
    }

    @Test("a device is served under several sets at once, each with its prefix") func sets() throws {
        let fixture = try SiteFixture(sets: [Self.seed])
        let directory = try fixture.directory(
            Self.plan(["cam1": [.init(set: "seed", prefix: "DET:"), .init(set: "plain", prefix: "C:")]]))
        defer { directory.close() }
        #expect(directory.variable("DET:CountTime")?.text == "0.100")
        #expect(directory.variable("C:detector:exposure")?.text == "0.100")
        #expect(directory.variable("DET:Mode")?.text == "Closed")
        #expect(directory.variable("DET:Path")?.nativeCount == 256)
        #expect(directory.variable("DET:Path")?.payload(4) == Array("/data".utf8) + [0])
        #expect(!directory.contains("cam1:title"))
        fixture.exposure.publish(0.25)
        #expect(directory.variable("DET:CountTime")?.text == "0.250")
    }

    @Test("aliases lead to records, a name of a set may stand for a field") func aliases() throws {
        let dotted = NameSet(
            "dotted", summary: "A field among the names",
            entries: [
                NameEntry("X", .parameter("title")), NameEntry("X.DISA", .constant(.integer(0))),
                NameEntry("X.NONE", .constant(.integer(7))),
                NameEntry("X.none", .constant(.integer(0))),
            ])
        let fixture = try SiteFixture(sets: [dotted])
        var plan = Self.plan(["cam1": [.init(set: "dotted", prefix: "D:"), .init(set: "plain", prefix: "C:")]])
        plan.aliases = ["OLD:title": "C:title", "OLD:gone": "C:gone"]
        let directory = try fixture.directory(plan)
        defer { directory.close() }
        #expect(directory.variable("OLD:title")?.record == "C:title")
        #expect(directory.variable("OLD:title.DESC")?.text == "Of the series")
        #expect(!directory.contains("OLD:gone"))
        #expect(directory.names.contains { $0.name == "OLD:title" && $0.description == "C:title: Of the series" })
        #expect(directory.variable("D:X.DISA")?.text == "0")
        #expect(directory.variable("D:X.NONE")?.text == "7", "an entry of the set goes before a field")
        #expect(fixture.logs.withLock { $0.contains { $0.contains("D:X.none") } })
        #expect(!fixture.logs.withLock { $0.contains { $0.contains("D:X.DISA") } })
        plan.aliases = ["a.b": "C:title"]
        #expect(plan.problem() != nil)
    }

    @Test("a directory that was closed opens again, with new names only") func reopened() throws {
        let fixture = try SiteFixture()
        let directory = try fixture.directory()
        directory.close()
        #expect(!directory.contains("cam1:title"))
        directory.open()
        #expect(directory.contains("cam1:title"))
        directory.close()
    }

    @Test("a set that the device does not offer is told, a device without sets is hidden") func problems() throws {
        let fixture = try SiteFixture(sets: [Self.seed])
        let wrong = try fixture.directory(Self.plan(["cam1": [.init(set: "sede", prefix: "DET:")]]))
        #expect(fixture.logs.withLock { $0.contains { $0.contains("no name set “sede”; there are: plain, seed") } })
        wrong.close()
        let hidden = try fixture.directory(Self.plan(["cam1": []]))
        #expect(!hidden.names.contains { $0.name.contains("cam1") })
        hidden.close()
    }

    @Test("prefixes that clash or cannot begin a name are found before the start") func prefixes() {
        let clash = Self.plan(["a": [.init(set: "plain", prefix: "X:")], "b": [.init(set: "seed", prefix: "X:")]])
        #expect(clash.problem()?.text.contains("a as plain and b as seed under one prefix “X:”") == true)
        #expect(Self.plan(["a": [.init(set: "plain", prefix: "X.Y:")]]).problem() != nil)
        #expect(Self.plan(["a": [.init(set: "plain", prefix: "X Y:")]]).problem() != nil)
        #expect(Self.plan(["a": [.init(set: "plain", prefix: "X:")]]).problem() == nil)
    }

    @Test("two members that want one name: the first keeps it, and the log says which") func clash() throws {
        let fixture = try SiteFixture()
        try fixture.node.add(Parameter<Int>("a/b", "One", initial: 1))
        try fixture.node.add(Parameter<Int>("a.b", "Two", initial: 2))
        let directory = try fixture.directory()
        defer { directory.close() }
        #expect(directory.names.count { $0.name == "cam1:a:b" } == 1)
        #expect(fixture.logs.withLock { $0.contains { $0.contains("Two members want one name") } })
    }

    // MARK: - Changes

    @Test("members and devices that come and go are told") func comingAndGoing() throws {
        let fixture = try SiteFixture()
        let directory = try fixture.directory()
        defer { directory.close() }
        try fixture.node.add(Parameter<Int>("late", "Found later", initial: 4))
        #expect(fixture.events.withLock { $0 } == [.added])
        #expect(directory.variable("cam1:late")?.text == "4")
        fixture.node.remove("late")
        #expect(fixture.events.withLock { $0.last } == .removed(record: "cam1:late"))
        #expect(!directory.contains("cam1:late"))
        fixture.site.remove("cam1")
        #expect(fixture.events.withLock { $0.contains(.removed(record: "cam1:title")) })
        #expect(!directory.contains("cam1:title"))
        fixture.site.add(fixture.node)
        #expect(fixture.events.withLock { $0.last } == .added)
        #expect(directory.contains("cam1:title"))
    }

    @Test("another type, count or source replaces the variable; unit and limits do not") func replaced() throws {
        let fixture = try SiteFixture(sets: [Self.seed])
        let directory = try fixture.directory(
            Self.plan(["cam1": [.init(set: "seed", prefix: "DET:"), .init(set: "plain", prefix: "C:")]]))
        defer { directory.close() }
        let before = try #require(directory.variable("C:mode"))
        fixture.exposure.updateMetadata { $0.unit = "ms" }
        #expect(fixture.events.withLock { $0 } == [])
        #expect(directory.variable("C:detector:exposure.EGU")?.text == "ms")
        fixture.mode.updateMetadata { $0.choices = (0..<20).map { "choice \($0)" } }
        #expect(fixture.events.withLock { $0 } == [.replaced(record: "C:mode")])
        #expect(directory.variable("C:mode") !== before)
        #expect(directory.variable("C:mode")?.nativeType == .string)
        fixture.events.withLock { $0 = [] }
        try fixture.node.add(Parameter<Int32>("late", "Found later", initial: 4))
        #expect(fixture.events.withLock { $0.contains(.replaced(record: "DET:Late")) })
        #expect(directory.variable("DET:Late")?.nativeType == .long)
    }

    @Test("an array that outgrows what was announced gets a longer variable") func growth() throws {
        let fixture = try SiteFixture()
        let directory = try fixture.directory()
        defer { directory.close() }
        fixture.wave.publish([Int16](repeating: 7, count: 3000))
        let variable = try #require(directory.variable("cam1:wave"))
        #expect(variable.payload(1).count == 2048)
        #expect(fixture.events.withLock { $0 } == [.replaced(record: "cam1:wave")])
        #expect(directory.variable("cam1:wave")?.nativeCount == 4096)
        #expect(directory.variable("cam1:wave")?.payload(1).count == 6000)
    }

    // MARK: - Writing

    @Test("writes that need no device are done at once, and noted") func immediate() throws {
        let fixture = try SiteFixture()
        let directory = try fixture.directory()
        defer { directory.close() }
        let variable = try #require(directory.variable("cam1:detector:exposure"))
        #expect(variable.putNow("0.5") == .done)
        #expect(fixture.exposure.value == 0.5)
        let refused = try #require(variable.putNow("5000"))
        #expect(refused.status == .putFailed)
        #expect(refused.message.hasPrefix("cam1:detector:exposure: "))
        #expect(refused.message.contains("0.001 to 3600 s"))
        #expect(try #require(variable.putNow("abc")).status == .putFailed)
        #expect(try #require(directory.variable("cam1:temperature")?.putNow("1")).status == .noWriteAccess)
        directory.variable("cam1:temperature.{dec:{n:2}}")?.noteRefused(
            PutResult(.noWriteAccess, "no"), SiteFixture.origin)
        let notes = fixture.notes.withLock { $0 }
        #expect(notes.map(\.outcome.status) == [.normal, .putFailed, .putFailed, .noWriteAccess, .noWriteAccess])
        #expect(notes.first?.old == .float(0.1))
        #expect(notes.first?.new == .float(0.5))
        #expect(notes.first?.origin == SiteFixture.origin)
    }

    @Test("writes that are refused before their value is looked at are noted, and acknowledgements, with the address")
    func refusedNotes() throws {
        let fixture = try SiteFixture()
        let directory = try fixture.directory()
        defer { directory.close() }
        var limits = CircuitLimits()
        limits.pendingPutsPerChannel = 1
        let names = ["detector:exposure", "temperature", "slow"]
        let bench = CircuitBench(try names.map { try #require(directory.variable("cam1:\($0)")) }, limits: limits)
        _ = bench.send(message(20, 0, 0, "alice".wire) + message(21, 0, 0, "pc".wire))
        func write(_ name: String, type: UInt16, count: Int, _ payload: [UInt8]) {
            let channel = bench.channel("cam1:\(name)")
            _ = bench.send(message(19, type: type, count: count, channel, 1, payload))
        }
        write("detector:exposure", type: 9, count: 1, 1.0.wire)
        write("detector:exposure", type: 6, count: 2, 1.0.wire + 1.0.wire)
        write("detector:exposure", type: 6, count: 1, [])
        write("temperature", type: 6, count: 1, 1.0.wire)
        write("detector:exposure", type: 36, count: 1, [0, 2])
        write("detector:exposure", type: 35, count: 1, [0, 0])
        let slow = bench.channel("cam1:slow")
        for _ in 0..<2 { _ = bench.send(message(19, type: 6, count: 1, slow, 1, 5.0.wire)) }
        let notes = fixture.notes.withLock { $0 }
        #expect(
            notes.map { "\($0.name) \($0.outcome.status.rawValue)" } == [
                "cam1:detector:exposure 114", "cam1:detector:exposure 176", "cam1:detector:exposure 176",
                "cam1:temperature 376", "cam1:detector:exposure.ACKS 1", "cam1:detector:exposure.ACKT 1",
                "cam1:slow 362",
            ])
        for note in notes {
            #expect(note.line.contains(#""user":"alice","host":"pc","address":"127.0.0.1""#), "\(note.line)")
        }
        #expect(notes[3].outcome.message == "cam1:temperature: no write access")
        #expect(notes[4].new == .integer(2))
        fixture.release()
    }

    @Test("a site may want numbers outside the limits set to the nearest, as an IOC's records do it")
    func clamping() async throws {
        let fixture = try SiteFixture()
        let clamping = try fixture.directory(Self.plan(clamps: true))
        defer { clamping.close() }
        let exposure = try #require(clamping.variable("cam1:detector:exposure"))
        #expect(exposure.putNow("5000") == .done)
        #expect(fixture.exposure.value == 3600)
        let number = DBRType(.plain, .double)
        #expect(exposure.putNow(number, count: 1, payload: (-1.0).wire.span, origin: SiteFixture.origin) == .done)
        #expect(fixture.exposure.value == 0.001)
        let slow = try #require(clamping.variable("cam1:slow"))
        fixture.release()
        #expect(await slow.put("700") == .done)
        #expect(fixture.slow.value == 100)
        #expect(try #require(exposure.putNow("nan")).status == .putFailed)
    }

    @Test("prefixes that clash are found when the configuration is read, before anything is made")
    func clashIsFound() throws {
        let registry = Registry()
        registry.add(ChannelAccessFrontend.factory)
        registry.add(DeviceFactory("cam", summary: "A camera") { _, _ in throw ConfigurationError("is never made") })
        let text = """
            devices: {a: {type: cam}, b: {type: cam}}
            frontends: {ca: {type: channel_access, devices: {a: {plain: "X:"}, b: {plain: "X:"}}}}
            """
        let document = try ConfigurationDocument.parse(
            Array(text.utf8), file: "/site/plugins.conf", environment: Environment([:]))
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ConfigurationDraft(document, environment: Environment([:])).resolve(registry.catalog())
        }
        #expect(error?.diagnostics.count == 1)
        #expect(error?.description.contains("a as plain and b as plain under one prefix “X:”") == true)
    }

    @Test("writes of a device and commands end when they are done, or with their error") func operations() async throws
    {
        let fixture = try SiteFixture(sets: [Self.seed])
        let directory = try fixture.directory(
            Self.plan(["cam1": [.init(set: "seed", prefix: "DET:"), .init(set: "plain", prefix: "C:")]]))
        defer { directory.close() }
        let slow = try #require(directory.variable("C:slow"))
        #expect(slow.putNow("7") == nil)
        fixture.release()
        #expect(await slow.put("7") == .done)
        #expect(slow.text == "7")
        fixture.release()
        let failed = await slow.put("13")
        #expect(failed.status == .putFailed)
        #expect(failed.message.contains("cam1 does not like 13 (500)"))
        // WRITE, INVALID, on the field of the message too; gone with the next good write.
        #expect(slow.payload(20).prefix(4) == [0, 2, 0, 3])
        #expect(directory.variable("C:slow.AMSG")?.text == "cam1 does not like 13")
        fixture.release()
        #expect(await slow.put("8") == .done)
        #expect(slow.payload(20).prefix(4) == [0, 0, 0, 0])
        let trigger = try #require(directory.variable("DET:Trigger"))
        #expect(trigger.putNow("1") == nil)
        let isDone = Mutex(false)
        async let result = trigger.put("1")
        while trigger.text != "On" { await Task.yield() }
        #expect(isDone.withLock { $0 } == false)
        #expect(directory.variable("DET:Trigger.PACT")?.payload(4) == [1])
        fixture.release()
        #expect(await result == .done)
        let fail = try #require(directory.variable("C:fail"))
        let refused = await fail.put("1")
        #expect(refused.status == .putFailed)
        #expect(refused.message.contains("cam1 is not armed"))
    }

    @Test("every kind of error has its status") func statuses() {
        #expect(ECAStatus(DeviceError(.readOnly, "")) == .noWriteAccess)
        for code in [.busy, DeviceError.Code.outOfRange, .timeout, .vendor, .unavailable, DeviceError.Code("own")] {
            #expect(ECAStatus(DeviceError(code, "")) == .putFailed)
        }
    }

    // MARK: - Rights

    @Test("rights follow rules, read-only values and the switch for everybody") func rights() throws {
        let fixture = try SiteFixture()
        var rules = AccessRules()
        rules.rules = [.init(names: ["cam1:title"], users: ["bob"], rights: [])]
        let access = try AccessControl(rules, logger: fixture.logger)
        let directory = PVDirectory(site: fixture.site, plan: NamePlan(), access: access, logger: fixture.logger)
        directory.observe { event in fixture.events.withLock { $0.append(event) } }
        directory.open()
        defer { directory.close() }
        fixture.events.withLock { $0 = [] }
        let title = try #require(directory.variable("cam1:title"))
        #expect(title.rights(of: ClientIdentity(user: "alice")) == [.read, .write])
        #expect(title.rights(of: ClientIdentity(user: "bob")) == [])
        #expect(directory.variable("cam1:temperature")?.rights(of: ClientIdentity()) == [.read])
        #expect(directory.variable("cam1:title.EGU") == nil)
        #expect(directory.variable("cam1:title.NAME")?.rights(of: ClientIdentity()) == [.read])
        access.isReadOnly = true
        #expect(fixture.events.withLock { $0 } == [.rights])
        #expect(title.rights(of: ClientIdentity(user: "alice")) == [.read])
    }

    @Test("an access security file is read again when it changes, and its inputs are followed") func file() throws {
        let fixture = try SiteFixture()
        let path = fixture.folder.appendingPathComponent("access.acf").path
        try "ASG(DEFAULT) { INPA(cam1:detector:exposure) RULE(1, READ) RULE(1, WRITE) { CALC(\"A<1\") } }".write(
            toFile: path, atomically: true, encoding: .utf8)
        let access = try AccessControl(file: path, logger: fixture.logger)
        let directory = PVDirectory(site: fixture.site, plan: NamePlan(), access: access, logger: fixture.logger)
        directory.observe { event in fixture.events.withLock { $0.append(event) } }
        directory.open()
        defer { directory.close() }
        let title = try #require(directory.variable("cam1:title"))
        #expect(title.rights(of: ClientIdentity()) == [.read, .write])
        fixture.events.withLock { $0 = [] }
        fixture.exposure.publish(2)
        #expect(fixture.events.withLock { $0 } == [.rights])
        #expect(title.rights(of: ClientIdentity()) == [.read])
        try "ASG(DEFAULT) { RULE(1, NONE) }".write(toFile: path, atomically: true, encoding: .utf8)
        access.check(directory)
        #expect(title.rights(of: ClientIdentity()) == [])
        try "ASG(DEFAULT) { RULE(1, ALL) }".write(toFile: path, atomically: true, encoding: .utf8)
        access.check(directory)
        #expect(title.rights(of: ClientIdentity()) == [])
        #expect(
            fixture.logs.withLock { $0.contains { $0.contains("access.acf:1: “ALL” is none of NONE, READ, WRITE") } })
        #expect(throws: (any Error).self) { try AccessControl(file: path, logger: fixture.logger) }
    }

    // MARK: - The daemon

    @Test("the daemon has the names of the IOC statistics module, and tells how devices are") func daemon() throws {
        let fixture = try SiteFixture()
        let context = FrontendContext(name: "ca", logger: fixture.logger, site: fixture.site)
        _ = ServerCounters { context.counter($0, $1) }
        _ = context.counter("updates_per_second", "Updates sent to subscriptions in the last second")
        var plan = NamePlan()
        plan.daemon = [.init(set: "iocstats", prefix: "S:"), .init(set: "plain", prefix: "S:daqd:")]
        let directory = try fixture.directory(plan)
        defer { directory.close() }
        fixture.site.daemon.refresh()
        for entry in IOCStatistics.nameSet(frontend: "ca").entries {
            let variable = try #require(directory.variable("S:\(entry.name)"))
            #expect(
                variable.sample().alarm.status != .undefined || ["IOC_CPU_LOAD", "SYS_CPU_LOAD"].contains(entry.name),
                "\(entry.name)")
        }
        #expect(directory.variable("S:PROCESS_ID")?.text == "\(getpid())")
        #expect(directory.variable("S:daqd:devices:cam1:connected")?.text == "On")
        #expect(directory.variable("S:daqd:devices:cam1:state")?.text == "connected")
        fixture.node.set(.disconnected("no answer from 10.0.0.1"))
        #expect(directory.variable("S:daqd:devices:cam1:connected")?.text == "Off")
        #expect(directory.variable("S:daqd:devices:cam1:state.SEVR")?.text == "INVALID")
        #expect(directory.variable("S:daqd:devices:cam1:state.STAT")?.text == "COMM")
        #expect(directory.variable("S:daqd:devices:cam1:message")?.text == "no answer from 10.0.0.1")
        #expect(directory.variable("cam1:title.SEVR")?.text == "INVALID")
        fixture.site.remove("cam1")
        #expect(!directory.contains("S:daqd:devices:cam1:state"))
    }

    @Test("settings become a plan, and two sets never share a prefix") func settings() throws {
        let good = Settings([
            "prefix": "P:", "out_of_range": "clamp", "aliases": .map(Settings(["OLD": "C:title"])),
            "daemon": .map(Settings([:])),
            "devices": .map(Settings(["cam1": .map(Settings(["seed": "DET:", "plain": "C:"]))])),
        ])
        let plan = try NameSettings.plan(good, site: "my site")
        #expect(plan.choices("cam1") == [.init(set: "seed", prefix: "DET:"), .init(set: "plain", prefix: "C:")])
        #expect(plan.clamps)
        #expect(plan.choices("cam2") == [.init(set: "plain", prefix: "P:cam2:")])
        #expect(
            plan.choices("daqd") == [
                .init(set: "plain", prefix: "my_site:daqd:"), .init(set: "iocstats", prefix: "my_site:"),
            ])
        let bad = Settings([
            "prefix": "", "out_of_range": "refuse", "aliases": .map(Settings([:])), "daemon": .map(Settings([:])),
            "devices": .map(Settings(["cam1": .map(Settings(["seed": "DET:", "plain": "DET:"]))])),
        ])
        #expect(throws: ConfigurationError.self) { try NameSettings.plan(bad, site: "x") }
    }

    @Test(
        "a clash is found also with a device that the plan does not name, and told at the setting that is to be mended")
    func clashes() {
        func key(_ configured: [String] = ["cam1", "cam2"], _ change: (inout NamePlan) -> Void) -> String? {
            var plan = NamePlan()
            change(&plan)
            return plan.problem(configured)?.key
        }
        #expect(key { $0.devices = ["cam1": [.init(set: "seed", prefix: "DET:")]] } == nil)
        #expect(key { $0.devices = ["cam1": [.init(set: "seed", prefix: "cam2:")]] } == "devices")
        #expect(key(["cam1"]) { $0.devices = ["cam1": [.init(set: "seed", prefix: "cam2:")]] } == nil)
        #expect(key { $0.devices = ["cam1": [.init(set: "seed", prefix: "cam2:")], "cam2": []] } == nil)
        #expect(key { $0.devices = ["cam2": [.init(set: "seed", prefix: "cam1:")]] } == "devices")
        #expect(key { $0.devices = ["cam2": [.init(set: "seed", prefix: "a b:")]] } == "devices")
        #expect(key { $0.daemon = [.init(set: "plain", prefix: "cam1:")] } == "daemon")
        #expect(key { $0.daemon = [.init(set: "plain", prefix: "a b:")] } == "daemon")
        #expect(key { $0.prefix = "a b:" } == "prefix")
        #expect(key { $0.aliases = ["a.b": "cam1:title"] } == "aliases")
    }
}
