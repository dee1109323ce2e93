// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import Testing

/// The schema is judged by Python's jsonschema, as editors would judge it.
@Suite("JSON Schema")
struct SchemaTests {
    static let root = FixtureTests.folder.appending(path: "../../..").standardizedFileURL

    /// Runs the validator; each line of the answer is `ok` or the validator's complaint, one per document.
    private func validate(_ documents: [String]) throws -> [String] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "daqd-schema-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let schema = directory.appending(path: "schema.json")
        try Data(TestCatalog.all.schema.text.utf8).write(to: schema)
        var arguments = [
            Self.root.appending(path: "Tests/DAQKernelConfigurationTests/validate_schema.py").path, schema.path,
        ]
        for (index, document) in documents.enumerated() {
            let file = directory.appending(path: "\(index).conf")
            try Data(document.utf8).write(to: file)
            arguments.append(file.path)
        }
        let python = try launch(Self.root.appending(path: "scripts/python-venv").path, [], limit: 300)
        return try launch(python, arguments, limit: 120).split(separator: "\n").map(String.init)
    }

    private func launch(_ path: String, _ arguments: [String], limit: Double) throws -> String {
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

    @Test("the schema is a schema, takes the good file and refuses what the decoder refuses") func schema() throws {
        let good = [
            String(decoding: try FixtureText.goodSite(), as: UTF8.self),
            "site: {}\nplugins: []\ndevices: {}\n",
            "devices: {a: {type: camera, host: b, exposure: 5, port: '${PORT}'}}",
            "devices:\nfrontends: {w: {type: web}}\n",
        ]
        let bad = [
            "sight: {}", "devices: {a: {type: camera}}", "devices: {a: {type: camera, host: b, prot: 5}}",
            "devices: {a: {type: camera, host: b, port: 70000}}", "devices: {a: {type: camera, host: b, gain: hihg}}",
            "devices: {a: {type: camrea, host: b}}", "devices: {a: {host: b}}", "plugins: [{required: true}]",
            "devices: {a: {type: camera, host: b, exposure: 5 parsec}}", "logging: {level: loud}",
            "devices: {'a b': {type: camera, host: b}}", "devices: {a: {type: camera, host: b, token: x}}",
            "devices: {a: {type: camera, host: b, limits: {low: x}}}", "post_operations: {a: {type: copy}}",
            "devices: {a: {type: camera, host: b, energy: 5 s}}",
        ]
        let answers = try validate(good + bad)
        try #require(answers.count == good.count + bad.count)
        for (document, answer) in zip(good, answers) { #expect(answer == "ok", "\(document)") }
        for (document, answer) in zip(bad, answers.dropFirst(good.count)) { #expect(answer != "ok", "\(document)") }
        for document in bad { #expect(!TestCatalog.errors(document).isEmpty, "\(document)") }
    }
}

@Suite("The reference of settings")
struct ReferenceTests {
    @Test("names each type and setting once, with limits and default") func reference() {
        let text = TestCatalog.all.reference
        #expect(text.contains("| `port` | a whole number from 1 to 65535 | `5000` | Controller port |\n"))
        #expect(text.contains("| `limits.high` | a whole number at least 5 counts | `10` | High |\n"))
        #expect(text.contains("| `prefixes.*.prefix` | a text | required | Prefix |\n"))
        #expect(
            text.contains("| `token` | a secret, as {file: PATH}, {env: NAME} or ${NAME} | none | Access token |\n"))
        for type in TestCatalog.types { #expect(text.contains("### `type: \(type.name)`\n\n\(type.summary).\n")) }
    }
}
