// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Judges documents by a JSON Schema with Python's jsonschema, as editors would judge them.
public enum SchemaJudge {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL

    /// - Parameters:
    ///   - schema: The schema's own text, which is judged as well.
    ///   - suffix: `json` for documents in JSON; else they are YAML.
    /// - Returns: For each document `ok` or the complaint.
    public static func answers(_ documents: [String], schema: String, suffix: String) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "daqd-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "schema.json")
        try Data(schema.utf8).write(to: file)
        var arguments = ["-B", root.appending(path: "Tests/SchemaTesting/validate_schema.py").path, file.path]
        for (number, document) in documents.enumerated() {
            let file = folder.appending(path: "\(number).\(suffix)")
            try Data(document.utf8).write(to: file)
            arguments.append(file.path)
        }
        let python = try launch(root.appending(path: "scripts/python-venv").path, [], limit: 300)
        return try launch(python, arguments, limit: 120).split(separator: "\n").map(String.init)
    }

    private static func launch(_ path: String, _ arguments: [String], limit: Double) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let guardian = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: guardian)
        defer { guardian.cancel() }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(path) \(arguments)")
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
