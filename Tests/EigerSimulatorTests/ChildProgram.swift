// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// A program that a test starts and that ends with the test on every path; blocking, for threads of their own.
final class ChildProgram {
    private let process = Process()
    private let output = Pipe()

    /// The repository.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A program built beside the tests.
    static func built(_ name: String) throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(filePath: tests).deletingLastPathComponent().appending(path: name).path
        try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is not built")
        return path
    }

    init(_ path: String, _ arguments: [String]) throws {
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// The first line that it prints.
    func firstLine() throws -> String {
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Sends a signal and waits for the end, at most that long; returns the exit status.
    func end(_ signal: Int32, limit: Double = 30) throws -> Int32 {
        kill(process.processIdentifier, signal)
        return try wait(limit: limit)
    }

    private func wait(limit: Double) throws -> Int32 {
        let id = process.processIdentifier
        let guardian = DispatchWorkItem { kill(id, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: guardian)
        process.waitUntilExit()
        guardian.cancel()
        try #require(process.terminationReason == .exit, "it was ended by signal \(process.terminationStatus)")
        return process.terminationStatus
    }

    /// Runs a program to its end.
    static func run(_ path: String, _ arguments: [String], limit: Double) throws -> (status: Int32, text: String) {
        let program = try ChildProgram(path, arguments)
        let id = program.process.processIdentifier
        let guardian = DispatchWorkItem { kill(id, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: guardian)
        let bytes = program.output.fileHandleForReading.readDataToEndOfFile()
        program.process.waitUntilExit()
        guardian.cancel()
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return (program.process.terminationStatus, text)
    }

    /// Runs a script of `Fixtures` in the tests' Python environment and returns what it printed.
    static func python(_ script: String, _ arguments: [String]) throws -> String {
        let environment = try run(root.appending(path: "scripts/python-venv").path, [], limit: 300)
        try #require(environment.status == 0, "\(environment.text)")
        let path = root.appending(path: "Tests/EigerSimulatorTests/Fixtures/\(script)").path
        let result = try run(environment.text, [path] + arguments, limit: 120)
        try #require(result.status == 0, "\(result.text)")
        return result.text
    }
}
