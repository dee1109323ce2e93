// Part of daqd
// SPDX-License-Identifier: MIT

import DAQTransports
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Every misbehaviour of a request in every step of a series: how the series ends, and that no file is lost, doubled or half.
@Suite("Faults in every step")
struct FaultMatrixTests {
    /// The steps, by the requests that they are made of; some are ordered only once the detector exposes.
    static let steps: [(name: String, path: String, method: String, isLate: Bool)] = [
        ("state", "*/detector/*/status/state", "GET", false), ("list", "*/files*", "GET", false),
        ("configure", "*/config/name_pattern", "PUT", false), ("arm", "*/command/arm", "PUT", false),
        ("trigger", "*/command/trigger", "PUT", false), ("watch", "*/detector/*/status/state", "GET", true),
        ("writer", "*/filewriter/*/status/state", "GET", true), ("head", "/data/*", "HEAD", true),
        ("get", "/data/*_data_*", "GET", true), ("master", "/data/*_master*", "GET", true),
        ("delete", "/data/*", "DELETE", true),
    ]

    /// The kinds, with the fields of their orders.
    static let kinds: [String: String] = [
        "status": #""fault":"status","status":500,"text":"it is broken""#,
        "unavailable": #""fault":"status","status":503,"text":"come back later""#,
        "close": #""fault":"close""#, "closeAfter": #""fault":"close","execute":true"#,
        "delay": #""fault":"delay","seconds":0.4"#, "longer": #""fault":"wrong_length","add":7"#,
        "segments": #""fault":"segments","bytes":5"#, "noise": #""fault":"reply","text":"\u0000]{""#,
    ]

    /// `d` ends done, `f` failed with a sentence, `e` either, as who asks first is struck; in all cases every file is here or still on the detector.
    ///
    /// Before the trigger a series fails rather than guess; a broken connection is another try for what may be asked twice.
    static let table = """
        kind         state list configure arm trigger watch writer head get master delete
        status       e     e    f         f   f       d     d      d    d   d      d
        unavailable  e     e    f         f   f       d     d      d    d   d      d
        close        d     d    d         f   f       d     d      d    d   d      d
        closeAfter   d     d    d         f   d       d     d      d    d   d      d
        delay        d     d    d         d   d       d     d      d    d   d      d
        longer       e     e    f         f   d       d     d      d    d   d      d
        segments     d     d    d         d   d       d     d      d    d   d      d
        noise        e     e    d         f   d       d     d      d    d   d      d
        """

    static let rows = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }

    @Test("a fault that strikes once in a step", arguments: rows.dropFirst().map { $0[0] })
    func once(kind: String) async throws {
        let expected = try #require(Self.rows.first { $0[0] == kind })
        let fields = try #require(Self.kinds[kind])
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        try await bench.set("series/exposure_time", .float(0.6))
        try await bench.set("series/frame_time", .float(0.15))
        try await bench.set("series/images_per_file", .integer(2))
        try await bench.untilIdle()
        for (step, wanted) in zip(Self.steps, expected.dropFirst()) {
            try await bench.set("series/file_prefix", .string("\(step.name)_"))
            // Nobody sends megabytes in pieces of five bytes.
            let pieces = step.path.hasPrefix("/data") ? "\"bytes\":20000" : "\"bytes\":5"
            let fields = fields.replacingOccurrences(of: "\"bytes\":5", with: pieces)
            let order = "{\(fields),\"path\":\"\(step.path)\",\"method\":\"\(step.method)\",\"times\":1}"
            if !step.isLate { try await simulated.fault(order) }
            let operation = try bench.start("acquire")
            if step.isLate {
                try await Self.untilExposing(simulated)
                try await simulated.fault(order)
            }
            let status = try await Self.end(of: operation, "\(kind) in \(step.name)")
            let record = try #require(try await bench.records().first)
            let place = "\(kind) in \(step.name): \(record.result ?? "") \(String(describing: status.error))"
            if wanted != "e" { #expect(record.state == (wanted == "d" ? .done : .failed), "\(place)") }
            #expect(record.state == .done || record.state == .failed, "\(place)")
            #expect((status.state == .succeeded) == (record.state == .done), "\(place)")
            try Self.judgeAlarms(bench, record, status, place)
            try await Self.judge(bench, simulated, place)
            try await simulated.heal()
            try await bench.untilIdle()
            try await eventually("\(place): nothing of the fault stays") { Self.faultyConditions(bench).isEmpty }
        }
        await bench.stop()
    }

    /// How an operation ended; one that does not within three minutes is an issue of its own.
    static func end(of operation: DAQKernel.Operation, _ what: String) async throws -> OperationStatus {
        let deadline = ContinuousClock.now + .seconds(180)
        while !operation.status.state.isFinal, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        try #require(operation.status.state.isFinal, "\(what): the series has not ended within three minutes")
        return operation.status
    }

    /// Waits until the trigger has reached the detector; the log is not struck by faults.
    static func untilExposing(_ simulated: SimulatedDetector) async throws {
        let before = try await simulated.requests().filter { $0.hasSuffix("command/arm") }.count
        try await eventually("the trigger is there") {
            let requests = try await simulated.requests()
            let arms = requests.indices.filter { requests[$0].hasSuffix("command/arm") }
            guard arms.count >= max(1, before), let last = arms.last else { return false }
            return requests[last...].contains { $0.hasSuffix("command/trigger") }
        }
    }

    /// A failed series shows as an alarm of its flag and its sentence, and as a line in the log; a good one as none.
    static func judgeAlarms(
        _ bench: Bench, _ record: AcquisitionRecord, _ status: OperationStatus, _ place: String
    ) throws {
        let flag = try #require(bench.node.command("acquire")).busy.sample
        let sentence = try #require(bench.node.parameter("message")).sample
        #expect(flag.value == .bool(false), "\(place)")
        let end = "Acquisition ended"
        let lines = bench.logText.split(separator: "\n").filter { $0.contains(end) && $0.contains(record.id) }
        #expect(lines.count == 1 && lines.allSatisfy { $0.contains(record.state.rawValue) }, "\(place): \(lines)")
        guard record.state == .failed else {
            #expect(!flag.alarm.isActive && !sentence.alarm.isActive, "\(place): \(flag.alarm) \(sentence.alarm)")
            return
        }
        #expect(record.result?.isEmpty == false, "\(place)")
        #expect(flag.alarm.severity == .major && flag.alarm.message == status.error?.description, "\(place)")
        #expect(sentence.alarm.severity == .major && !sentence.alarm.message.isEmpty, "\(place)")
    }

    /// The conditions of the detector's health that are in alarm, but for those that a failed series leaves by its nature.
    static func faultyConditions(_ bench: Bench) -> [String] {
        HealthCondition.allCases.filter { $0 != .noData }.map { "health/\($0.rawValue)" }
            .filter { bench.node.parameter($0)?.sample.alarm.isActive != false }
    }

    /// What the detector wrote against what is here: nothing lost, nothing twice, nothing half.
    ///
    /// - Parameter isLossy: Whether the detector itself may have lost files: a restart, a power cut.
    static func judge(
        _ bench: Bench, _ simulated: SimulatedDetector, _ place: String, isLossy: Bool = false
    ) async throws {
        let written = try JSON(parsing: try await simulated.get("/sim/files").body).array ?? []
        var here: [String: String] = [:]
        for name in bench.names where !name.hasSuffix("/") {
            var isFolder: ObjCBool = false
            let path = bench.data + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            let digest = try SHA256.hashBlocking(fileAt: path).0.hex
            #expect(here[digest] == nil, "\(place): \(name) is \(here[digest] ?? "") once more")
            here[digest] = name
        }
        let known = Set(written.compactMap { $0["sha256"]?.string })
        let hasFailed = try await bench.records().first?.state == .failed
        // A series that failed may bring the master as it was at its beginning.
        for (digest, name) in here where !(hasFailed && name.hasSuffix("_master.h5")) {
            #expect(known.contains(digest), "\(place): \(name) is half, or nobody's")
        }
        for file in written {
            let isThere = file["fate"] == "present"
            let isHere = here[file["sha256"]?.string ?? ""] != nil
            let isTheDetectors = isLossy && file["fate"] == "lost"
            #expect(isThere || isHere || isTheDetectors, "\(place): \(file.text) is lost")
            #expect(file["fate"] != "overwritten" && file["fate"] != "cleared", "\(place): \(file.text)")
        }
        let records = try await bench.records()
        for record in records where record.state == .done {
            #expect(record.artifacts.allSatisfy { here[$0.sha256?.hex ?? ""] != nil }, "\(place): \(record.id)")
            #expect(record.frames.received == record.frames.expected, "\(place)")
        }
    }
}
