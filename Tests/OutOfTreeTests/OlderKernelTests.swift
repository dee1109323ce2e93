// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

/// A kernel from before a field and a requirement were added.
enum OlderKernel {
    /// Lines of the kernel's sources that were added later, with the file they are in and what stood there before.
    static let added = [
        (
            file: "Parameters/ParameterMetadata.swift",
            // The field in front of most others has no storage, so that all behind it lie elsewhere.
            line: "    public var precision: Int?\n", before: "    public var precision: Int? { get { nil } set {} }\n"
        ),
        (file: "Device/Device.swift", line: "    var nameSets: [NameSet] { get }\n", before: ""),
    ]

    /// Builds the plugin of Fixtures/AgedPlugin against it and returns the directory with both libraries.
    static func build() async throws -> URL {
        let older = OutOfTreeBuild.directory.appending(path: "older")
        try OutOfTreeBuild.mirror(
            OutOfTreeBuild.root.appending(path: "Sources/DAQKernel"), to: older.appending(path: "DAQKernel")
        ) { file, text in
            try added.filter { $0.file == file }.reduce(text) { text, addition in
                try #require(text.contains(addition.line), "\(file) no longer holds what makes the older kernel")
                return text.replacingOccurrences(of: addition.line, with: addition.before)
            }
        }
        let plugin = older.appending(path: "AgedPlugin")
        try OutOfTreeBuild.mirror(OutOfTreeBuild.root.appending(path: "Tests/Fixtures/AgedPlugin"), to: plugin)
        return try await OutOfTreeBuild.build(plugin, scratch: "older-build")
    }
}

@Suite("A plugin built against an older kernel", .serialized)
struct OlderKernelTests {
    @Test("it runs on today's kernel, which has a later field and a later requirement")
    func evolution() async throws {
        let products = try await OlderKernel.build()
        let older = try symbols(products.appending(path: "libDAQKernel.so"))
        let images = LoadedImages.current()
        let today = try symbols(URL(filePath: try #require(images.paths.first(where: LoadedImages.isKernel))))
        let requirement = "$s9DAQKernel6DeviceP8nameSetsSayAA7NameSetVGvgTq"
        #expect(today.contains(requirement))
        #expect(!older.contains(requirement))

        let registry = Registry()
        let policy = PluginPolicy(search: PluginSearchPath(directories: []), allowsDebugPlugins: true)
        let loader = PluginLoader(registry: registry, policy: policy)
        let record = loader.load(PluginEntry(products.appending(path: "libAgedPlugin.so").path))
        try #require(record.refusal == nil, "\(record.refusal?.text ?? "")")
        #expect(record.registered == [.init(kind: .device, type: "aged")])
        #expect(
            LoadedImages.current().paths.filter(LoadedImages.isKernel) == images.paths.filter(LoadedImages.isKernel))

        try expectStruct(registry)
        try await expectDevice(registry)
    }

    /// A struct with the later field goes through code that was compiled without it.
    private func expectStruct(_ registry: Registry) throws {
        typealias Describe = @Sendable (ParameterMetadata) -> String
        let describe = try #require(registry.contribution("aged.describe", as: Describe.self))
        var metadata = ParameterMetadata("Loudness", type: Double.valueType)
        metadata.unit = "dB"
        metadata.precision = 2
        metadata.limits = -10...10
        metadata.displayLimits = -1...1
        metadata.alarmLimits = AlarmLimits(high: 9)
        metadata.deadBands = DeadBands(monitor: 0.25)
        metadata.choices = ["low", "high"]
        #expect(
            describe(metadata)
                == #"Loudness, dB, 2, readWrite, -10.0...10.0, 9.0, 0.25, ["low", "high"], true"#)
    }

    /// A device without the later requirement answers it with the default, and its parameters are read here.
    private func expectDevice(_ registry: Registry) async throws {
        let make = try #require(registry.contribution("aged.make", as: (@Sendable () -> any Device).self))
        let collector = MemberCollector()
        let device = MemberCollector.$current.withValue(collector) { make() }
        let gain = try #require(collector.parameters.first as? Parameter<Double>)
        #expect(gain.name == "gain")
        #expect(gain.value == 1.5)
        #expect(gain.metadata.limits == -5...20)
        #expect(gain.metadata.displayLimits == nil)
        #expect(gain.metadata.precision == 3)
        #expect(gain.metadata.autosave)
        #expect(device.nameSets.isEmpty)
        await device.stop()
    }

    private func symbols(_ library: URL) throws -> Set<String> {
        try Set(ELFImage(PluginFile(opening: library.path)).definedSymbols(withPrefix: ["$s9DAQKernel"]))
    }
}
