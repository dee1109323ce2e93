// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// What daqd sends that changes anything, in order and word for word, against files; `DAQD_WRITE_GOLDEN=1` writes them anew.
///
/// K4-10: the order of J4. Reads are left out: when the watcher asks is a matter of time. Its `status_update` is kept away.
@Suite("Golden request logs")
struct GoldenLogTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/EigerRequests").path

    /// The changes since a number of the log, and the next number.
    private func changes(_ simulated: SimulatedDetector, from first: Int = 0) async throws -> (
        lines: [String], next: Int
    ) {
        let text = try await simulated.get("/sim/log?from=\(first)").text
        var (lines, next): ([String], Int) = ([], first)
        for line in text.split(separator: "\n") {
            let entry = try JSON(parsing: String(line))
            next = Int(entry["n"]?.integer ?? 0) + 1
            guard let method = entry["method"]?.string, method != "GET", method != "HEAD" else { continue }
            lines.append("\(method) \(entry["path"]?.string ?? "") \(entry["body"]?.string ?? "")")
        }
        // Data files come in parallel, so which is deleted first is a matter of time; the master is always last.
        let deletions = lines.filter { $0.hasPrefix("DELETE") }
        #expect(deletions.isEmpty || deletions.last?.contains("_master.h5") == true, "\(deletions)")
        lines = lines.filter { !$0.hasPrefix("DELETE") } + deletions.sorted()
        return (lines.map { $0.trimmingCharacters(in: .whitespaces) }, next)
    }

    private func compare(_ lines: [String], with name: String) throws {
        let path = Self.folder + "/\(name).txt"
        let text = lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["DAQD_WRITE_GOLDEN"] != nil {
            try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text == golden, "\(name): sent\n\(text)")
    }

    @Test("K4-10: the first and the second series, and one of another mode", arguments: ["1.8.0", "1.6.0"])
    func series(version: String) async throws {
        let simulated = try SimulatedDetector {
            $0.model = version == "1.6.0" ? "eiger-500k" : "eiger2-500k"
            $0.apis = [version]
        }
        // What is asked for at a pace of its own has no place in the log.
        let bench = try await Bench(port: simulated.port) { $0.pollSlow = .seconds(86400) }
        defer { bench.remove() }
        try await bench.set("series/exposure_time", .float(0.2))
        try await bench.set("series/frame_time", .float(0.05))
        try await bench.set("series/images_per_file", .integer(2))
        try await bench.untilIdle()
        try await bench.call("acquire")
        let first = try await changes(simulated)
        try compare(first.lines, with: "first-\(version)")
        try await bench.call("acquire")
        let second = try await changes(simulated, from: first.next)
        try compare(second.lines, with: "second-\(version)")
        try await bench.set("series/trigger_mode", .string("inte"))
        try await bench.call("acquire")
        let third = try await changes(simulated, from: second.next)
        try compare(third.lines, with: "inte-\(version)")
        await bench.stop()
    }

    @Test("K4-10: a series that is stopped, and one that is aborted", arguments: ["stop", "abort"])
    func ended(command: String) async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.pollSlow = .seconds(3600) }
        defer { bench.remove() }
        try await bench.set("series/exposure_time", .float(600))
        try await bench.set("series/frame_time", .float(0.1))
        try await bench.set("series/images_per_file", .integer(100_000))
        try await bench.untilIdle()
        let operation = try bench.start("acquire")
        try await eventually("it exposes") { (try? bench.value("detector/status/state")) == .string("acquire") }
        try await bench.call(command)
        _ = try await FaultMatrixTests.end(of: operation, command)
        try await bench.untilIdle()
        let lines = try await changes(simulated).lines
        let arm = try #require(lines.firstIndex { $0.hasSuffix("command/arm") })
        // How many files there are to delete is a matter of time.
        try compare(lines[arm...].filter { !$0.hasPrefix("DELETE") }, with: command)
        await bench.stop()
    }
}
