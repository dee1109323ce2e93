// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

/// The Python of the tests' own environment.
enum Python {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()

    /// Runs a fixture to its end; a failure shows what it printed.
    static func run(_ script: String, _ arguments: [String]) throws {
        let process = try start(script, arguments)
        let guardian = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 120, execute: guardian)
        process.waitUntilExit()
        guardian.cancel()
        try #require(process.terminationStatus == 0, "\(script) failed")
    }

    /// Starts a fixture; the caller ends it.
    static func start(_ script: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: try interpreter.get())
        process.arguments = [tests.appending(path: "Fixtures/\(script)").path] + arguments
        // A fixture that outlives its test must not keep the test's own output open.
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static let interpreter = Result {
        let process = Process()
        process.executableURL = tests.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "scripts/python-venv")
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "scripts/python-venv failed")
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A web service in a process of its own, ended with the last reference to it.
final class Receiver: Sendable {
    struct Request: Decodable {
        var path: String
        var headers: [String: String]
        var body: String
    }

    let port: Int
    private let log: String
    private let process: Mutex<Process>

    init(_ site: Site) throws {
        let portFile = site.path("port")
        log = site.path("requests")
        let process = try Python.start("receiver.py", [portFile, log])
        let deadline = ContinuousClock.now + .seconds(60)
        var port: Int?
        while port == nil, process.isRunning, .now < deadline {
            port = (try? String(contentsOfFile: portFile, encoding: .utf8)).flatMap { Int($0) }
            if port == nil { usleep(10_000) }
        }
        self.port = port ?? 0
        self.process = Mutex(process)
        try #require(port != nil, "the receiver did not start")
    }

    deinit { process.withLock { _ = kill($0.processIdentifier, SIGKILL) } }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

    func requests() throws -> [Request] {
        try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
    }
}
