// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import SchemaTesting
import Testing

/// The schema is judged by Python's jsonschema, as editors would judge it.
@Suite("JSON Schema")
struct SchemaTests {
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
        let answers = try SchemaJudge.answers(good + bad, schema: TestCatalog.all.schema.text, suffix: "conf")
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
