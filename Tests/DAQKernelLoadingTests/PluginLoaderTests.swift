// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

@Suite("Plugins refused while loading", .tags(.loading), .serialized)
struct PluginLoaderTests {
    private let workshop: Workshop
    private let registry = Registry()
    private let loader: PluginLoader

    init() throws {
        workshop = try Workshop()
        let policy = PluginPolicy(search: PluginSearchPath(directories: [workshop.directory]))
        loader = PluginLoader(registry: registry, preflight: PluginPreflight(policy: policy, host: .example))
    }

    /// A compiled plugin whose stamp fits the example host.
    private func plugin(
        _ name: String, _ defines: [String] = [], _ flags: [String] = [],
        _ change: @Sendable (inout PluginStamp) -> Void = { _ in }
    ) throws -> String {
        let path = try workshop.plugin(name, defines, flags)
        try workshop.restamp(path, BrokenPlugin.stamp(change))
        return path
    }

    private func expectRefusal(_ record: PluginRecord, _ golden: String) throws {
        let refusal = try #require(record.refusal)
        #expect(golden.hasPrefix(refusal.code.name))
        #expect(record.registered.isEmpty)
        try Golden.expect(refusal.text, golden, [(workshop.directory, "{dir}")])
    }

    @Test("a symbol that the kernel does not have: the linker refuses, no code ran")
    func missingSymbol() throws {
        let record = loader.load(PluginEntry(try plugin("libCorpus.so", ["WANTS_SYMBOL"])))
        try expectRefusal(record, "P301")
        #expect(!workshop.codeRan)
    }

    @Test("a plugin that needs a second kernel: refused before it is loaded")
    func secondKernel() throws {
        let source = try workshop.write("int daqd_nothing;\n", to: "nothing.c")
        try workshop.sharedObject("libDAQKernel.so.9", from: source, ["-Wl,-soname,libDAQKernel.so.9"])
        let path = try plugin(
            "libCorpus.so", [], [workshop.path("libDAQKernel.so.9"), "-Wl,--enable-new-dtags,-rpath,$ORIGIN"])
        let record = loader.load(PluginEntry(path))
        let refusal = try #require(record.refusal)
        #expect(refusal.code == .secondRuntime)
        #expect(refusal.reason.last == workshop.path("libDAQKernel.so.9"))
        #expect(!workshop.codeRan)
        try Golden.expect(
            refusal.text, "P302-second-kernel", [(workshop.directory, "{dir}"), (Workshop.kernelDirectory, "{kernel}")])
    }

    @Test("a plugin that registers nothing although its stamp says device")
    func registersNothing() throws {
        try expectRefusal(loader.load(PluginEntry(try plugin("libCorpus.so"))), "P303-nothing-registered")
        #expect(workshop.has("witness.registered"))
    }

    @Test("a plugin that enters through another kernel touches nothing of this one")
    func foreignKernel() throws {
        try expectRefusal(loader.load(PluginEntry(try plugin("libCorpus.so", ["FOREIGN_KERNEL"]))), "P304")
        #expect(FactoryKind.allCases.allSatisfy { registry.types($0).isEmpty })
    }

    @Test("two plugins of one id: the second is refused, its code never runs")
    func duplicate() throws {
        let first = try plugin("libFirst.so") { $0.kinds = [] }
        #expect(loader.load(PluginEntry(first)).refusal == nil)
        try FileManager.default.removeItem(atPath: workshop.path("witness"))
        try FileManager.default.removeItem(atPath: workshop.path("witness.registered"))
        let second = try plugin("libSecond.so") { $0.kinds = [] }
        try expectRefusal(loader.load(PluginEntry(second)), "P401")
        #expect(!workshop.codeRan)
    }

    @Test("a plugin that is loaded is listed with what its file says")
    func record() throws {
        let path = try plugin("libCorpus.so") { $0.kinds = [] }
        let record = loader.load(PluginEntry("Corpus", required: true))
        #expect(record.refusal == nil)
        #expect(record.json["id"]?.string == "corpus")
        #expect(record.json["file"]?.string == path)
        #expect(record.json["state"]?.string == "loaded")
        #expect(record.json["build_id"]?.string == "0123456789abcdef")
        #expect(record.json["refusal"] == .null)
    }

    @Test("a refused plugin is listed with its refusal, a loaded one beside it")
    func table() throws {
        _ = try plugin("libGood.so") {
            $0.kinds = []
            $0.id = "good"
        }
        _ = try plugin("libCorpus.so") { $0.kernelABI.major = 2 }
        _ = loader.load([PluginEntry("Good"), PluginEntry("Corpus"), PluginEntry("Absent", required: true)])
        var records = loader.records
        records[1].setEffect(unavailable: ["device eiger1", "device eiger2"], running: 6)
        records[2].setEffect(unavailable: [], running: 8)
        try Golden.expect(PluginTable.text(records), "table", [(workshop.directory, "{dir}")])
    }

    @Test("components that cannot be made are refused with their plugin's name")
    func components() throws {
        let path = try plugin("libCorpus.so") { $0.kinds = [] }
        let record = loader.load(PluginEntry(path))
        let place = SourcePlace("plugins.conf", line: 12, column: 5)
        let settings = record.refusal(
            settingsOf: "device eiger1", [.error("unknown key “hots”; did you mean “host”?", at: place)])
        #expect(settings.code == .settings)
        try Golden.expect(settings.text, "P403", [(workshop.directory, "{dir}")])
        let failed = record.refusal(
            making: "device eiger1", type: "eiger", DeviceError(.unavailable, "the SDK's licence has expired"))
        #expect(failed.code == .makeFailed)
        try Golden.expect(failed.text, "P404", [(workshop.directory, "{dir}")])
    }

    @Test("images are compared by name")
    func images() {
        let before = LoadedImages(paths: ["/a/libDAQKernel.so", "/a/libswiftCore.so", "/lib/libhdf5_serial.so.103"])
        #expect(before.secondRuntime == nil)
        let after = LoadedImages(paths: before.paths + ["/vendor/libhdf5.so.200"])
        #expect(after.doubled(since: before).map(\.name) == ["HDF5"])
        #expect(after.doubled(since: after).isEmpty)
        #expect(LoadedImages(paths: before.paths + ["/b/libswiftCore.so"]).secondRuntime?.count == 2)
        #expect(before.conflict(with: "/b/libDAQKernel.so.2") == "/a/libDAQKernel.so")
        #expect(LoadedImages.current().secondRuntime == nil)
    }

    @Test("what the linker says is explained")
    func explained() {
        let text = "/x/libA.so: undefined symbol: $s9DAQKernel8RegistryV3addyyAA13DeviceFactoryVF"
        #expect(
            PluginLoader.explained(text, path: "/x/libA.so") == [
                "undefined symbol: $s9DAQKernel8RegistryV3addyyAA13DeviceFactoryVF",
                "that is DAQKernel.Registry.add(DAQKernel.DeviceFactory) -> ()",
            ])
    }
}
