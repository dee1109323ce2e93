// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import DAQKernel

/// A child process whose lines are read as they come; killed with the test at the latest.
final class Crasher: Sendable {
    private let process: Process
    private let text = Mutex("")
    private let done = Mutex(false)

    init(_ mode: String, _ folder: TemporaryFolder) throws {
        let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: here).deletingLastPathComponent().appendingPathComponent(
            "RunLogCrasher")
        process.arguments = [mode, folder.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        self.process = process
        try process.run()
        let reading = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
            while case let data = reading.availableData, !data.isEmpty {
                text.withLock { $0 += String(decoding: data, as: UTF8.self) }
            }
            done.withLock { $0 = true }
        }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// The complete lines so far.
    var lines: [[String]] {
        text.withLock {
            $0.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
                $0.split(separator: " ").map(String.init)
            }
        }
    }

    func kill9() { kill(process.processIdentifier, SIGKILL) }

    /// Waits for the end and the last line; kills after a minute.
    func end() async throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(60)
        while !done.withLock({ $0 }) || process.isRunning {
            if ContinuousClock.now > deadline {
                kill9()
                throw GaveUp()
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        return process.terminationStatus
    }
}

@Suite("kill -9 and full disks", .serialized, .timeLimit(.minutes(5)))
struct CrashTests {
    /// What children were promised before they died.
    struct Promises {
        var began: Set<String> = []
        var ended: [String: String] = [:]
        var files: [String: String] = [:]
        var artifacts: [String: (path: String, sum: String)] = [:]
        var numbers: [String: Int64] = [:]

        mutating func add(_ lines: [[String]]) {
            for line in lines {
                switch line.first {
                case "BEGAN": began.insert(line[1])
                case "ENDED": ended[line[1]] = line[2]
                case "FILE": files[line[1]] = line[2]
                case "ARTIFACT": artifacts[line[1]] = (line[2], line[3])
                case "NUMBER": numbers[line[1]] = Int64(line[2])
                case "ERROR", "LOG": Issue.record("\(line.joined(separator: " "))")
                default: break
                }
            }
        }
    }

    /// What must hold at any instant after a kill.
    func check(_ promises: Promises, _ folder: TemporaryFolder) async throws {
        guard FileManager.default.fileExists(atPath: folder.log) else {
            #expect(promises.began.isEmpty)
            return
        }
        let log = try RunLog(readingOnly: folder.log)
        defer { log.close() }
        #expect(try await log.faults() == [])
        for id in promises.began { #expect(try await log.acquisition(id) != nil, "\(id) was begun and is gone") }
        for (id, state) in promises.ended { #expect(try await log.acquisition(id)?.state.rawValue == state) }
        for (id, (path, sum)) in promises.artifacts {
            let known = try await log.acquisition(id)?.artifacts.first { $0.path == path }
            #expect(known?.sha256?.hex == sum)
        }
        for (path, sum) in promises.files { #expect(try await SHA256.hashFile(at: path).digest.hex == sum) }
        for (device, number) in promises.numbers {
            let store = try log.store(for: device)
            #expect((store["number"]?.integer ?? 0) >= number)
        }
    }

    @Test("24 kills at random moments: no promise broken, no file half, every acquisition and post-operation ends")
    func kills() async throws {
        let folder = TemporaryFolder()
        var promises = Promises()
        for round in 0..<24 {
            let crasher = try Crasher("work", folder)
            // By what was promised rather than by time alone, so that a slow machine is killed at as many places.
            let promised = round % 4 == 0 ? 0 : Int.random(in: 1...60)
            try await until { crasher.lines.count >= promised }
            try await Task.sleep(for: .microseconds(Int.random(in: 0...30_000)))
            crasher.kill9()
            _ = try await crasher.end()
            promises.add(crasher.lines)
            try await check(promises, folder)
        }
        let last = try Crasher("drain", folder)
        #expect(try await last.end() == 0)
        promises.add(last.lines)
        try await check(promises, folder)

        let log = try RunLog(path: folder.log)
        defer { log.close() }
        var query = AcquisitionQuery()
        var states: [AcquisitionState: Int] = [:]
        var resumed = 0
        repeat {
            let page = try await log.acquisitions(query)
            for record in page.records {
                states[record.state, default: 0] += 1
                #expect(record.state.isFinal)
                #expect(record.verdict == record.state)
                for artifact in record.artifacts {
                    #expect(try await SHA256.hashFile(at: artifact.path).digest == artifact.sha256)
                    #expect(artifact.verified == true)
                }
                if record.state == .done { #expect(record.artifacts.count == 1 && record.frames.received == 4) }
                if record.device == "cam1" { #expect(record.state == .done, "cam1 resumes: \(record.result ?? "")") }
                if record.state == .failed {
                    resumed += 1
                    #expect(record.result?.contains("daqd ended without warning") == true)
                }
                let jobs = try await log.postOperations(of: record.id)
                #expect(jobs.map(\.state) == [.succeeded, .succeeded])
                let mark = FileManager.default.contents(atPath: folder("marks/\(record.id)"))
                #expect(mark.map { String(decoding: $0, as: UTF8.self) } == record.id)
            }
            query.after = page.next
        } while query.after != nil
        let left = (try? FileManager.default.contentsOfDirectory(atPath: folder("data"))) ?? []
        let whole = left.filter { !$0.hasPrefix(".") }
        for name in whole {
            let bytes = FileManager.default.contents(atPath: folder("data/\(name)")).map { Array($0) }
            #expect(bytes == Self.content(of: String(name.dropLast(4))))
        }
        print("24 kills: \(states), \(whole.count) files, \(promises.ended.count) ends promised")
        #expect(states.values.reduce(0, +) > 24)
    }

    /// The same as in the child.
    static func content(of id: String) -> [UInt8] {
        var state = id.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        let size = 1000 + Int(state % 300_000)
        return (0..<size).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    @Test("a full disk is told, nothing begun is lost, and all goes on when there is space again")
    func full() async throws {
        let folder = TemporaryFolder()
        let child = try Crasher("full", folder)
        #expect(try await child.end() == 0)
        let lines = child.lines.map { $0.joined(separator: " ") }
        func line(_ head: String) -> String? { lines.first { $0.hasPrefix(head) } }
        #expect(!lines.contains("NO ERROR"))
        #expect(line("WRITE")?.hasPrefix("WRITE true cannot write \(folder("data/.big.x.part"))") == true)
        #expect(line("COMMIT") == "COMMIT true")
        #expect(line("BEGIN ")?.hasPrefix("BEGIN true stand") == true)
        #expect(line("HELD") != "HELD done")
        #expect(line("LIFTED") == "LIFTED done")
        #expect(line("FILE") == "FILE 800000")
        #expect(line("DRAINED") != nil)
        let log = try RunLog(path: folder.log)
        defer { log.close() }
        #expect(try await log.faults() == [])
        for id in lines.filter({ $0.hasPrefix("BEGAN") }).map({ String($0.dropFirst(6)) }) {
            #expect(try await log.acquisition(id)?.state == .done)
        }
    }
}
