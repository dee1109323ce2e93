// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import Testing

/// Bytes of the good file, and the one verdict that any bytes must draw.
enum FixtureText {
    static func goodSite() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: FixtureTests.folder.appending(path: "good/site.conf")))
    }

    /// A configuration, or an error whose every diagnostic has a place in the file; anything else fails the test.
    static func judge(_ bytes: [UInt8]) {
        do throws(ConfigurationError) {
            let document = try ConfigurationDocument.parse(bytes, file: "f", environment: TestCatalog.environment)
            let draft = ConfigurationDraft(document, environment: TestCatalog.environment)
            _ = try draft.resolve(TestCatalog.all)
        } catch {
            let isSound = !error.diagnostics.isEmpty && error.diagnostics.hasErrors
            let isPlaced = error.diagnostics.allSatisfy { $0.place?.file == "f" || $0.message.contains("more errors") }
            let isOneLine = error.diagnostics.allSatisfy { !$0.message.contains("\n") && !$0.message.contains("\u{0}") }
            if !isSound || !isPlaced || !isOneLine {
                Issue.record("\(error) for \(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }
}
