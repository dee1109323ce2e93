// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

/// A kernel from before a field and a requirement were added.
enum OlderKernel {
    /// Texts that are taken out of the kernel's sources, with the file they are in.
    static let removed = [
        (
            "Parameters/ParameterMetadata.swift",
            """
                /// Range for displays; ``limits`` where it is `nil`.
                public var displayLimits: ClosedRange<Double>?

            """
        ),
        (
            "Device/Device.swift",
            """
                var nameSets: [NameSet] { get }

            """
        ),
    ]

    /// Builds the plugin of Fixtures/AgedPlugin against it and returns the directory with both libraries.
    static func build() throws -> URL {
        let older = OutOfTreeBuild.directory.appending(path: "older")
        try OutOfTreeBuild.mirror(
            OutOfTreeBuild.root.appending(path: "Sources/DAQKernel"), to: older.appending(path: "DAQKernel")
        ) { file, text in
            try removed.filter { $0.0 == file }.reduce(text) { text, removal in
                try #require(text.contains(removal.1), "\(file) no longer holds what makes the older kernel")
                return text.replacingOccurrences(of: removal.1, with: "")
            }
        }
        let plugin = older.appending(path: "AgedPlugin")
        try OutOfTreeBuild.mirror(OutOfTreeBuild.root.appending(path: "Tests/Fixtures/AgedPlugin"), to: plugin)
        return try OutOfTreeBuild.build(plugin, scratch: "older-build")
    }
}

@Suite("A plugin built against an older kernel", .serialized)
struct OlderKernelTests {
    @Test("it runs on today's kernel, which has a later field and a later requirement")
    func evolution() async throws {
        let products = try OlderKernel.build()
        let older = try symbols(products.appending(path: "libDAQKernel.so"))
        let images = LoadedImages.current()
        let today = try symbols(URL(filePath: try #require(images.paths.first(where: LoadedImages.isKernel))))
        for symbol in [
            "$s9DAQKernel17ParameterMetadataV13displayLimitsSNySdGSgvg",
            "$s9DAQKernel6DeviceP8nameSetsSayAA7NameSetVGvgTq",
        ] {
            #expect(today.contains(symbol), "\(symbol) is in today's kernel")
            #expect(!older.contains(symbol), "\(symbol) is not in the older kernel")
        }

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
