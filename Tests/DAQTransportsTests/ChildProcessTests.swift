// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import Testing

@Suite("Child processes")
struct ChildProcessTests {
    private func shell(_ script: String) -> ChildProcess { ChildProcess(["/bin/sh", "-c", script]) }

    @Test("output, errors and status")
    func outputs() async throws {
        let outcome = try await shell("echo out; echo err >&2; exit 3").run()
        #expect(outcome.output.text == "out\n")
        #expect(outcome.errors.text == "err\n")
        #expect(outcome.ending == .exited(3))
        #expect(!outcome.succeeded)
    }

    @Test("input arrives whole, also when it is larger than the pipe")
    func input() async throws {
        var child = ChildProcess(["cat"])
        child.input = (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        child.outputLimit = 1 << 20
        let outcome = try await child.run()
        #expect(outcome.output.bytes == child.input)
        #expect(outcome.succeeded)
    }

    @Test("a child that does not read its input")
    func ignoredInput() async throws {
        var child = shell("exit 0")
        child.input = [UInt8](repeating: 1, count: 1_000_000)
        #expect(try await child.run().succeeded)
    }

    @Test("output beyond the limit is counted and dropped")
    func flood() async throws {
        var child = shell("head -c 3000000 /dev/zero")
        child.outputLimit = 1000
        let outcome = try await child.run()
        #expect(outcome.output.bytes.count == 1000)
        #expect(outcome.output.dropped == 2_999_000)
    }

    @Test("environment and directory")
    func surroundings() async throws {
        var child = shell("pwd; echo $ONE; env | wc -l")
        child.environment = ["ONE": "1 ä", "PATH": "/usr/bin:/bin"]
        child.workingDirectory = "/usr"
        let lines = try await child.run().output.text.split(separator: "\n")
        #expect(lines.prefix(2) == ["/usr", "1 ä"])
    }

    @Test("a program that does not exist")
    func missing() async throws {
        let error = try await #require(throws: ChildProcessError.self) {
            try await ChildProcess(["/no/such/program"]).run()
        }
        #expect(error.errorNumber == ENOENT)
        #expect(error.description.contains("/no/such/program"))
        await #expect(throws: ChildProcessError.self) { try await ChildProcess([]).run() }
        await #expect(throws: ChildProcessError.self) { try await ChildProcess(["echo", "a\0b"]).run() }
    }

    @Test("time-out: SIGTERM ends the whole group")
    func timeout() async throws {
        var child = shell("sleep 1000 & echo $!; wait")
        child.timeout = .milliseconds(300)
        let outcome = try await child.run()
        #expect(outcome.timedOut)
        #expect(outcome.ending == .signalled(SIGTERM))
        let grandchild = try #require(pid_t(outcome.output.text.trimmingCharacters(in: .newlines)))
        try await eventually { isGone(grandchild) }
    }

    @Test("a child that ignores SIGTERM gets SIGKILL")
    func stubborn() async throws {
        var child = shell("trap '' TERM; while :; do sleep 0.05; done")
        child.timeout = .milliseconds(200)
        child.grace = .milliseconds(200)
        let outcome = try await child.run()
        #expect(outcome.ending == .signalled(SIGKILL))
        #expect(outcome.timedOut)
    }

    @Test("cancelling ends the child")
    func cancellation() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let note = directory.appendingPathComponent("pid").path
        let child = shell("echo $$ > \(note).new; mv \(note).new \(note); sleep 1000")
        let task = Task { try await child.run() }
        try await eventually { FileManager.default.fileExists(atPath: note) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let text = try String(contentsOfFile: note, encoding: .utf8).trimmingCharacters(in: .newlines)
        try await eventually { isGone(pid_t(text) ?? 0) }
    }

    @Test("a grandchild that keeps the output open does not delay the end")
    func lingering() async throws {
        let outcome = try await shell("sleep 1000 & echo $!").run()
        #expect(outcome.succeeded)
        #expect(outcome.duration < .seconds(60))
        if let pid = pid_t(outcome.output.text.trimmingCharacters(in: .newlines)) { kill(pid, SIGKILL) }
    }

    @Test("the child has no blocked signals and no descriptors of ours")
    func cleanStart() async throws {
        let outcome = try await shell("grep SigBlk /proc/self/status; ls /proc/self/fd | wc -l").run()
        #expect(outcome.output.text.contains("0000000000000000"))
        // 0, 1, 2 and the one by which ls reads the directory.
        #expect(outcome.output.text.hasSuffix("\n4\n"))
    }

    @Test("forty at once")
    func many() async throws {
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<40 { group.addTask { try await shell("echo \(number)").run().output.text } }
            var seen = Set<String>()
            for try await text in group { seen.insert(text) }
            #expect(seen.count == 40)
        }
    }
}

/// Gone, or a zombie that nobody has reaped: what an orphan is where process 1 does not reap.
private func isGone(_ pid: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return true }
    return text.contains(") Z ")
}
