// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

@Suite("The site's plugin of Examples", .serialized)
struct SitePluginTests {
    /// Builds the example as its README says and returns its library.
    static func build() async throws -> URL {
        try await OutOfTreeBuild.build(
            OutOfTreeBuild.root.appending(path: "Examples/SitePlugin"), scratch: "site-build"
        )
        .appending(path: "libShutterPlugin.so")
    }

    @Test("installed alone in a directory of its own, it finds daqd's libraries")
    func alone() async throws {
        let plugin = try await Self.build()
        let directory = FileManager.default.temporaryDirectory.appending(path: "daqd-site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(at: plugin, to: directory.appending(path: "libShutterPlugin.so"))

        let registry = Registry()
        let policy = PluginPolicy(
            search: PluginSearchPath(directories: [directory.path]), allowsDebugPlugins: true)
        let record = PluginLoader(registry: registry, policy: policy).load(PluginEntry("ShutterPlugin"))
        try #require(record.refusal == nil, "\(record.refusal?.text ?? "")")
        #expect(record.registered == [.init(kind: .device, type: "shutter")])
        #expect(record.json["vendor"]?.string == "A beamline")
        #expect(registry.device("shutter")?.settings.map(\.name) == ["host", "port"])
        let shared = LoadedImages.current().paths.filter { $0.hasSuffix("/libDAQTransports.so") }
        let own = try #require(LoadedImages.current().paths.first(where: LoadedImages.isKernel))
        #expect(shared == [PluginSearchPath.parent(of: own) + "/libDAQTransports.so"])
    }
}
