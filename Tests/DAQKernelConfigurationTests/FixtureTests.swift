// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import Testing

@Suite("Configuration files")
struct FixtureTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func names(_ subfolder: String) -> [String] {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: subfolder).path)
        return (files ?? []).filter { $0.hasSuffix(".conf") }.sorted()
    }

    static func read(_ name: String, in subfolder: String) throws -> SiteConfiguration {
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "\(subfolder)/\(name)")))
        let document = try ConfigurationDocument.parse(bytes, file: name, environment: TestCatalog.environment)
        return try ConfigurationDraft(document, environment: TestCatalog.environment).resolve(TestCatalog.all)
    }

    @Test("a good file decodes without a warning", arguments: names("good"))
    func good(name: String) throws {
        #expect(try Self.read(name, in: "good").warnings.isEmpty)
    }

    /// Set `DAQD_WRITE_GOLDEN` to write the expected texts anew, then read the difference before committing it.
    @Test("a bad file draws exactly the expected messages", arguments: names("bad"))
    func bad(name: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try Self.read(name, in: "bad") }
        let text = "\(error)\n"
        let golden = Self.folder.appending(path: "bad/\(name.dropLast(5)).expected")
        if ProcessInfo.processInfo.environment["DAQD_WRITE_GOLDEN"] != nil {
            try text.write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: golden, encoding: .utf8)))
        #expect(!text.contains("s3cret-t0ken"), "a secret is never printed")
        #expect(!text.contains("hunter2"), "a secret is never printed")
        for diagnostic in error.diagnostics { #expect(diagnostic.place?.file == name) }
    }

    @Test("there are fixtures to run") func fixturesExist() {
        #expect(Self.names("good").count >= 1)
        #expect(Self.names("bad").count >= 15)
    }
}
