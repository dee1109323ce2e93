// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

@Suite("A plugin with a kernel of its own", .serialized)
struct OwnKernelTests {
    @Test("it is refused before any of its code runs")
    func refused() async throws {
        let own = OutOfTreeBuild.directory.appending(path: "own")
        try OutOfTreeBuild.mirror(
            OutOfTreeBuild.root.appending(path: "Sources/DAQKernel"), to: own.appending(path: "DAQKernel")
        ) { file, text in
            guard file == "Package.swift" else { return text }
            try #require(text.contains("type: .dynamic"))
            return text.replacingOccurrences(of: "type: .dynamic", with: "type: .static")
        }
        let package = own.appending(path: "AgedPlugin")
        try OutOfTreeBuild.mirror(OutOfTreeBuild.root.appending(path: "Tests/Fixtures/AgedPlugin"), to: package)
        let plugin = try await OutOfTreeBuild.build(package, scratch: "own-build").appending(path: "libAgedPlugin.so")
            .path

        let policy = PluginPolicy(search: PluginSearchPath(directories: []), allowsDebugPlugins: true)
        let loader = PluginLoader(registry: Registry(), policy: policy)
        let refusal = try #require(loader.load(PluginEntry(plugin)).refusal)
        #expect(refusal.code == .ownKernel)
        #expect(refusal.reason == ["it defines the symbols of DAQKernel: the kernel was linked statically"])
        let canonical = try #require(PluginSearchPath.canonical(plugin))
        #expect(!LoadedImages.current().paths.contains { $0 == plugin || $0 == canonical })
    }
}
