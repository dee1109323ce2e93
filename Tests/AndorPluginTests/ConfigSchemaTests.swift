// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import SchemaTesting
import Testing

@testable import AndorPlugin

/// docs/andor-config.schema.json, which editors use, against what reads the file.
@Suite("schema of AndorConfig.json")
struct ConfigSchemaTests {
    private static let schema = URL(filePath: #filePath).appending(path: "../../../docs/andor-config.schema.json")
        .standardizedFileURL

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
        let schema = try String(contentsOf: Self.schema, encoding: .utf8)
        let answers = try SchemaJudge.answers(good + bad, schema: schema, suffix: "json")
        try #require(answers.count == good.count + bad.count)
        for (document, answer) in zip(good, answers) { #expect(answer == "ok", "\(document)") }
        for (mistake, answer) in zip(ConfigTests.mistakes, answers.dropFirst(good.count)) {
            #expect(answer != "ok", "\(mistake.1)")
        }
    }
}
