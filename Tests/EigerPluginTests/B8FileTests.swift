// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// The defects of the seed IOC that concern files, by their numbers in the list of its defects.
@Suite("Defects of the seed: files")
struct B8FileTests {
    private func bench(
        _ simulated: SimulatedDetector, exposure: Double = 0.2, frame: Double = 0.02, perFile: Int = 4,
        _ change: (inout EigerSettings) -> Void = { _ in }
    ) async throws -> Bench {
        let bench = try await Bench(port: simulated.port, change)
        try await bench.set("series/exposure_time", .float(exposure))
        try await bench.set("series/frame_time", .float(frame))
        try await bench.set("series/images_per_file", .integer(Int64(perFile)))
        try await bench.untilIdle()
        return bench
    }

    @Test("B8-6: a name that exists here already is neither skipped nor overwritten nor lost on the detector")
    func sameName() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.call("acquire")
        // Numbers begin at 1 again after an initialize, and so do the names.
        try await bench.call("initialize")
        try await bench.call("acquire")
        let records = try await bench.records()
        #expect(records.map(\.state) == [.done, .done])
        let digests = Set(records.flatMap(\.artifacts).compactMap(\.sha256))
        for artifact in records.flatMap(\.artifacts) {
            #expect(FileManager.default.fileExists(atPath: artifact.path))
        }
        #expect(Set(records.flatMap(\.artifacts).map(\.path)).count == 8, "no two series share a file")
        let written = try #require(try JSON(parsing: try await simulated.get("/sim/files").body).array)
        for file in written { #expect(digests.contains { $0.hex == file["sha256"]?.string ?? "" }, "\(file.text)") }
        await bench.stop()
    }

    @Test("B8-7: a file that comes late is waited for; nothing is ever cleared, nothing removed before it is here")
    func late() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await simulated.fault(#"{"fault":"file_late","path":"*_data_000002.h5","seconds":1}"#)
        try await bench.call("acquire")
        #expect(try await bench.records().first?.state == .done)
        #expect(bench.names.count == 4)
        let requests = try await simulated.lines()
        #expect(!requests.contains { $0.path.hasSuffix("command/clear") })
        for name in bench.names {
            let fetched = try #require(requests.firstIndex { $0.method == "GET" && $0.path == "/data/\(name)" })
            let removed = try #require(requests.firstIndex { $0.method == "DELETE" && $0.path == "/data/\(name)" })
            #expect(fetched < removed)
        }
        await bench.stop()
    }

    @Test("B8-7: files of other people stay where they are")
    func otherPeople() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        let base = "/detector/api/1.8.0/command/"
        try await simulated.put("/filewriter/api/1.8.0/config/mode", #"{"value":"enabled"}"#)
        try await simulated.put("/filewriter/api/1.8.0/config/name_pattern", #"{"value":"theirs_$id"}"#)
        for command in ["arm", "trigger", "disarm"] { try await simulated.put(base + command) }
        let theirs = try await simulated.files()
        #expect(theirs.count == 2)
        try await bench.call("acquire")
        #expect(try await bench.records().first?.state == .done)
        #expect(try await simulated.files() == theirs)
        await bench.stop()
    }

    @Test("B8-20: a transfer that breaks leaves nothing under the final name, and is completed")
    func brokenTransfer() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await simulated.fault(#"{"fault":"truncate","path":"*_data_000001.h5","bytes":1000,"times":2}"#)
        let operation = try bench.start("acquire")
        while !operation.status.state.isFinal {
            let path = bench.data + "/eiger_1_data_000001.h5"
            if let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int {
                #expect(size > 1000, "half a file stands under its final name")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        _ = try await operation.result()
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done, "\(record.result ?? "")")
        #expect(record.artifacts.allSatisfy { $0.verified == true })
        await bench.stop()
    }

    @Test("B8-25: a series that leaves nothing raises one clear alarm, and the next one takes it back")
    func noData() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await simulated.fault(#"{"fault":"file_missing","path":"*"}"#)
        await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        #expect(try bench.value("health/no_data") == .bool(true))
        #expect(try bench.alarm("health/no_data").severity == .major)
        #expect(try bench.alarm("health/summary").severity == .major)
        #expect(try bench.value("health/summary").string?.contains("not a single image") == true)
        #expect(bench.logText.components(separatedBy: "alarm=\"no_data\"").count == 2, "told once")
        try await simulated.heal()
        try await bench.call("acquire")
        #expect(try bench.value("health/no_data") == .bool(false))
        #expect(try bench.value("health/summary") == .string(""))
        #expect(try await simulated.count("restart") == 0)
        await bench.stop()
    }

    @Test("B8-25: with watchdog recover the service is restarted, initialized and configured between series")
    func recovers() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated) { $0.watchdog = .recover }
        defer { bench.remove() }
        try await simulated.fault(#"{"fault":"file_missing","path":"*"}"#)
        await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        try await simulated.heal()
        try await eventually("it was restarted and initialized") {
            let restarts = try await simulated.count("restart")
            let initializes = try await simulated.count("initialize")
            return restarts == 1 && initializes == 2
        }
        try await bench.untilIdle()
        try await bench.call("acquire")
        #expect(try await bench.records().first?.state == .done)
        #expect(try await simulated.count("restart") == 1)
        #expect(try bench.value("health/no_data") == .bool(false))
        await bench.stop()
    }

    @Test(
        "B8-9: a trigger has succeeded with HTTP status 200, whatever the reply says",
        arguments: ["", "{}", #"{"sequence id": -1}"#, #"{"sequence id": 4}"#, "null", "\"\""])
    func triggerReplies(text: String) async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        let fault = JSON.object([("fault", "trigger_reply"), ("text", .string(text))])
        try await simulated.fault(fault.text)
        try await bench.call("acquire")
        #expect(try await bench.records().first?.state == .done)
        #expect(try await simulated.count("trigger") == 1)
        await bench.stop()
    }
}
