// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import Testing

@testable import AndorPlugin

/// docs/andor-config.schema.json, which editors use, against what reads the file.
@Suite("schema of AndorConfig.json")
struct ConfigSchemaTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL
    private static let schema = root.appending(path: "docs/andor-config.schema.json")

    @Test("it lists the keys that are read, and no others")
    func keys() throws {
        let schema = try JSON(parsing: String(contentsOf: Self.schema, encoding: .utf8))
        guard case .object(let properties) = schema["properties"] else {
            Issue.record("no properties")
            return
        }
        #expect(Set(properties.map(\.0)) == AndorConfig.known)
    }

    @Test("it takes what is read and refuses what is refused")
    func agreement() throws {
        let bad = ConfigTests.mistakes.map { ConfigTests.text.replacingOccurrences(of: $0.0, with: $0.1) }
        let good = [ConfigTests.text, "{}", #"{"exposureTime": 1e-05, "somethingNew": [1, 2]}"#]
        for document in good { _ = try AndorConfig(JSON(parsing: document), over: CameraSetup()) }
        let answers = try Self.judge(good + bad)
        try #require(answers.count == good.count + bad.count)
        for (document, answer) in zip(good, answers) { #expect(answer == "ok", "\(document)") }
        for (mistake, answer) in zip(ConfigTests.mistakes, answers.dropFirst(good.count)) {
            #expect(answer != "ok", "\(mistake.1)")
        }
    }

    /// What Python's jsonschema says of each document: `ok` or a complaint.
    private static func judge(_ documents: [String]) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "andor-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let validator = root.appending(path: "Tests/DAQKernelConfigurationTests/validate_schema.py").path
        var arguments = ["-B", validator, schema.path]
        for (number, document) in documents.enumerated() {
            let file = folder.appending(path: "\(number).json")
            try Data(document.utf8).write(to: file)
            arguments.append(file.path)
        }
        let python = try run(root.appending(path: "scripts/python-venv").path, [])
        return try run(python, arguments).split(separator: "\n").map(String.init)
    }

    private static func run(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let guardian = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 300, execute: guardian)
        defer { guardian.cancel() }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(path) \(arguments)")
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
