// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

@Suite("Needed libraries", .tags(.loading))
struct LibraryResolverTests {
    private let workshop: Workshop
    private let source: String

    init() throws {
        workshop = try Workshop()
        source = try workshop.write("int daqd_nothing;\n", to: "nothing.c")
        for directory in ["a", "b"] {
            try FileManager.default.createDirectory(
                atPath: workshop.path(directory), withIntermediateDirectories: false)
        }
    }

    /// A library that is only in directory `a`, and one that needs it and is linked with `flags`.
    private func pair(_ flags: [String]) throws -> String {
        try workshop.sharedObject("a/libdaqdinner.so", from: source)
        return try workshop.sharedObject(
            "libouter.so", from: source, ["-L", workshop.path("a"), "-ldaqdinner"] + flags)
    }

    private func resolve(_ path: String, _ resolver: LibraryResolver) throws -> LibraryResolver.Findings {
        try resolver.resolve(ELFImage(PluginFile(opening: path)), at: path)
    }

    private var resolver: LibraryResolver {
        var resolver = LibraryResolver()
        resolver.environment = []
        return resolver
    }

    @Test("a library in no directory is missing, and says who needs it")
    func missing() throws {
        let path = try pair([])
        #expect(try resolve(path, resolver).missing == [.init(name: "libdaqdinner.so", neededBy: path)])
    }

    @Test(
        "run paths are followed",
        arguments: ["--enable-new-dtags,-rpath,$ORIGIN/a", "--disable-new-dtags,-rpath,${ORIGIN}/a"])
    func runPaths(flag: String) throws {
        let findings = try resolve(pair(["-Wl,\(flag)"]), resolver)
        #expect(findings.missing.isEmpty)
        #expect(findings.additional == [workshop.path("a/libdaqdinner.so")])
    }

    @Test("LD_LIBRARY_PATH is followed")
    func environment() throws {
        let path = try pair([])
        var resolver = resolver
        resolver.environment = ["/nonexistent", workshop.path("a")]
        #expect(try resolve(path, resolver).missing.isEmpty)
    }

    @Test("what is loaded needs no file")
    func loaded() throws {
        let path = try pair([])
        var resolver = resolver
        resolver.isLoaded = { $0 == "libdaqdinner.so" || $0 == "libc.so.6" }
        #expect(try resolve(path, resolver) == .init())
    }

    @Test("a library of a library is looked for too")
    func transitive() throws {
        try workshop.sharedObject("b/libdaqdlast.so", from: source)
        try workshop.sharedObject("a/libdaqdinner.so", from: source, ["-L", workshop.path("b"), "-ldaqdlast"])
        let path = try workshop.sharedObject(
            "libouter.so", from: source,
            ["-L", workshop.path("a"), "-ldaqdinner", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/a:$ORIGIN/b"])
        // DT_RUNPATH is not inherited: the inner library cannot see directory b.
        let expected = LibraryResolver.Missing(name: "libdaqdlast.so", neededBy: workshop.path("a/libdaqdinner.so"))
        #expect(try resolve(path, resolver).missing == [expected])
    }

    @Test("a file that is no library is passed over")
    func notALibrary() throws {
        let path = try pair(["-Wl,--enable-new-dtags,-rpath,$ORIGIN/b:$ORIGIN/a"])
        try workshop.write("INPUT(-lc)", to: "b/libdaqdinner.so")
        #expect(try resolve(path, resolver).additional == [workshop.path("a/libdaqdinner.so")])
    }

    @Test("what the linker's cache and the standard directories hold is found")
    func system() throws {
        var resolver = resolver
        resolver.isLoaded = { _ in false }
        let path = try workshop.sharedObject("libouter.so", from: source)
        var cached = resolver
        cached.standardDirectories = []
        #expect(try resolve(path, cached).missing.isEmpty)
        var standard = resolver
        standard.cachePath = "/nonexistent"
        #expect(try resolve(path, standard).missing.isEmpty)
        standard.standardDirectories = []
        #expect(try resolve(path, standard).missing.map(\.name) == ["libc.so.6"])
    }

    @Test("the linker agrees: what is missing here fails there")
    func agreesWithLinker() throws {
        let path = try pair([])
        let program = try workshop.write("int main(void) { return 0; }\n", to: "main.c")
        #expect(throws: Tool.Failure.self) {
            try Tool.run(
                "clang",
                [
                    "-o", workshop.path("main"), "-Wl,--no-as-needed", program, path,
                    "-Wl,--no-as-needed,--unresolved-symbols=ignore-all",
                ])
            try Tool.run(workshop.path("main"), [])
        }
    }

    @Test("a cut cache gives fewer names, never a trap")
    func hostileCache() throws {
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: "/etc/ld.so.cache")))
        #expect(!LinkerCache(decoding: bytes).paths(of: "libc.so.6").isEmpty)
        for length in stride(from: 0, to: min(bytes.count, 4096), by: 7) {
            _ = LinkerCache(decoding: Array(bytes.prefix(length))).paths(of: "libc.so.6")
        }
    }
}
