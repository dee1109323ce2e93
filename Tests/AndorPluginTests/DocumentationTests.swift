// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("docs/andor.md")
struct DocumentationTests {
    private static let begin = "<!-- parameters -->\n"
    private static let end = "<!-- /parameters -->"

    @Test("the table of parameters is what the declarations say; DAQD_WRITE_GOLDEN=1 writes it anew")
    func table() async throws {
        let page = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("../../docs/andor.md").standardizedFileURL
        let bench = try await Bench { $0.library = "/nowhere/libandor.so" }
        let text = try String(contentsOf: page, encoding: .utf8)
        let head = try #require(text.components(separatedBy: Self.begin).first)
        let tail = try #require(text.components(separatedBy: Self.end).last)
        let wanted = head + Self.begin + Self.rows(bench.node) + Self.end + tail
        if ProcessInfo.processInfo.environment["DAQD_WRITE_GOLDEN"] != nil {
            try wanted.write(to: page, atomically: true, encoding: .utf8)
        } else {
            #expect(text == wanted)
        }
        await bench.stop()
    }

    @Test("the message that the page shows as an example is what the camera says")
    func message() async throws {
        let page = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("../../docs/andor.md").standardizedFileURL
        let words = try String(contentsOf: page, encoding: .utf8).split(whereSeparator: \.isWhitespace)
        let bench = try await Bench()
        try await bench.untilIdle()
        let error = await #expect(throws: DeviceError.self) { try await bench.call("abort_acquisition") }
        #expect(words.joined(separator: " ").contains("*\(error?.message ?? "no error")*"))
        await bench.stop()
    }

    private static func rows(_ node: DeviceNode) -> String {
        let header = "| parameter | type | unit | access | what |\n|---|---|---|---|---|\n"
        return header
            + node.parameters.map { parameter in
                let m = parameter.metadata
                let type = m.choices.isEmpty ? m.type.name : m.choices.joined(separator: ", ")
                let access = m.access == .read ? "read" : "read, write"
                return "| `\(parameter.name)` | \(type) | \(m.unit) | \(access) | \(m.description) |\n"
            }.joined()
    }
}
