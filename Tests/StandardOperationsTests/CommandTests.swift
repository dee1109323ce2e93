// Part of daqd
// SPDX-License-Identifier: MIT
@testable import DAQKernel
import Foundation
import Testing

@testable import StandardOperations

@Suite("command")
struct CommandTests {
    let site: Site
    init() throws { site = try Site() }

    private func shell(_ script: String, _ more: String = "") throws -> any PostOperation {
        try site.operation("{type: command, command: [/bin/sh, -c, \(JSON.string(script).text)]\(more)}")
    }

    private func record() async throws -> AcquisitionRecord {
        try site.write([1, 2], site.path("run_1_master.h5"))
        try site.write([3], site.path("data with blank.raw"))
        let files = [
            try await site.artifact("run_1_master.h5", .master), try await site.artifact("data with blank.raw", .data),
        ]
        return site.record(files, expected: 10, received: 8, state: .failed, name: "run \"1\"; rm -rf $HOME")
    }

    @Test("the acquisition is in the environment and as JSON on standard input")
    func description() async throws {
        let record = try await record()
        let (out, variables) = (site.path("stdin.json"), site.path("env"))
        let command = try shell(
            "cat > \(out); env > \(variables); echo done with $DAQD_ACQUISITION",
            ", environment: {SITE: 'hutch 2', DAQD_STATE: lie}")
        let result = try await site.run(command, record, attempt: 2)
        #expect(result.note == "/bin/sh ended with 0: done with \(record.id)")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(site.bytes(out))) as? [String: Any])
        #expect(json["id"] as? String == record.id)
        #expect(json["name"] as? String == record.name)
        #expect(json["expected"] as? Int == 10)
        #expect(json["missing"] as? Int == 2)
        #expect(json["outcome"] as? String == "failed")
        #expect(json["attempt"] as? Int == 2)
        let files = try #require(json["artifacts"] as? [[String: Any]])
        #expect(files.map { $0["path"] as? String } == record.artifacts.map(\.path))
        #expect(files.map { $0["sha256"] as? String } == record.artifacts.map { $0.sha256?.hex })
        let text = String(decoding: try site.bytes(variables), as: UTF8.self)
        for line in [
            "DAQD_ACQUISITION=\(record.id)", "DAQD_DEVICE=eiger1", "DAQD_NAME=\(record.name)", "DAQD_STATE=failed",
            "DAQD_EXPECTED=10", "DAQD_RECEIVED=8", "DAQD_MISSING=2", "DAQD_MASTER=\(record.artifacts[0].path)",
            "SITE=hutch 2", "DAQD_FILES=\(record.artifacts[0].path)\n\(record.artifacts[1].path)",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        #expect(text.contains("PATH="))
    }

    @Test("arguments reach the program as they are, without a shell")
    func noShell() async throws {
        let command = try site.operation("{type: command, command: [/bin/echo, '$HOME;', '*', 'a b', '`id`']}")
        #expect(try await site.run(command, try await record()).note == "/bin/echo ended with 0: $HOME; * a b `id`")
    }

    @Test("output goes to the log, as much of it as is allowed")
    func output() async throws {
        let command = try shell(
            "echo to out; echo to err >&2; head -c 5000 /dev/zero | tr '\\0' x", ", output_limit: 1000")
        _ = try await site.run(command, try await record())
        let text = site.logged
        for part in ["to out", "stdout", "to err", "stderr", "4007"] { #expect(text.contains(part), "\(text)") }
    }

    @Test("every way to fail has its sentence and its kind")
    func failures() async throws {
        let record = try await record()
        let exit = await site.failure(try shell("echo first >&2; echo disk is full >&2; exit 3"), record)
        #expect(exit == PostOperationError(.temporary, "/bin/sh ended with 3: disk is full"))
        let data = await site.failure(
            try shell("echo two frames are black >&2; exit 65", ", data_wrong_status: 65"), record)
        #expect(data == PostOperationError(.dataWrong, "/bin/sh says that the data are wrong: two frames are black"))
        let signal = await site.failure(try shell("kill -9 $$$$"), record)
        #expect(signal == PostOperationError(.temporary, "/bin/sh was ended by signal 9"))
        let absent = await site.failure(try site.operation("{type: command, command: [/nowhere/analyse]}"), record)
        #expect(absent.kind == .permanent)
        #expect(absent.message.contains("/nowhere/analyse could not be started"))
        let folder = await site.failure(try shell("true", ", directory: /nowhere"), record)
        #expect(folder.kind == .permanent)
    }

    @Test("when the time is over the program and what it started are ended")
    func timeLimit() async throws {
        let pids = site.path("pids")
        let command = try shell(
            "sleep 300 & echo $! $$$$ > \(pids).new; mv \(pids).new \(pids); wait", ", time_limit: 1 s, grace: 1 s")
        let error = await site.failure(command, try await record())
        #expect(error.kind == .temporary)
        #expect(error.message.hasPrefix("/bin/sh did not end within 1.0 seconds; it and all it started were ended"))
        try await expectGone(pids)
    }

    @Test("a cancelled attempt leaves no process behind")
    func cancelled() async throws {
        let record = try await record()
        let pids = site.path("pids")
        let command = try shell("sleep 300 & echo $! $$$$ > \(pids).new; mv \(pids).new \(pids); wait", ", grace: 1 s")
        let task = Task { try await site.run(command, record) }
        try await wait { FileManager.default.fileExists(atPath: pids) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await expectGone(pids)
    }

    @Test("what is wrong with a configuration is said")
    func configuration() {
        #expect(site.refusal("{type: command}").contains("command"))
        #expect(site.refusal("{type: command, command: []}").contains("is empty; its first item is the program"))
        #expect(site.refusal("{type: command, command: ['']}").contains("is empty"))
        #expect(site.refusal("{type: command, command: 'rm -rf x'}").contains("command"))
        #expect(site.refusal("{type: command, command: [a], environment: {'A=B': c}}").contains("impossible variable"))
        #expect(site.refusal("{type: command, command: [a], data_wrong_status: 0}").contains("data_wrong_status"))
        #expect(site.refusal("{type: command, command: [a], grace: 1 min}").contains("grace"))
    }

    private func wait(_ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            try #require(.now < deadline, "it never happened")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Neither the program nor its child may live on; a zombie that waits for its parent counts as gone.
    private func expectGone(_ file: String) async throws {
        let pids = String(decoding: try site.bytes(file), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        #expect(pids.count == 2)
        try await wait {
            pids.allSatisfy { pid in
                guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
                    return true
                }
                return status.contains(") Z ")
            }
        }
    }
}
