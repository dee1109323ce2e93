// Part of daqd
// SPDX-License-Identifier: MIT

import Testing

@testable import DAQKernel

@Suite("Plugin stamp", .tags(.loading))
struct PluginStampTests {
    static let good: PluginStamp = {
        var stamp = PluginStamp()
        stamp.id = "eiger"
        stamp.version = "1.4.2"
        stamp.kinds = ["device", "simulator"]
        stamp.compiler = HostIdentity.example.compiler
        stamp.swiftCompiler = HostIdentity.example.swiftCompiler
        stamp.kernelABI = HostIdentity.example.kernelABI
        stamp.kernelInterface = HostIdentity.example.kernelInterface
        stamp.vendor = "A laboratory"
        stamp.licence = "MIT"
        stamp.name = "EigerPlugin"
        stamp.flags = [.simulator]
        return stamp
    }()

    @Test("what is written is read again")
    func roundTrip() throws {
        #expect(try PluginStamp(decoding: Self.good.encoded()) == Self.good)
        #expect(Self.good.encoded().count == 512)
        #expect(Self.good.entryPoint == "daqd_register_EigerPlugin")
    }

    @Test("the macro of the kit writes what this kernel reads, and fills in this kernel and compiler")
    func header() throws {
        let workshop = try Workshop()
        let source = try workshop.write(
            """
            #include <daqd_plugin_stamp.h>
            DAQD_PLUGIN_WITH_FLAGS(DAQD_FLAG_SIMULATOR, .name = "EigerPlugin", .plugin_id = "eiger",
                .plugin_version = "1.4.2", .kinds = "device,simulator", .vendor = "A laboratory", .licence = "MIT")
            """, to: "stamp.c")
        let output = workshop.path("stamp.so")
        try Tool.run("clang", ["-shared", "-fPIC", "-Wl,--gc-sections", "-I", Workshop.header, "-o", output, source])
        let image = try ELFImage(PluginFile(opening: output))
        let section = try #require(image.section(named: ".daqd.plugin"))
        var expected = Self.good
        expected.kernelABI = HostIdentity.current.kernelABI
        expected.swiftCompiler = HostIdentity.current.swiftCompiler
        expected.compiler = HostIdentity.current.compiler
        expected.kernelInterface = HostIdentity.current.kernelInterface
        #expect(try PluginStamp(decoding: image.content(of: section, limit: 512)) == expected)
        #expect(section.flags & 2 != 0, "the section is mapped, so that strip keeps it")
    }

    @Test("a newer, longer record is read as version 1")
    func newer() throws {
        var bytes = Self.good.encoded() + [UInt8](repeating: 7, count: 100)
        bytes[8] = 9
        bytes[10] = 0x64
        var expected = Self.good
        expected.recordVersion = 9
        #expect(try PluginStamp(decoding: bytes) == expected)
    }

    @Test("no shorter record is read")
    func truncated() {
        let bytes = Self.good.encoded()
        for count in 0..<512 {
            #expect(throws: PluginStampError.truncated(count: count)) {
                try PluginStamp(decoding: Array(bytes.prefix(count)))
            }
        }
    }

    static let wrong: [(Int, [UInt8], PluginStampError)] = [
        (0, [0x64], .wrongMagic),
        (8, [0, 0], .wrongSize(version: 0, size: 512)),
        (10, [0xff, 0x01], .wrongSize(version: 1, size: 511)),
        (12, [0, 0], .noDoor),
        (22, [4, 0], .pointerSize(4)),
        (80, Array(repeating: 0x61, count: 64), .badText(field: "id", rule: "has more than 63 bytes")),
        (80, [0x45], .badText(field: "id", rule: "is 'Eiger', not a lower-case letter followed by [a-z0-9-]")),
        (80, [0], .badText(field: "id", rule: "is '', not a lower-case letter followed by [a-z0-9-]")),
        (80, [0xff], .badText(field: "id", rule: "is not UTF-8")),
        (144, [0x76], .badText(field: "version", rule: "is 'v.4.2', not major.minor.patch")),
        (144, [0], .badText(field: "version", rule: "is '', not major.minor.patch")),
        (176, [0x2c], .badText(field: "kinds", rule: "are ',evice,simulator', not names between commas")),
        (368, [0x1b], .badText(field: "vendor", rule: "holds control characters")),
        (432, [0x0a], .badText(field: "licence", rule: "holds control characters")),
        (480, Array(repeating: 0x61, count: 32), .badText(field: "name", rule: "has more than 31 bytes")),
        (480, [0x2d], .badText(field: "name", rule: "is '-igerPlugin', not a name that a C function can have")),
    ]

    @Test("each wrong field is named", arguments: wrong)
    func wrongField(offset: Int, replacement: [UInt8], expected: PluginStampError) {
        var bytes = Self.good.encoded()
        bytes.replaceSubrange(offset..<offset + replacement.count, with: replacement)
        #expect(throws: expected) { try PluginStamp(decoding: bytes) }
    }
}

extension HostIdentity {
    /// A daqd that never was, so that expected texts do not change with the real one.
    static let example = HostIdentity(
        release: "1.2.0", kernelABI: PluginStamp.Version(major: 3, minor: 2), swiftCompiler: 60301,
        compiler: "21.0.0 (https://github.com/swiftlang/llvm-project.git 11673e6660b2d0a5f9f99b1c7b773f4c2f6df1b0)",
        kernelInterface: (0..<32).map { UInt8($0 * 7) }, isDebug: false)
}

extension Tag {
    /// Tests of the plugin loader.
    @Tag static var loading: Tag
}

/// The same numbers on every run.
struct Xorshift: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
