// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

/// A plugin that is refused before any of its code runs.
struct BrokenPlugin: Sendable, CustomTestStringConvertible {
    /// The name of the file with the expected text; it begins with the code.
    var name: String
    /// Builds it and returns the entry of `plugins:` that names it.
    var build: @Sendable (Workshop) throws -> String

    var testDescription: String { name }

    /// A plugin with a stamp that fits the example host, changed by `change`.
    static func stamped(_ name: String, _ change: @escaping @Sendable (inout PluginStamp) -> Void) -> BrokenPlugin {
        BrokenPlugin(name: name) { workshop in
            let path = try workshop.plugin()
            try workshop.restamp(path, stamp(change))
            return path
        }
    }

    /// A plugin compiled with `defines` and the linker's `flags`, with a stamp that fits the example host.
    static func compiled(_ name: String, _ defines: [String], _ flags: [String] = []) -> BrokenPlugin {
        BrokenPlugin(name: name) { workshop in
            let path = try workshop.plugin("libCorpus.so", defines, flags)
            try workshop.restamp(path, stamp { _ in })
            return path
        }
    }

    /// A plugin with one byte range of its file replaced.
    static func patched(_ name: String, _ offset: UInt64, _ bytes: [UInt8]) -> BrokenPlugin {
        BrokenPlugin(name: name) { workshop in
            let path = try workshop.plugin()
            let handle = try FileHandle(forUpdating: URL(filePath: path))
            try handle.seek(toOffset: offset)
            try handle.write(contentsOf: bytes)
            try handle.close()
            return path
        }
    }

    /// The stamp of the corpus' plugin, as if it had been built for the example host.
    static func stamp(_ change: (inout PluginStamp) -> Void) -> PluginStamp {
        var stamp = PluginStampTests.good
        stamp.id = "corpus"
        stamp.name = "CorpusPlugin"
        stamp.kinds = ["device"]
        stamp.flags = []
        change(&stamp)
        return stamp
    }
}

extension BrokenPlugin {
    /// One for each way to be refused before loading.
    static let all: [BrokenPlugin] = paths + files + stamps + contents

    private static let paths: [BrokenPlugin] = [
        BrokenPlugin(name: "P001-not-found") { _ in "Corpus" },
        BrokenPlugin(name: "P001-unreadable") { workshop in
            try FileManager.default.createSymbolicLink(
                atPath: workshop.path("libCorpus.so"), withDestinationPath: workshop.path("libCorpus.so"))
            return "Corpus"
        },
        BrokenPlugin(name: "P001-path") { workshop in workshop.path("libCorpus.so") },
        BrokenPlugin(name: "P002-mode") { workshop in
            chmod(try workshop.plugin(), 0o775)
            return "Corpus"
        },
        BrokenPlugin(name: "P002-directory") { workshop in workshop.directory },
        BrokenPlugin(name: "P002-pipe") { workshop in
            mkfifo(workshop.path("libCorpus.so"), 0o600)
            return "Corpus"
        },
        BrokenPlugin(name: "P002-outside") { workshop in
            try FileManager.default.createDirectory(
                atPath: workshop.path("elsewhere"), withIntermediateDirectories: false)
            try workshop.plugin("elsewhere/libOther.so")
            try FileManager.default.createDirectory(
                atPath: workshop.path("plugins"), withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: workshop.path("plugins/libCorpus.so"), withDestinationPath: "../elsewhere/libOther.so")
            return "Corpus"
        },
    ]

    private static let files: [BrokenPlugin] = [
        BrokenPlugin(name: "P101-text") { workshop in try workshop.write("#!/bin/sh\n", to: "libCorpus.so") },
        BrokenPlugin(name: "P101-empty") { workshop in try workshop.write("", to: "libCorpus.so") },
        BrokenPlugin(name: "P101-truncated") { workshop in
            let path = try workshop.plugin()
            truncate(path, 40)
            return path
        },
        patched("P101-class", 4, [1]),
        patched("P101-byte-order", 5, [2]),
        patched("P101-machine", 18, [0xf3, 0]),
        patched("P101-type", 16, [1, 0]),
    ]

    private static let stamps: [BrokenPlugin] = [
        BrokenPlugin(name: "P102-no-stamp") { workshop in try workshop.plugin("libCorpus.so", ["NO_STAMP"]) },
        BrokenPlugin(name: "P102-zeros") { workshop in
            let path = try workshop.plugin()
            try workshop.restamp(path, bytes: [UInt8](repeating: 0, count: 512))
            return path
        },
        stamped("P102-id") { $0.id = "Corpus!" },
        stamped("P102-kind") { $0.kinds = ["device", "writer"] },
        stamped("P103-older") { $0.kernelABI = .init(major: 2, minor: 7) },
        stamped("P103-newer-interface") {
            $0.kernelABI = .init(major: 4, minor: 0)
            $0.kernelInterface[0] = 0xaa
        },
        stamped("P104") { $0.kernelABI = .init(major: 3, minor: 3) },
        stamped("P105") {
            $0.doors = .c
            $0.cABI = .init(major: 1, minor: 2)
        },
        stamped("P107-release") {
            $0.swiftCompiler = 60202
            $0.compiler = "17.0.0 (https://github.com/swiftlang/llvm-project.git 0123456789abcdef)"
        },
        stamped("P107-commit") {
            $0.compiler = "21.0.0 (https://github.com/swiftlang/llvm-project.git 0123456789abcdef)"
        },
        stamped("P107-gcc") {
            $0.swiftCompiler = 0
            $0.compiler = "GCC 12.2.0"
        },
        stamped("P110") { $0.flags = [.debugBuild, .experimental] },
    ]

    private static let contents: [BrokenPlugin] = [
        BrokenPlugin(name: "P108") { workshop in
            let source = try workshop.write("int daqd_nothing;\n", to: "nothing.c")
            try workshop.sharedObject("libvendorsdk.so.3", from: source, ["-Wl,-soname,libvendorsdk.so.3"])
            let path = try workshop.plugin("libCorpus.so", [], [workshop.path("libvendorsdk.so.3")])
            try FileManager.default.removeItem(atPath: workshop.path("libvendorsdk.so.3"))
            try workshop.restamp(path, stamp { _ in })
            return path
        },
        compiled("P109-copy", ["DEFINES_KERNEL"]),
        BrokenPlugin(name: "P109-not-needed") { workshop in
            let path = try workshop.sharedObject(
                "libCorpus.so", from: Workshop.corpus + "/plugin.c",
                ["-DWITNESS=\"\(workshop.path("witness"))\"", "-Wl,--build-id=0x0123456789abcdef"])
            try workshop.restamp(path, stamp { _ in })
            return path
        },
        compiled("P302-static-runtime", ["DEFINES_RUNTIME"]),
        compiled("P303-no-entry", ["NO_ENTRY"]),
    ]
}

@Suite("Plugins refused before loading", .tags(.loading))
struct PluginPreflightTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func preflight(_ host: HostIdentity = .example) -> PluginPreflight {
        let directories =
            workshop.has("plugins")
            ? ["/nonexistent", workshop.path("plugins")] : ["/nonexistent", workshop.directory]
        return PluginPreflight(policy: PluginPolicy(search: PluginSearchPath(directories: directories)), host: host)
    }

    private func judge(_ entry: String, _ host: HostIdentity = .example) -> PluginRefusal? {
        do {
            _ = try preflight(host).check(entry)
            return nil
        } catch { return error.refusal }
    }

    @Test(
        "each broken plugin is refused with the expected text, and none of its code runs", arguments: BrokenPlugin.all)
    func refused(plugin: BrokenPlugin) throws {
        let entry = try plugin.build(workshop)
        let refusal = try #require(judge(entry))
        #expect(plugin.name.hasPrefix(refusal.code.name))
        #expect(!workshop.codeRan)
        try Golden.expect(refusal.text, plugin.name, [(workshop.directory, "{dir}")])
        let json = try JSON(parsing: refusal.json.text)
        #expect(json["code"]?.string == refusal.code.name)
        #expect(json["differences"]?.array?.count == refusal.differences.count)
        #expect(json["fix"]?.string?.isEmpty == false)
    }

    @Test("a file of another user is refused", .enabled(if: geteuid() == 0))
    func owner() throws {
        let path = try workshop.plugin()
        #expect(chown(path, 65534, 65534) == 0)
        let refusal = try #require(judge(path))
        #expect(refusal.code == .unsafeFile)
        #expect(refusal.text.contains("its owner is nobody; only root and root, who runs daqd, may own it"))
        #expect(!workshop.codeRan)
    }

    @Test("a plugin built here passes, by name and by path, in a debug daqd")
    func passes() throws {
        let path = try workshop.plugin()
        for entry in ["Corpus", "libCorpus.so", path] {
            let passed = try preflight(.current).check(entry)
            #expect(passed.file.path == path)
            #expect(passed.stamp.id == "corpus")
            #expect(passed.candidate.buildID == "0123456789abcdef")
        }
        #expect(!workshop.codeRan)
    }

    @Test("another patch release of the compiler is a warning")
    func patchRelease() throws {
        let path = try workshop.plugin()
        try workshop.restamp(
            path,
            BrokenPlugin.stamp {
                $0.swiftCompiler = 60300
                $0.compiler = "21.0.0 (https://github.com/swiftlang/llvm-project.git 0123456789abcdef)"
            })
        let passed = try preflight().check(path)
        #expect(passed.warnings.map(\.code) == ["W502"])
        #expect(
            passed.warnings.map(\.text) == [
                "the plugin corpus was built by Swift 6.3.0, daqd by Swift 6.3.1; "
                    + "rebuild it with `swift build` of the same release"
            ])
    }

    @Test("compilers that name no commit are compared by all that they say")
    func noCommit() throws {
        var host = HostIdentity.example
        host.compiler = "21.0.0"
        host.swiftCompiler = 0
        let path = try workshop.plugin()
        for (compiler, code) in [("21.0.0", nil), ("GCC 12.2.0", PluginRefusal.Code.compiler)] {
            try workshop.restamp(
                path,
                BrokenPlugin.stamp {
                    $0.swiftCompiler = 0
                    $0.compiler = compiler
                })
            #expect(judge(path, host)?.code == code)
        }
    }

    @Test("an older minor version of the kernel is accepted")
    func olderMinor() throws {
        let path = try workshop.plugin()
        try workshop.restamp(path, BrokenPlugin.stamp { $0.kernelABI.minor = 0 })
        #expect(try preflight().check(path).warnings.isEmpty)
    }

    @Test("a debug plugin is accepted by a debug daqd, and where the site allows it")
    func debugPlugin() throws {
        let path = try workshop.plugin()
        try workshop.restamp(path, BrokenPlugin.stamp { $0.flags = .debugBuild })
        var allowing = preflight()
        allowing.policy.allowsDebugPlugins = true
        #expect(try allowing.check(path).stamp.flags == .debugBuild)
        var debugHost = HostIdentity.example
        debugHost.isDebug = true
        #expect(try preflight(debugHost).check(path).stamp.flags == .debugBuild)
    }

    @Test("the search order is that of the manual")
    func searchOrder() {
        let search = PluginSearchPath(
            configured: ["/site/a", "b/"], environment: "/env/c::/env/d", executable: "/opt/daqd/bin/daqd")
        #expect(
            search.candidates(for: "EigerPlugin") == [
                "/site/a/libEigerPlugin.so", "b/libEigerPlugin.so", "/env/c/libEigerPlugin.so",
                "/env/d/libEigerPlugin.so", "/opt/daqd/lib/daqd/libEigerPlugin.so", "/opt/daqd/bin/libEigerPlugin.so",
            ])
        #expect(search.candidates(for: "./libX.so") == ["./libX.so"])
    }
}
