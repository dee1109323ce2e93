// Part of daqd
// SPDX-License-Identifier: MIT
@testable import DAQKernel
import Foundation
import Testing

@testable import StandardOperations

@Suite("docs/post-operations.md")
struct DocumentationTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let page: String

    init() throws {
        let root = Self.folder.deletingLastPathComponent().deletingLastPathComponent()
        page = try String(contentsOf: root.appending(path: "docs/post-operations.md"), encoding: .utf8)
    }

    @Test("every setting of every operation is described")
    func settings() throws {
        let registry = Registry()
        _ = registry.lend { StandardOperations.register($0) }
        for (type, _) in registry.types(.postOperation) {
            let parts = page.components(separatedBy: "\n## ")
            let section = try #require(parts.first { $0.hasPrefix("`\(type)`") }, "no section on \(type)")
            for setting in registry.settings(.postOperation, type) ?? [] {
                #expect(section.contains("| `\(setting.name)` |"), "\(type): \(setting.name)")
            }
        }
        for place in DestinationTemplate.places { #expect(page.contains("`{\(place.name)}`"), "\(place.name)") }
    }

    @Test("the operation of one's own is the one that is compiled and run here")
    func ownOperation() async throws {
        let source = try String(contentsOf: Self.folder.appending(path: "ArchiveTicket.swift"), encoding: .utf8)
        let body = source.components(separatedBy: "import DAQKernel").last ?? source
        #expect(page.contains(body.trimmingCharacters(in: .whitespacesAndNewlines)))

        let site = try Site()
        try FileManager.default.createDirectory(atPath: site.path("inbox"), withIntermediateDirectories: true)
        let files = try await site.series("run_1", frames: [1])
        let ticket = ArchiveTicket(inbox: site.path("inbox"))
        for attempt in 1...2 {
            let result = try await site.run(ticket, site.record(files, expected: 1, received: 1), attempt: attempt)
            #expect(result.artifacts.count == 1)
            let text = String(decoding: try site.bytes(result.artifacts[0].path), as: UTF8.self)
            #expect(text.split(separator: "\n").count == 2)
            #expect(text.hasSuffix("\(files[1].path)\n"))
        }
    }

    @Test("the configurations on the page are accepted")
    func examples() throws {
        let site = try Site()
        let blocks = page.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(!blocks.isEmpty)
        for block in blocks { #expect(throws: Never.self) { try site.check(block) } }
    }
}
