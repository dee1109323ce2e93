// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

@Suite("Fields of records")
struct FieldTests {
    private let fixture: SiteFixture
    private let directory: PVDirectory

    init() throws {
        fixture = try SiteFixture()
        directory = try fixture.directory()
    }

    private func text(_ name: String) -> String? { directory.variable("cam1:\(name)")?.text }

    @Test("what tools ask of a number") func numbers() {
        let expected = [
            "VAL": "0.100", "NAME": "cam1:detector:exposure", "DESC": "Time of one frame", "RTYP": "ao", "EGU": "s",
            "PREC": "3", "HOPR": "3600.000", "LOPR": "0.001", "DRVH": "3600.000", "DRVL": "0.001", "HIHI": "nan",
            "LOLO": "nan",
            "HHSV": "NO_ALARM", "STAT": "NO_ALARM", "SEVR": "NO_ALARM", "AMSG": "", "SCAN": "Passive", "PROC": "0",
            "DISA": "0",
            "DISP": "0", "UDF": "0", "MDEL": "0.000", "ADEL": "0.000", "ASG": "", "DTYP": "daqd", "OUT": "",
            "FLNK": "",
        ]
        for (field, value) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(text("detector:exposure.\(field)") == value, "\(field)")
        }
        for absent in ["TIME", "XXXX", "NELM", "ZNAM", "INP", "ZRST"] {
            #expect(!directory.contains("cam1:detector:exposure.\(absent)"), "\(absent)")
        }
        #expect(text("temperature.SCAN") == "I/O Intr")
        #expect(text("temperature.STAT") == "UDF")
        #expect(text("temperature.SEVR") == "INVALID")
        #expect(text("temperature.UDF") == "1")
        #expect(directory.variable("cam1:temperature.STAT")?.payload(24).count == 424)
        #expect(text("temperature.RTYP") == "ai")
        #expect(text("temperature.INP") == "")
        #expect(!directory.contains("cam1:temperature.DRVH"))
        #expect(text("serial.RTYP") == "int64in")
    }

    @Test("what tools ask of states and arrays") func others() {
        #expect(text("enabled.RTYP") == "bo")
        #expect(text("enabled.ZNAM") == "Off")
        #expect(text("enabled.ONAM") == "On")
        #expect(text("mode.RTYP") == "mbbo")
        #expect(text("mode.ONST") == "open")
        #expect(text("mode.FFST") == "")
        #expect(text("mode.TWVL") == "2")
        #expect(text("wave.RTYP") == "waveform")
        #expect(text("wave.NELM") == "1024")
        #expect(text("wave.NORD") == "3")
        #expect(text("wave.FTVL") == "SHORT")
        #expect(text("title.RTYP") == "stringout")
        #expect(!directory.contains("cam1:title.HOPR"))
    }

    @Test("the types that clients see") func types() throws {
        let expected: [(String, NativeType, Int)] = [
            ("detector:exposure.EGU", .string, 1), ("detector:exposure.DESC$", .char, 41), ("title.VAL$", .char, 1024),
            ("title.$", .char, 1024), ("detector:exposure.SEVR", .enum, 1), ("detector:exposure.PREC", .short, 1),
            ("detector:exposure.HOPR", .double, 1), ("mode.ZRVL", .double, 1), ("mode.FLNK$", .char, 1024),
            ("wave.[1:3]", .short, 3), ("wave.VAL[1:2]{\"ts\":{}}", .short, 2), ("wave.{ts:{str:'iso'}}", .string, 1),
        ]
        for (name, type, count) in expected {
            let variable = try #require(directory.variable("cam1:\(name)"), "\(name)")
            #expect(variable.nativeType == type, "\(name)")
            #expect(variable.nativeCount == count, "\(name)")
            #expect(variable.name == "cam1:\(name)")
        }
        for absent in ["detector:exposure.EGU$$", "detector:exposure.HOPR$", "detector:exposure.$", "wave.{bogus:{}}"] {
            #expect(!directory.contains("cam1:\(absent)"), "\(absent)")
        }
    }

    @Test("long strings end with a NUL and take what characters say") func longStrings() throws {
        let variable = try #require(directory.variable("cam1:title.VAL$"))
        #expect(variable.payload(4) == Array("first".utf8) + [0])
        let long = String(repeating: "long ", count: 20)
        let result = variable.putNow(
            DBRType(rawValue: 4), count: 101, payload: (Array(long.utf8) + [0]).span, origin: SiteFixture.origin)
        #expect(result == .done)
        #expect(fixture.title.value == long)
        #expect(text("title") == String(long.prefix(39)))
        #expect(directory.variable("cam1:title.DESC$")?.payload(4) == Array("Of the series".utf8) + [0])
    }

    @Test("fields that can be written change what every frontend shows") func writes() throws {
        func put(_ field: String, _ text: String) throws -> PutResult? {
            try #require(directory.variable("cam1:detector:exposure.\(field)")).putNow(text)
        }
        #expect(try put("DESC", "Exposure") == .done)
        #expect(fixture.exposure.metadata.description == "Exposure")
        #expect(try put("PREC", "5") == .done)
        #expect(text("detector:exposure") == "0.10000")
        #expect(try put("HIGH", "1") == .done)
        #expect(try put("HIHI", "2") == .done)
        #expect(text("detector:exposure.HHSV") == "MAJOR")
        fixture.exposure.publish(1.5)
        #expect(text("detector:exposure.STAT") == "HIGH")
        #expect(try put("HIGH", "nan") == .done)
        #expect(fixture.exposure.metadata.alarmLimits?.high == nil)
        #expect(try put("HOPR", "10") == .done)
        #expect(fixture.exposure.metadata.displayLimits == 0.001...10)
        #expect(try put("MDEL", "0.5") == .done)
        #expect(fixture.exposure.metadata.deadBands == DeadBands(monitor: 0.5))
        #expect(try put("ADEL", "-1") == .done)
        #expect(fixture.exposure.metadata.deadBands == DeadBands(monitor: 0.5, archive: -1))
        for (field, text) in [("PREC", "99"), ("PREC", "x"), ("HOPR", "-5"), ("MDEL", "nan"), ("HIHI", "x")] {
            #expect(try put(field, text)?.status == .putFailed, "\(field)")
        }
        for field in ["EGU", "NAME", "SEVR", "DRVH"] { #expect(try put(field, "1")?.status == .noWriteAccess) }
    }

    @Test("severities can be written, with or before their limit, and are judged at once") func severities() throws {
        func put(_ field: String, _ text: String) throws -> PutResult? {
            try #require(directory.variable("cam1:detector:exposure.\(field)")).putNow(text)
        }
        func texts(_ fields: String...) -> [String?] { fields.map { text("detector:exposure.\($0)") } }
        fixture.exposure.publish(1.5)
        #expect(try put("HSV", "MAJOR") == .done)
        #expect(texts("HIGH", "HSV", "HHSV", "SEVR") == ["nan", "MAJOR", "NO_ALARM", "NO_ALARM"])
        #expect(try put("HIGH", "1") == .done)
        #expect(texts("STAT", "SEVR") == ["HIGH", "MAJOR"])
        #expect(fixture.exposure.sample.alarm.severity == .major)
        #expect(try put("HSV", "1") == .done)
        #expect(texts("HSV", "SEVR") == ["MINOR", "MINOR"])
        #expect(try put("HIGH", "nan") == .done)
        for (field, limit) in [("HHSV", "HIHI"), ("LSV", "LOW"), ("LLSV", "LOLO")] {
            #expect(try put(limit, limit.hasPrefix("H") ? "1.5" : "1.6") == .done)
            #expect(try put(field, "INVALID") == .done)
            #expect(texts(field, "STAT", "SEVR") == ["INVALID", limit, "INVALID"], "\(field)")
            #expect(try put(field, "NO_ALARM") == .done)
            #expect(texts(limit, "STAT")[1] != limit && texts(limit)[0] != "nan", "\(field)")
        }
        #expect(try put("HIGH", "1") == .done)
        let exposure = try #require(directory.variable("cam1:detector:exposure"))
        // CTRL_DOUBLE: status and severity, then units, and behind the display limits the four of the alarm.
        func limits() -> [Double] {
            let payload = exposure.payload(34)
            return (0..<4).map { index in
                Double(bitPattern: payload[(32 + 8 * index)...].prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
            }
        }
        #expect(limits().map(\.isNaN) == [true, false, true, true])
        #expect(try put("HHSV", "2") == .done)
        #expect(limits().first == 1.5)
        for wrong in ["4", "-1", "Major", ""] { #expect(try put("HSV", wrong)?.status == .putFailed, "\(wrong)") }
        #expect(texts("HSV") == ["MINOR"])
        #expect(directory.variable("cam1:detector:exposure.HSV")?.rights(of: ClientIdentity()) == [.read, .write])
        #expect(directory.variable("cam1:detector:exposure.SEVR")?.rights(of: ClientIdentity()) == [.read])
    }

    @Test("names of a set whose numbers are the parameter's own take limits, severities and dead bands") func typed()
        throws
    {
        let fixture = try SiteFixture(sets: [
            NameSet(
                "seed", summary: "Old names",
                entries: [
                    NameEntry("Time", .parameter("detector/exposure")) { $0.type = .double },
                    NameEntry("Count", .parameter("slow")) { $0.type = .long },
                    NameEntry("Ms", .parameter("detector/exposure")) {
                        $0.type = .double
                        $0.scale = 1000
                    },
                    NameEntry("State", .parameter("mode")) { $0.type = .long },
                    NameEntry("Told", .parameter("detector/exposure")) {
                        $0.description = "By the set"
                        $0.precision = 3
                    },
                ])
        ])
        var plan = NamePlan()
        plan.devices = ["cam1": [.init(set: "seed", prefix: "S:")]]
        let directory = try fixture.directory(plan)
        defer { directory.close() }
        func put(_ name: String, _ text: String) throws -> ECAStatus? {
            try #require(directory.variable("S:\(name)")).putNow(text)?.status
        }
        #expect(try put("Time.HIGH", "1") == .normal)
        #expect(try put("Time.HSV", "MAJOR") == .normal)
        fixture.exposure.publish(1.5)
        #expect(directory.variable("S:Time.SEVR")?.text == "MAJOR")
        #expect(try put("Count.LOPR", "-5") == .normal && put("Count.MDEL", "2") == .normal)
        #expect(fixture.slow.metadata.displayLimits?.lowerBound == -5)
        let fixed = ["Ms.HIGH", "Ms.MDEL", "State.HIGH", "State.HHSV", "State.HOPR", "Told.DESC", "Told.PREC"]
        for name in fixed {
            #expect(try put(name, "1") == .noWriteAccess, "\(name)")
            #expect(directory.variable("S:\(name)")?.rights(of: ClientIdentity()) == [.read], "\(name)")
        }
        for name in ["Time.HIGH", "Time.HSV", "Count.LOPR", "Count.MDEL", "Time.PREC", "Ms.DESC"] {
            #expect(directory.variable("S:\(name)")?.rights(of: ClientIdentity()) == [.read, .write], "\(name)")
        }
    }

    @Test("a subscription of a name hears at once of the alarm that a written severity makes") func severityMonitored()
        throws
    {
        fixture.exposure.publish(1.5)
        #expect(try #require(directory.variable("cam1:detector:exposure.HIGH")).putNow("1") == .done)
        let (bench, first) = try subscribed("detector:exposure", type: 13)
        #expect(first.map { Array($0.payload.prefix(4)) } == [[0, 4, 0, 1]])
        #expect(try #require(directory.variable("cam1:detector:exposure.HSV")).putNow("MAJOR") == .done)
        #expect(bench.settle().map { Array($0.payload.prefix(4)) } == [[0, 4, 0, 2]])
        #expect(try #require(directory.variable("cam1:detector:exposure.HSV")).putNow("NO_ALARM") == .done)
        #expect(bench.settle().map { Array($0.payload.prefix(4)) } == [[0, 0, 0, 0]])
    }

    @Test("PROC writes again, or starts the command") func process() async throws {
        #expect(try #require(directory.variable("cam1:detector:exposure.PROC")).putNow("1") == .done)
        #expect(try #require(directory.variable("cam1:temperature.PROC")).putNow("1") == .done)
        let fail = try #require(directory.variable("cam1:fail.PROC"))
        #expect(fail.putNow("1") == nil)
        let failed = await fail.put("1")
        #expect(failed.status == .putFailed && failed.message.contains("cam1 is not armed"))
        let slow = try #require(directory.variable("cam1:slow.PROC"))
        async let written = slow.put("1")
        fixture.release()
        #expect(await written == .done)
        try fixture.node.add(Command<Void>("point", "Turns there", Argument<Double>("angle")) { _, _ in })
        let point = try #require(directory.variable("cam1:point.PROC"))
        #expect(point.rights(of: ClientIdentity()) == [.read], "nobody knows the argument")
        #expect(point.putNow("1")?.status == .noWriteAccess)
    }

    @Test("a PROC with callback ends when the operation does, and fails when it fails or is refused")
    func processCompletes() async throws {
        let bench = CircuitBench(
            try ["acquire.PROC", "fail.PROC"].map { try #require(directory.variable("cam1:\($0)")) })
        let (acquire, fail) = (bench.channel("cam1:acquire.PROC"), bench.channel("cam1:fail.PROC", client: 6))
        func write(_ channel: UInt32, _ id: UInt32) -> [Reply] {
            bench.send(message(19, type: 4, count: 1, channel, id, [1]))
        }
        #expect(write(acquire, 1) == [])
        let value = try #require(directory.variable("cam1:acquire"))
        while value.text != "On" { await Task.yield() }
        #expect(write(fail, 2) == [])
        #expect(await bench.settled(1).map { [$0.first, $0.second] } == [[160, 2]])
        // A second start while the first runs is refused.
        #expect(write(acquire, 3) == [])
        #expect(await bench.settled(1).map { [$0.first, $0.second] } == [[160, 3]])
        fixture.release()
        #expect(await bench.settled(1).map { [$0.first, $0.second] } == [[1, 1]])
    }

    @Test("a field hears of what it shows, not of the rest") func updates() throws {
        let unit = try #require(directory.variable("cam1:detector:exposure.EGU"))
        var sample = fixture.exposure.sample
        var changes: UpdateChanges = [.value, .archive]
        #expect(!unit.receive(&sample, &changes))
        #expect(sample.value == .string("s"))
        changes = .metadata
        #expect(unit.receive(&sample, &changes))
        #expect(changes == [.value, .archive])
        let severity = try #require(directory.variable("cam1:detector:exposure.SEVR"))
        sample = Sample(.float(1), timestamp: .now(), alarm: Alarm(.minor, .high, "too high"))
        changes = [.value, .alarm]
        #expect(severity.receive(&sample, &changes))
        #expect(sample.value == .integer(1))
        #expect(directory.variable("cam1:detector:exposure.NAME")?.parameter == nil)
    }

    /// A circuit that has subscribed to a name, and what it heard at once.
    private func subscribed(_ name: String, type: UInt16) throws -> (bench: CircuitBench, first: [Reply]) {
        let variable = try #require(directory.variable("cam1:\(name)"))
        let bench = CircuitBench([variable])
        let created = bench.send(message(18, 5, 13, variable.name.wire))
        let server = try #require(created.first { $0.command == 18 }).second
        let mask = [UInt8](repeating: 0, count: 12) + [0, 7, 0, 0]
        let first = bench.send(message(1, type: type, count: 1, server, 77, mask)) + bench.settle()
        return (bench, first.filter { $0.command == 1 })
    }

    @Test("a subscription of a field hears at once, and when the field changes, not with each value") func monitored()
        throws
    {
        let (bench, first) = try subscribed("detector:exposure.EGU", type: 0)
        #expect(first.map { Array($0.payload.prefix(2)) } == [[UInt8(ascii: "s"), 0]])
        fixture.exposure.publish(0.7)
        #expect(bench.settle().isEmpty)
        fixture.exposure.updateMetadata { $0.unit = "ms" }
        #expect(bench.settle().map { Array($0.payload.prefix(3)) } == [Array("ms".utf8) + [0]])
    }

    @Test("filters hold back on the wire what they should") func filtered() throws {
        fixture.exposure.publish(3)
        let (bench, first) = try subscribed("detector:exposure.{dbnd:{abs:5}}", type: 6)
        #expect(first.map { $0.double() } == [3])
        var heard: [Double] = []
        for value in [0, 1, 5, 5.5, 6, 11.5, 12] {
            fixture.exposure.publish(value)
            heard += bench.settle().map { $0.double() }
        }
        #expect(heard == [11.5])
    }

    @Test("a part of an array is read and never written") func parts() throws {
        let part = try #require(directory.variable("cam1:wave.[1:2]"))
        #expect(part.payload(1) == [0, 2, 0, 3])
        #expect(part.putNow("5")?.status == .putFailed)
        #expect(part.rights(of: ClientIdentity()) == [.read])
        let late = try #require(directory.variable("cam1:wave.[-1]"))
        fixture.wave.publish([7, 8, 9, 10])
        #expect(late.payload(1) == [0, 10])
    }

    @Test("a dead band of -1 tells also what did not change") func everyProcessing() throws {
        fixture.exposure.publish(3)
        let (bench, _) = try subscribed("detector:exposure", type: 6)
        func heard() -> [Double] {
            for _ in 0..<2 { fixture.exposure.publish(3) }
            return bench.settle().filter { $0.command == 1 }.map { $0.double() }
        }
        #expect(heard() == [])
        #expect(try #require(directory.variable("cam1:detector:exposure.MDEL")).putNow("-1") == .done)
        _ = bench.settle()
        #expect(heard() == [3, 3])
    }

    @Test("who watches acknowledgements hears of each, and of none that an update without a new alarm would bring back")
    func acknowledgementMonitored() throws {
        let variable = try #require(directory.variable("cam1:temperature"))
        fixture.temperature.publish(1)
        let (field, first) = try subscribed("temperature.ACKS", type: 0)
        let (transient, _) = try subscribed("temperature.ACKT", type: 0)
        let (whole, _) = try subscribed("temperature", type: 37)
        func text(_ reply: Reply) -> String { String(decoding: reply.payload.prefix { $0 != 0 }, as: UTF8.self) }
        #expect(first.map(text) == ["NO_ALARM"])
        let hot = Alarm(.major, .hardware, "hot")
        fixture.temperature.publish(1, alarm: hot, at: .now())
        #expect(field.settle().map(text) == ["MAJOR"])
        #expect(whole.settle().last?.payload.prefix(8) == [0, 11, 0, 2, 0, 1, 0, 2])
        func put(_ type: UInt16, _ value: UInt8) -> PutResult? {
            variable.putNow(DBRType(rawValue: type), count: 1, payload: [0, value].span, origin: SiteFixture.origin)
        }
        #expect(put(36, 2) == .done)
        #expect(field.settle().map(text) == ["NO_ALARM"])
        #expect(whole.settle().map { $0.payload.prefix(8) } == [[0, 11, 0, 2, 0, 1, 0, 0]])
        #expect(put(36, 2) == .done)
        #expect(whole.settle() == [], "there was nothing to acknowledge any more")
        fixture.temperature.publish(2, alarm: hot, at: .now())
        #expect(whole.settle().map { $0.payload.prefix(8) } == [[0, 11, 0, 2, 0, 1, 0, 0]])
        _ = transient.settle()
        #expect(put(35, 0) == .done)
        #expect(transient.settle().map(text) == ["NO"])
    }

    @Test("alarms are acknowledged by severity, and only then forgotten") func acknowledgement() throws {
        let variable = try #require(directory.variable("cam1:temperature"))
        fixture.temperature.publish(1)
        func values() -> [UInt8] { Array(variable.payload(37, count: 1)[0..<8]) }
        #expect(values() == [0, 0, 0, 0, 0, 1, 0, 0])
        fixture.temperature.publish(1, alarm: Alarm(.major, .hardware, "hot"), at: .now())
        #expect(values() == [0, 11, 0, 2, 0, 1, 0, 2])
        fixture.temperature.publish(1)
        #expect(values() == [0, 0, 0, 0, 0, 1, 0, 2])
        func put(_ type: UInt16, _ value: UInt8) -> PutResult? {
            variable.putNow(DBRType(rawValue: type), count: 1, payload: [0, value].span, origin: SiteFixture.origin)
        }
        #expect(put(36, 1) == .done)
        #expect(values()[7] == 2)
        #expect(put(36, 2) == .done)
        #expect(values()[7] == 0)
        fixture.temperature.publish(1, alarm: Alarm(.minor, .hardware, "warm"), at: .now())
        #expect(put(35, 0) == .done)
        fixture.temperature.publish(1)
        #expect(values() == [0, 0, 0, 0, 0, 0, 0, 0])
    }
}
