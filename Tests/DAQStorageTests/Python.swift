// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Runs the Python of the tests' own environment, which reads our files with h5py and hdf5plugin.
enum Python {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Runs a script of `Fixtures` and returns what it printed; a non-zero exit fails the test with its messages.
    static func run(_ script: String, _ arguments: [String]) throws -> String {
        let interpreter = try launch(root.appending(path: "scripts/python-venv").path, [], limit: 300)
        let fixture = root.appending(path: "Tests/DAQStorageTests/Fixtures/\(script)").path
        return try launch(interpreter, [fixture] + arguments, limit: 120)
    }

    private static func launch(_ path: String, _ arguments: [String], limit: Double) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let output = FileManager.default.temporaryDirectory.appending(path: "daqd-python-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: output) }
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        let guardian = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: guardian)
        process.waitUntilExit()
        guardian.cancel()
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(process.terminationStatus == 0, "\(path) \(arguments): \(text)")
        return text
    }
}

/// A folder that is removed at the end of the test.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "daqd-storage-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }
}
