// Part of daqd
// SPDX-License-Identifier: MIT
@testable import DAQKernel
import Foundation
import Testing

@testable import StandardOperations

@Suite("copy")
struct CopyTests {
    let site: Site
    init() throws { site = try Site() }

    private func target(_ name: String = "") -> String {
        site.path("archive/2026/eiger1" + (name.isEmpty ? "" : "/\(name)"))
    }

    private func copy(_ more: String = "") throws -> any PostOperation {
        try site.operation("{type: copy, destination: '\(site.path("archive"))/{year}/{device}'\(more)}")
    }

    @Test("all files arrive under their names, equal, nothing else; a second run moves nothing")
    func whole() async throws {
        let files = try await site.series("run_1", frames: [4, 4])
        let record = site.record(files, expected: 8, received: 8)
        let bytes = files.reduce(0) { $0 + ($1.size ?? 0) }
        let operation = try copy()
        let first = try await site.run(operation, record)
        #expect(first.note == "3 files, \(bytes) bytes in \(target()), compared")
        #expect(first.artifacts.map(\.role) == [.copy, .copy, .copy])
        #expect(first.artifacts.map(\.sha256) == files.map(\.sha256))
        #expect(site.names(target()) == files.map(\.name).sorted())
        for file in files { #expect(try site.bytes(target(file.name)) == site.bytes(file.path)) }
        let second = try await site.run(operation, record, attempt: 2)
        #expect(second.note.hasSuffix("compared; all were there"))
        #expect(second.artifacts == first.artifacts)
        #expect(site.names(target()) == files.map(\.name).sorted())
    }

    @Test("goes on where a killed copy ended, whether its part is right or wrong", arguments: [true, false])
    func afterCrash(partIsRight: Bool) async throws {
        let content = (0..<9_000_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
        try site.write(content, site.path("big.raw"))
        let record = site.record([try await site.artifact("big.raw", .data)], expected: nil, received: 1)
        try FileManager.default.createDirectory(atPath: target(), withIntermediateDirectories: true)
        // What DurableFile of a killed process leaves: the first bytes under its partial name.
        let file = try DurableFile(path: target("big.raw"), tag: "\(record.id).op")
        try file.write(partIsRight ? Array(content.prefix(5_000_000)) : [UInt8](repeating: 9, count: 5_000_000))
        file.close()
        #expect(site.names(target()).count == 1)
        let result = try await site.run(try copy(), record, attempt: 2)
        #expect(result.note == "1 file, 9000000 bytes in \(target()), compared")
        #expect(try site.bytes(target("big.raw")) == content)
        #expect(site.names(target()) == ["big.raw"])
    }

    @Test("a file of other content under the name is never replaced")
    func nameTaken() async throws {
        let files = try await site.series("run_1", frames: [2])
        try FileManager.default.createDirectory(atPath: target(), withIntermediateDirectories: true)
        try site.write(Array("somebody else's".utf8), target("run_1_master.h5"))
        let error = await site.failure(try copy(), site.record(files, expected: 2, received: 2))
        #expect(error.kind == .permanent)
        #expect(error.message == "\(target("run_1_master.h5")) exists with other content; nothing was replaced")
        #expect(try site.bytes(target("run_1_master.h5")) == Array("somebody else's".utf8))
    }

    @Test("a source that changed since it was recorded is not copied")
    func sourceChanged() async throws {
        let files = try await site.series("run_1", frames: [2])
        var bytes = try site.bytes(files[1].path)
        bytes[bytes.count - 1] ^= 1
        try site.write(bytes, files[1].path)
        let error = await site.failure(try copy(), site.record(files, expected: 2, received: 2))
        #expect(error.kind == .dataWrong)
        #expect(error.message.hasPrefix("\(files[1].path) is not what the run log says: "))
        #expect(!site.names(target()).contains(files[1].name))
    }

    @Test("an absent source, a destination that is a file, a folder that may not be made")
    func troubles() async throws {
        let files = try await site.series("run_1", frames: [1])
        let record = site.record(files, expected: 1, received: 1)
        let closed = try site.operation("{type: copy, create: false, destination: '\(site.path("nowhere"))'}")
        #expect(await site.failure(closed, record).message.contains("nowhere"))
        try site.write([1], site.path("archive"))
        let blocked = await site.failure(try copy(), record)
        #expect(blocked.message.contains("Not a directory"), "\(blocked)")
        try FileManager.default.removeItem(atPath: site.path("archive"))
        try FileManager.default.removeItem(atPath: files[1].path)
        #expect(
            await site.failure(try copy(), record).message == "cannot open \(files[1].path): No such file or directory")
    }

    @Test("roles choose the files")
    func roles() async throws {
        let files = try await site.series("run_1", frames: [1, 1])
        let result = try await site.run(try copy(", roles: [master]"), site.record(files, expected: 2, received: 2))
        #expect(result.artifacts.map(\.name) == ["run_1_master.h5"])
    }

    @Test("ends soon when it is cancelled, and the next attempt is right")
    func cancelled() async throws {
        let content = [UInt8](repeating: 5, count: 64 << 20)
        try site.write(content, site.path("big.raw"))
        let record = site.record([try await site.artifact("big.raw", .data)], expected: nil, received: 1)
        let operation = try copy()
        let task = Task { try await site.run(operation, record) }
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        #expect(!site.names(target()).contains("big.raw"))
        _ = try await site.run(operation, record, attempt: 2)
        #expect(try site.bytes(target("big.raw")) == content)
        #expect(site.names(target()) == ["big.raw"])
    }

    @Test("what is wrong with a configuration is said with its place")
    func configuration() {
        #expect(site.refusal("{type: copy}").contains("destination"))
        #expect(
            site.refusal("{type: copy, destination: '/a/{yeer}'}").contains(
                "names the unknown place {yeer}; there are device"))
        #expect(site.refusal("{type: copy, destination: '/a/{year'}").contains("has a brace without partner"))
        #expect(site.refusal("{type: copy, destination: /a, read_bakc: true}").contains("read_back"))
        #expect(site.refusal("{type: copy, destination: /a, roles: 3}").contains("roles"))
    }
}

@Suite("places of a destination")
struct DestinationTemplateTests {
    @Test("values never add folders nor lead out")
    func hostile() throws {
        let template = try DestinationTemplate("/archive/{name}/x")
        #expect(try template.fill(["name": "run_1"]) == "/archive/run_1/x")
        #expect(try template.fill(["name": "a/b/c"]) == "/archive/a_b_c/x")
        #expect(try template.fill(["name": "/etc"]) == "/archive/_etc/x")
        #expect(try template.fill(["name": "../../etc"]) == "/archive/.._.._etc/x")
        #expect(try template.fill(["name": "{device}"]) == "/archive/{device}/x")
        for name in ["..", ".", "", "a\u{0}b", "a\nb", String(repeating: "x", count: 300)] {
            #expect(throws: TemplateError.self) { try template.fill(["name": name]) }
        }
        #expect(throws: TemplateError.self) { try DestinationTemplate("relative/{name}").fill(["name": "a"]) }
        #expect(throws: TemplateError.self) { try DestinationTemplate("/a/../b").fill([:]) }
        for text in ["/{", "/}", "/{name", "/{}", "/{name}}", "/{na{me}"] {
            #expect(throws: TemplateError.self) { try DestinationTemplate(text) }
        }
    }

    @Test("every documented place has a value")
    func values() throws {
        let site = try Site()
        let values = DestinationTemplate.values(of: site.record([], expected: 1, received: 1))
        #expect(Set(values.keys) == Set(DestinationTemplate.places.map(\.name)))
        let path = try DestinationTemplate("/{year}/{month}/{day}/{date}_{time}/{device}/{name}_{state}_{id}").fill(
            values)
        #expect(path == "/2026/11/21/2026-11-21_021530/eiger1/run_1_done_20261121-021530-123-k3f9")
    }
}
