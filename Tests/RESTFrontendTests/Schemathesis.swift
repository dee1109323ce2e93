// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation

/// The property-based tester of OpenAPI descriptions, from the project's Python environment.
enum Schemathesis {
    /// Runs it against a frontend on this machine; all but the events, whose reply has no end.
    static func run(port: Int, examples: Int, limitSeconds: Int) throws -> (status: Int32, output: String) {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let python = try output(["/usr/bin/env", root.appending(path: "scripts/python-venv").path]).output
        let tool = URL(fileURLWithPath: python.trimmingCharacters(in: .whitespacesAndNewlines))
            .deletingLastPathComponent().appending(path: "schemathesis").path
        return try output([
            "/usr/bin/timeout", "--kill-after=5", "\(limitSeconds)", tool, "run",
            "http://127.0.0.1:\(port)/api/v1/openapi.json",
            "--url", "http://127.0.0.1:\(port)", "--checks", "all", "--max-examples", "\(examples)", "--seed", "1",
            "--no-color",
            "--exclude-path", "/api/v1/events", "--request-timeout", "30", "--workers", "1", "--phases",
            "examples,coverage,fuzzing,stateful",
        ])
    }

    private static func output(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
