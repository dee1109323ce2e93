// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import DAQKernel

/// `kill -9` of the real daemon in the middle of series on a simulated detector that lives on.
@Suite("Killed daemon")
struct KillTests {
    /// One daemon process; ended by id on every path.
    private final class DaemonProcess {
        let process = Process()

        init(_ configuration: String, _ log: String) throws {
            process.executableURL = URL(fileURLWithPath: Self.directory + "/daqd")
            process.arguments = ["--config", configuration, "--log-level", "info"]
            _ = FileManager.default.createFile(atPath: log, contents: nil)
            let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
            process.standardOutput = output
            process.standardError = output
            try process.run()
        }

        deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

        /// Sends a signal and waits without blocking a thread: the tests that run beside need theirs.
        func end(_ signal: Int32) async throws {
            guard process.isRunning else { return }
            let pid = process.processIdentifier
            kill(pid, signal)
            for _ in 0..<3000 where process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
            if process.isRunning { kill(pid, SIGKILL) }
        }

        /// Where the test bundle is, and beside it the daemon and the plugins.
        static let directory: String = {
            let arguments = CommandLine.arguments
            let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? arguments[0]
            return URL(fileURLWithPath: bundle).deletingLastPathComponent().path
        }()
    }

    private func configuration(_ folder: String, port: Int, takesSeries: Bool) throws -> String {
        let frontend = takesSeries ? "frontends: {go: {type: acquirer, device: eiger1}}" : ""
        let text = """
            site: {name: kill, data: ./data, state: ./state}
            plugins: [EigerPlugin, AcquirerPlugin]
            devices:
              eiger1: {type: eiger, host: 127.0.0.1, port: \(port), poll_idle: 50 ms, poll_acquiring: 50 ms}
            \(frontend)
            """
        let path = folder + (takesSeries ? "/series.conf" : "/quiet.conf")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func records(_ folder: String) async throws -> [AcquisitionRecord] {
        let log = try RunLog(readingOnly: folder + "/state/" + RunLog.fileName)
        defer { log.close() }
        var query = AcquisitionQuery()
        query.limit = 1000
        return try await log.acquisitions(query).records
    }

    @Test("twenty random kills: no file lost, none half, every series with an honest end", .timeLimit(.minutes(5)))
    func kills() async throws {
        let simulated = try SimulatedDetector()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kill-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let series = try configuration(folder, port: simulated.port, takesSeries: true)
        var random = SystemRandomNumberGenerator()
        for round in 0..<20 {
            let daemon = try DaemonProcess(series, folder + "/daemon-\(round).log")
            let begun = try await records(afterStart: folder)
            // Only a daemon that takes a series is worth a kill; the moment within it is random.
            try await eventually("a series has begun") {
                try await records(afterStart: folder) > begun || !daemon.process.isRunning
            }
            try #require(daemon.process.isRunning, "the daemon ended: \(text(folder, round))")
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<1500, using: &random)))
            try await daemon.end(SIGKILL)
        }
        let last = try DaemonProcess(
            configuration(folder, port: simulated.port, takesSeries: false), folder + "/daemon-last.log")
        try await eventually("every series has ended") { try await records(folder).allSatisfy { $0.state.isFinal } }
        try await last.end(SIGTERM)
        #expect(last.process.terminationStatus == 0)
        try await judge(try await records(folder), simulated, folder)
    }

    private func records(afterStart folder: String) async throws -> Int {
        guard FileManager.default.fileExists(atPath: folder + "/state") else { return 0 }
        return (try? await records(folder).count) ?? 0
    }

    private func text(_ folder: String, _ round: Int) -> String {
        (try? String(contentsOfFile: folder + "/daemon-\(round).log", encoding: .utf8)) ?? ""
    }

    /// Compares what the detector wrote with what is here and what the run log says.
    private func judge(_ records: [AcquisitionRecord], _ simulated: SimulatedDetector, _ folder: String) async throws {
        #expect(records.count >= 20)
        for record in records {
            #expect(record.frames.expected == 12)
            if record.state == .done {
                #expect(record.frames.received == 12)
                #expect(record.artifacts.count == 4)
            } else {
                #expect(record.state == .failed)
                #expect(!(record.result ?? "").isEmpty)
            }
            for artifact in record.artifacts {
                let (digest, size) = try SHA256.hashBlocking(fileAt: artifact.path)
                #expect(digest == artifact.sha256)
                #expect(size == artifact.size)
            }
        }
        let stored = Set(records.flatMap(\.artifacts).compactMap { $0.sha256?.hex })
        let written = try JSON(parsing: try await simulated.get("/sim/files").body)
        let files = try #require(written.array ?? written["files"]?.array, "\(written.text.prefix(300))")
        #expect(!files.isEmpty)
        for file in files {
            let name = file["name"]?.string ?? ""
            let isThere = file["fate"]?.string == "present"
            #expect(stored.contains(file["sha256"]?.string ?? "") || isThere, "\(name) is lost: \(file.text)")
            #expect(file["fate"]?.string != "overwritten", "\(name)")
        }
        let halves = try FileManager.default.subpathsOfDirectory(atPath: folder + "/data").filter {
            $0.hasSuffix(".part")
        }
        #expect(halves == [])
        let done = records.filter { $0.state == .done }.count
        print(
            "killed 20 times: \(records.count) series, \(done) done, \(records.count - done) failed, \(files.count) files written"
        )
    }
}
