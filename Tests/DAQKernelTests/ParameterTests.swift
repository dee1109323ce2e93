// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization
import Testing

@testable import DAQKernel

@Suite("Parameters")
struct ParameterTests {
    enum Position: String, Choice { case closed, open, moving }

    static let client = Origin(frontend: "test", user: "alice", host: "127.0.0.1")

    @Test("a parameter is undefined until its first value")
    func undefined() {
        let parameter = Parameter<Double>("x", "")
        #expect(parameter.sample.alarm == .undefined)
        #expect(parameter.sample.timestamp == .never)
        parameter.publish(2)
        #expect(parameter.sample.value == .float(2))
        #expect(parameter.sample.alarm == .none)
        #expect(parameter.sample.timestamp > .never)
    }

    @Test("a write out of range is refused with the limits, or clamped where the frontend asks for it")
    func limits() async throws {
        let parameter = Parameter("settle", "", unit: "s", limits: 0...10, initial: 0.1)
        let error = await #expect(throws: DeviceError.self) {
            try await parameter.put(.integer(11), origin: Self.client)
        }
        #expect(error?.code == .outOfRange)
        #expect(error?.message == "settle refused 11: it accepts 0 to 10 s")
        #expect(parameter.value == 0.1)
        try await parameter.put(.integer(11), origin: Self.client, outOfRange: .clamp)
        #expect(parameter.value == 10)
        #expect(try parameter.putImmediately(.float(3.5), origin: Self.client))
        #expect(parameter.value == 3.5)
    }

    @Test(
        "values of another type are refused",
        arguments: [DataValue.string("1"), .bool(true), .null, .list([.integer(1)]), .complex(real: 1, imaginary: 0)])
    func types(value: DataValue) async {
        let parameter = Parameter("n", "", initial: 1)
        await #expect(throws: DeviceError.self) { try await parameter.put(value, origin: Self.client) }
        #expect(parameter.value == 1)
    }

    @Test("whole numbers must fit their width and have no fraction")
    func integers() async throws {
        let parameter = Parameter<UInt8>("n", "", initial: 1)
        try await parameter.put(.float(200), origin: Self.client)
        #expect(parameter.value == 200)
        for value in [DataValue.integer(256), .integer(-1), .float(1.5), .float(.nan), .unsigned(.max)] {
            await #expect(throws: DeviceError.self) { try await parameter.put(value, origin: Self.client) }
        }
        let big = Parameter<UInt64>("big", "", initial: 0)
        try await big.put(.unsigned(.max), origin: Self.client)
        #expect(big.value == .max)
    }

    @Test(
        "a number that 64 bits do not hold is refused, not rounded to one that they do",
        arguments: [
            "-9223372036854775809", "9223372036854775808", "1e19", "9007199254740994.0",
        ])
    func tooLong(text: String) throws {
        let parameter = Parameter<Int64>("count", "", initial: 1)
        let value = DataValue(try JSON(parsing: text))
        #expect(throws: DeviceError.self) { try parameter.putImmediately(value, origin: Self.client) }
        #expect(parameter.value == 1)
    }

    @Test("enumerations take labels and indexes, nothing else")
    func enumerations() async throws {
        let parameter = Parameter<Position>("position", "", initial: .closed)
        try await parameter.put(.string("open"), origin: Self.client)
        #expect(parameter.value == .open)
        try await parameter.put(.integer(2), origin: Self.client)
        #expect(parameter.sample.value == .string("moving"))
        for value in [DataValue.string("ajar"), .integer(3), .integer(-1)] {
            let error = await #expect(throws: DeviceError.self) { try await parameter.put(value, origin: Self.client) }
            #expect(error?.code == .unknownChoice)
        }
        #expect(try Position(parsing: " open\r\n") == .open)
        #expect(throws: DeviceError.self) { try Position(parsing: "") }
    }

    @Test("nested lists become arrays whose rows must be equal")
    func arrays() throws {
        let type = ValueType.array(.int16, capacity: [2, 3])
        let converted = try type.convert(
            .list([.list([.integer(1), .integer(2)]), .list([.integer(3), .integer(4)])]))
        guard case .array(let array) = converted else {
            Issue.record("not an array")
            return
        }
        #expect(array.shape == [2, 2])
        #expect(array.elements(as: Int16.self) == [1, 2, 3, 4])
        #expect(converted.json.text == "[[1,2],[3,4]]")
        #expect(throws: DeviceError.self) { try type.convert(.list([.list([.integer(1)]), .list([])])) }
        #expect(throws: DeviceError.self) { try type.convert(.list(Array(repeating: .list([]), count: 3))) }
        #expect(throws: DeviceError.self) { try type.convert(.list([.integer(40000)])) }
    }

    @Test("alarm limits with hysteresis")
    func alarms() {
        let parameter = Parameter("temperature", "", unit: "degC", access: .read, initial: 20.0)
        parameter.updateMetadata { $0.alarmLimits = AlarmLimits(high: 30, highMajor: 40, hysteresis: 2) }
        func severity(_ value: Double) -> AlarmSeverity {
            parameter.publish(value)
            return parameter.sample.alarm.severity
        }
        #expect(severity(29.9) == .none)
        #expect(severity(30) == .minor)
        #expect(parameter.sample.alarm.message == "30 degC is at 30 degC")
        #expect(severity(31) == .minor)
        #expect(parameter.sample.alarm.message == "31 degC is above 30 degC")
        #expect(severity(29) == .minor)
        #expect(parameter.sample.alarm.message == "29 degC is still near 30 degC")
        #expect(severity(27.9) == .none)
        #expect(severity(41) == .major)
        #expect(severity(39) == .major)
        #expect(severity(37) == .minor)
        #expect(severity(.nan) == .invalid)
    }

    @Test("a limit is as bad as its severity says, and counts for nothing without one")
    func severities() {
        let parameter = Parameter("temperature", "", access: .read, initial: 20.0)
        var limits = AlarmLimits(lowMajor: 0, low: 10, high: 30, highMajor: 40)
        for (reason, usual) in [
            (AlarmStatus.lowMajor, AlarmSeverity.major), (.low, .minor), (.high, .minor), (.highMajor, .major),
        ] {
            #expect(limits.severity(reason) == usual && AlarmLimits().severity(reason) == .none)
        }
        func alarm(_ value: Double) -> [String] {
            parameter.publish(value)
            let alarm = parameter.sample.alarm
            return ["\(alarm.severity)", alarm.status.rawValue]
        }
        parameter.updateMetadata { $0.alarmLimits = limits }
        #expect(alarm(40) == ["major", "highMajor"])
        limits.highMajorSeverity = AlarmSeverity.none
        limits.highSeverity = .invalid
        limits.lowMajorSeverity = .minor
        limits.lowSeverity = .major
        parameter.updateMetadata { $0.alarmLimits = limits }
        // Outer limits come first, however bad they are.
        #expect(
            alarm(50) == ["invalid", "high"] && alarm(-1) == ["minor", "lowMajor"] && alarm(5) == ["major", "low"])
        #expect(alarm(20) == ["none", "none"])
    }

    @Test("hysteresis holds the alarm of its own limit, not that of another one")
    func hysteresis() {
        let parameter = Parameter("temperature", "", access: .read, initial: 20.0)
        parameter.updateMetadata { $0.alarmLimits = AlarmLimits(low: 10, high: 30, highMajor: 40, hysteresis: 2) }
        func status(_ value: Double) -> AlarmStatus {
            parameter.publish(value)
            return parameter.sample.alarm.status
        }
        #expect(status(40) == .highMajor && status(39) == .highMajor && status(29) == .none)
        #expect(status(10) == .low && status(29) == .none && status(30) == .high && status(29) == .high)
    }

    @Test("new limits judge the value that is there at once; a device's own alarm and a missing value stay as they are")
    func judgedAnew() {
        let parameter = Parameter("temperature", "", access: .read, initial: 20.0)
        let fresh = Parameter<Double>("fresh", "", access: .read)
        var metadata = ParameterMetadata("", type: .number(.float64))
        metadata.alarmLimits = AlarmLimits(high: 5)
        let declared = Parameter(ParameterSpec("declared", metadata), initial: 6.0)
        let subscription = Subscription(capacity: 8) {}
        subscription.add(parameter)
        func changes() -> [UpdateChanges] {
            var heard: [UpdateChanges] = []
            subscription.drain { heard.append($0.changes) }
            return heard
        }
        _ = changes()
        let time = parameter.sample.timestamp
        for one in [parameter, fresh] { one.updateMetadata { $0.alarmLimits = AlarmLimits(high: 15) } }
        #expect(parameter.sample.alarm.status == .high && parameter.sample.timestamp == time)
        #expect(fresh.sample.alarm == .undefined && declared.sample.alarm.severity == .minor)
        #expect(changes() == [[.metadata, .alarm]])
        parameter.updateMetadata { $0.alarmLimits?.highSeverity = .major }
        #expect(parameter.sample.alarm.severity == .major && changes() == [[.metadata, .alarm]])
        parameter.updateMetadata { $0.alarmLimits?.low = 1 }
        #expect(changes() == [.metadata])
        parameter.publish(alarm: Alarm(.invalid, .hardware, "hot"))
        parameter.updateMetadata { $0.alarmLimits?.highSeverity = AlarmSeverity.none }
        #expect(parameter.sample.alarm.status == .hardware)
        parameter.publish(alarm: .none)
        #expect(parameter.sample.alarm == .none)
        parameter.updateMetadata { $0.alarmLimits?.highSeverity = nil }
        parameter.publish(alarm: .none)
        #expect(parameter.sample.alarm.severity == .minor)
        parameter.updateMetadata { $0.alarmLimits = nil }
        #expect(parameter.sample.alarm == .none && declared.sample.alarm.status == .high)
    }

    @Test("a device's write handler decides what is published, and its error reaches the caller")
    func handler() async throws {
        let parameter = Parameter("energy", "", unit: "eV", initial: 0.0)
        parameter.onWrite { [weak parameter] value, origin in
            guard value < 9000 else { throw DeviceError(.vendor, "the detector refused", vendorCode: 400) }
            parameter?.publish(value.rounded())
        }
        #expect(try !parameter.putImmediately(.float(1), origin: Self.client))
        try await parameter.put(.float(8050.4), origin: Self.client)
        #expect(parameter.value == 8050)
        let error = await #expect(throws: DeviceError.self) {
            try await parameter.put(.float(1e4), origin: Self.client)
        }
        #expect(error?.vendorCode == 400)
        #expect(parameter.value == 8050)
    }

    @Test("a write that fails at the device is an alarm until one succeeds; a request that was wrong in itself is none")
    func writeAlarm() async throws {
        let parameter = Parameter("energy", "", unit: "eV", limits: 0...20_000, initial: 0.0)
        parameter.onWrite { [weak parameter] value, _ in
            if value == 13 { throw DeviceError(.vendor, "the detector refused", vendorCode: 400) }
            if value == 14 { throw DeviceError(.wrongState, "a series runs") }
            parameter?.publish(value)
        }
        let subscription = Subscription {}
        subscription.add(parameter)
        defer { subscription.cancel() }
        var updates: [Update] = []
        subscription.drain(into: &updates)
        func write(_ number: Double) async { try? await parameter.put(.float(number), origin: Self.client) }
        await write(14)
        await write(30_000)
        #expect(parameter.sample.alarm == .none)
        await write(13)
        let alarm = Alarm(.invalid, .write, "the detector refused")
        #expect(parameter.sample.alarm == alarm && parameter.value == 0)
        // What the device says meanwhile does not end it, nor does another wrong request.
        parameter.publish(5)
        await write(30_000)
        #expect(parameter.sample.alarm == alarm && parameter.value == 5)
        await write(13)
        await write(6)
        #expect(parameter.sample.alarm == .none && parameter.value == 6)
        updates = []
        subscription.drain(into: &updates)
        #expect(updates.contains { $0.changes.contains(.alarm) && $0.sample.alarm == alarm })
        #expect(updates.last?.changes.contains(.alarm) == true && updates.last?.sample.alarm == Alarm.none)
    }

    @Test("a read-only parameter is not written")
    func readOnly() async {
        let parameter = Parameter("state", "", access: .read, initial: "idle")
        let error = await #expect(throws: DeviceError.self) {
            try await parameter.put(.string("x"), origin: Self.client)
        }
        #expect(error?.code == .readOnly)
    }

    @Test("members nested in a group get its path, and a device's connection alarm is an overlay")
    func overlay() throws {
        let events = Mutex<[TreeEvent]>([])
        let node = DeviceNode(
            name: "d", type: "t", summary: "", emit: { event in events.withLock { $0.append(event) } },
            didStart: { _ in })
        let collector = MemberCollector()
        let soft = MemberCollector.$current.withValue(collector) {
            group("a") { group("b") { Parameter("c", "", initial: 1.0) } }
        }
        for parameter in collector.parameters { try node.add(parameter) }
        #expect(soft.path == "d/a/b/c")
        node.set(.disconnected("10.0.0.1 does not answer"))
        #expect(soft.sample.alarm.message == "10.0.0.1 does not answer")
        #expect(soft.value == 1)
        soft.publish(2)
        #expect(soft.sample.alarm.severity == .invalid)
        node.set(.connected)
        #expect(soft.sample.alarm == .none)
        #expect(throws: DeviceError.self) { try node.add(Parameter("a/b/c", "", initial: 1)) }
        #expect(throws: DeviceError.self) { try node.add(Parameter("a//c", "", initial: 1)) }
        #expect(throws: DeviceError.self) { try node.add(Parameter("../c", "", initial: 1)) }
        soft.updateMetadata { $0.unit = "m" }
        #expect(
            events.withLock { $0 } == [
                .memberAdded("d", "a/b/c"), .deviceState("d", .disconnected("10.0.0.1 does not answer")),
                .deviceState("d", .connected), .metadataChanged("d", "a/b/c"),
            ])
    }

    @Test("dates are Gregorian, also before 1970 and on leap days")
    func dates() {
        #expect(Timestamp(nanoseconds: 1_709_210_096_123_456_789).description == "2024-02-29T12:34:56.123456Z")
        #expect(Timestamp(nanoseconds: -1).description == "1969-12-31T23:59:59.999999Z")
        #expect(Timestamp(nanoseconds: 951_782_400_000_000_000).description == "2000-02-29T00:00:00.000000Z")
        #expect(Timestamp.never.description == "1970-01-01T00:00:00.000000Z")
    }
}
