// Part of daqd
// SPDX-License-Identifier: MIT

import Testing

@testable import DAQKernel

@Suite("A Swift plugin of the tree", .tags(.loading), .serialized)
struct ProbePluginTests {
    private let registry = Registry()
    private let loader: PluginLoader

    init() {
        let search = PluginSearchPath(directories: [Workshop.kernelDirectory])
        loader = PluginLoader(registry: registry, policy: PluginPolicy(search: search))
    }

    @Test("it loads, its stamp agrees with what it registers, and its device can be made")
    func loads() throws {
        let record = loader.load(PluginEntry("ProbePlugin"))
        #expect(record.refusal == nil, "\(record.refusal?.text ?? "")")
        #expect(record.registered == [.init(kind: .device, type: "probe")])
        #expect(record.id == "probe")
        #expect(record.version == "0.1.0")
        #expect(record.kernelABI == HostIdentity.current.kernelABI.description)
        let host = HostIdentity.current
        // A toolchain that the kit's header does not know is named by its commit.
        let names = [host.swiftCompiler, 0].map { CompilerText($0, host.compiler).description }
        #expect(names.contains(record.compiler ?? ""))
        #expect(record.buildID != nil)
        #expect(loader.record(for: .device, type: "probe")?.id == "probe")
        let factory = try #require(registry.device("probe"))
        #expect(factory.settings.map(\.name) == ["start"])
    }

    @Test("a copy whose stamp says another kind is refused, and what it registered is withdrawn")
    func disagrees() throws {
        let workshop = try Workshop()
        let path = try workshop.copy("\(Workshop.kernelDirectory)/libProbePlugin.so", to: "libProbePlugin.so")
        let image = try ELFImage(PluginFile(opening: path))
        let section = try #require(image.section(named: ".daqd.plugin"))
        var stamp = try PluginStamp(decoding: image.content(of: section, limit: 512))
        stamp.kinds = ["frontend"]
        try workshop.restamp(path, stamp)
        let refusal = try #require(loader.load(PluginEntry(path)).refusal)
        #expect(refusal.code == .disagreement)
        #expect(refusal.reason == ["its stamp says frontend, it registered device probe"])
        #expect(registry.types(.device).isEmpty)
    }

    @Test("two plugins that register one type: the second is refused, the first one's type stays")
    func sameType() throws {
        #expect(loader.load(PluginEntry("ProbePlugin")).refusal == nil)
        let workshop = try Workshop()
        let path = try workshop.copy("\(Workshop.kernelDirectory)/libProbePlugin.so", to: "libOther.so")
        let image = try ELFImage(PluginFile(opening: path))
        let section = try #require(image.section(named: ".daqd.plugin"))
        var stamp = try PluginStamp(decoding: image.content(of: section, limit: 512))
        stamp.id = "other"
        try workshop.restamp(path, stamp)
        let refusal = try #require(loader.load(PluginEntry(path)).refusal)
        #expect(refusal.code == .duplicate)
        #expect(refusal.reason == ["device type “probe” is registered already"])
        #expect(registry.types(.device).map(\.type) == ["probe"])
    }
}
