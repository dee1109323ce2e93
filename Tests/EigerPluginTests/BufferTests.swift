// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Files in the detector's memory by name and by wildcard.
@Suite("Detector buffer")
struct BufferTests {
    /// A detector with two series of one image each in its memory, not fetched.
    private func stage() async throws -> (SimulatedDetector, Bench) {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.liveSource = .off }
        try await bench.untilIdle()
        try await bench.set("files/fetch", .bool(false))
        try await bench.set("filewriter/config/mode", .string("enabled"))
        try await bench.set("detector/config/frame_time", .float(0.02))
        for _ in 0..<2 { try await bench.call("acquire_as_set") }
        // Nobody waits for files that are not fetched.
        try await eventually("four files are there, complete") {
            let count = try await simulated.files().count
            return try await simulated.isWritten() && count == 4
        }
        return (simulated, bench)
    }

    @Test("download by wildcard, below the data folder, complete, and nothing is removed there")
    func download() async throws {
        let (simulated, bench) = try await stage()
        defer { bench.remove() }
        let paths = try await bench.call("download", Arguments([.string("series_1_*"), .string("copies")]))
        guard case .strings(let paths) = paths else {
            Issue.record("no list of paths but \(paths)")
            return
        }
        #expect(paths.map { SafePath.name(of: $0) }.sorted() == ["series_1_data_000001.h5", "series_1_master.h5"])
        #expect(paths.allSatisfy { $0.contains("/data/copies/") })
        for path in paths {
            let copy = try Data(contentsOf: URL(filePath: path))
            let original = try await simulated.get("/data/" + SafePath.name(of: path))
            #expect([UInt8](copy) == original.body)
        }
        #expect(try await simulated.files().count == 4)
        // The same once more is no conflict; no partial file is left.
        try await bench.call("download", Arguments([.string("series_1_*"), .string("copies")]))
        #expect(bench.names.allSatisfy { !$0.contains(".part") })
        await bench.stop()
    }

    @Test("a file of that name with other content is never written over")
    func conflict() async throws {
        let (simulated, bench) = try await stage()
        defer {
            bench.remove()
            withExtendedLifetime(simulated) {}
        }
        let path = bench.data + "/series_1_master.h5"
        try FileManager.default.createDirectory(atPath: bench.data, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: URL(filePath: path))
        await #expect(throws: DeviceError.self) {
            try await bench.call("download_file", Arguments([.string("series_1_master.h5")]))
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
        await bench.stop()
    }

    @Test("folders outside and names that lead there are refused")
    func outside() async throws {
        let (simulated, bench) = try await stage()
        defer { bench.remove() }
        for folder in ["/etc", "../up", "a/../../b"] {
            await #expect(throws: DeviceError.self) {
                try await bench.call("download", Arguments([.string("*"), .string(folder)]))
            }
        }
        for name in ["../series_1_master.h5", "/etc/passwd", ""] {
            await #expect(throws: DeviceError.self) { try await bench.call("get_file", Arguments([.string(name)])) }
            await #expect(throws: DeviceError.self) {
                try await bench.call("download_file", Arguments([.string(name)]))
            }
        }
        let error = await #expect(throws: DeviceError.self) {
            try await bench.call("download_file", Arguments([.string("nothing.h5")]))
        }
        #expect(error?.code == .notFound)
        #expect(try await simulated.files().count == 4)
        await bench.stop()
    }

    @Test("a broken transfer is continued")
    func broken() async throws {
        let (simulated, bench) = try await stage()
        defer { bench.remove() }
        try await simulated.fault(#"{"fault":"truncate","bytes":5000,"times":2,"path":"/data/series_2_master.h5"}"#)
        try await bench.call("download_file", Arguments([.string("series_2_master.h5")]))
        let original = try await simulated.get("/data/series_2_master.h5")
        let copy = try Data(contentsOf: URL(filePath: bench.data + "/series_2_master.h5"))
        #expect([UInt8](copy) == original.body)
        await bench.stop()
    }

    @Test("content of a file, removal by name, and everything only with force")
    func removal() async throws {
        let (simulated, bench) = try await stage()
        defer { bench.remove() }
        guard case .bytes(let content) = try await bench.call("get_file", Arguments([.string("series_1_master.h5")]))
        else {
            Issue.record("no bytes")
            return
        }
        #expect(content.starts(with: [0x89, 0x48, 0x44, 0x46]))
        try await bench.call("delete", Arguments([.string("series_1_master.h5")]))
        #expect(try await simulated.files().count == 3)
        await #expect(throws: DeviceError.self) { try await bench.call("delete_all") }
        await #expect(throws: DeviceError.self) { try await bench.call("filewriter/command/clear") }
        #expect(try await simulated.files().count == 3)
        try await bench.call("delete_all", Arguments([.bool(true)]))
        #expect(try await simulated.files().isEmpty)
        #expect(try await simulated.requests().contains { $0.hasSuffix("filewriter/api/1.8.0/command/clear") } == false)
        await bench.stop()
    }

    @Test("the list of files follows what happens there")
    func listing() async throws {
        let (simulated, bench) = try await stage()
        defer {
            bench.remove()
            withExtendedLifetime(simulated) {}
        }
        try await bench.call("status_update")
        try await eventually("four files are listed") {
            guard case .strings(let names) = try bench.value("buffer/files") else { return false }
            return names.count == 4
        }
        await bench.stop()
    }
}

@Suite("Shell wildcards")
struct ShellPatternTests {
    @Test(
        "what fits",
        arguments: [
            ("*", "anything"), ("*.h5", "a.h5"), ("a?c", "abc"), ("a[bx]c", "axc"), ("a[a-c]c", "abc"),
            ("a[!x]c", "abc"),
            ("*_data_*", "s_1_data_000001.h5"), ("[", "["), ("[abc", "[abc"), ("[]]", "]"), ("a**b", "ab"),
            ("[!]", "[!]"),
            ("[a-]", "-"), ("é?", "éx"),
        ])
    func fits(pattern: String, name: String) throws { #expect(try ShellPattern(pattern).matches(name)) }

    @Test(
        "what does not",
        arguments: [
            ("*.h5", "a.h5x"), ("a?c", "ac"), ("a[bx]c", "acc"), ("a[!b]c", "abc"), ("", ""), ("abc", "ab"), ("?", ""),
            ("[a-c]", "d"), ("[z-a]", "b"),
        ].dropFirst(0).filter { !$0.0.isEmpty })
    func doesNotFit(pattern: String, name: String) throws { #expect(try !ShellPattern(pattern).matches(name)) }

    @Test("patterns that are empty or endless are refused; many stars cost no time")
    func hostile() throws {
        #expect(throws: WireError.self) { try ShellPattern("") }
        #expect(throws: WireError.self) { try ShellPattern(String(repeating: "a", count: 256)) }
        let stars = try ShellPattern(String(repeating: "*a", count: 120) + "b")
        #expect(!stars.matches(String(repeating: "a", count: 2000)))
    }
}
