// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

@Suite("ELF image", .tags(.loading))
struct ELFImageTests {
    /// A compiled plugin's bytes.
    static func sample() throws -> [UInt8] {
        let workshop = try Workshop()
        return try [UInt8](Data(contentsOf: URL(filePath: workshop.plugin())))
    }

    /// Reads everything that the loader reads.
    static func readAll(_ bytes: [UInt8]) throws(ELFError) {
        let image = try ELFImage(ArraySource(bytes: bytes))
        _ = try image.dynamic()
        _ = try image.buildID()
        _ = try image.comments()
        _ = try image.definedSymbols(withPrefix: ["daqd_", "$s"])
        if let section = image.section(named: ".daqd.plugin") {
            _ = try? PluginStamp(decoding: image.content(of: section, limit: ELFImage.Limit.smallSection))
        }
    }

    @Test("a compiled plugin is read as the linker wrote it")
    func compiled() throws {
        let workshop = try Workshop()
        let path = try workshop.plugin(
            "libA.so", [], ["-Wl,-soname,libA.so.4", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../x"])
        let image = try ELFImage(PluginFile(opening: path))
        let dynamic = try image.dynamic()
        #expect(dynamic.needed.contains("libDAQKernel.so"))
        #expect(dynamic.needed.contains("libc.so.6"))
        #expect(dynamic.soname == "libA.so.4")
        #expect(dynamic.runpath == "$ORIGIN/../x")
        #expect(dynamic.rpath == nil)
        #expect(try image.buildID() == "0123456789abcdef")
        #expect(try image.definedSymbols(withPrefix: ["daqd_"]) == ["daqd_register_CorpusPlugin"])
        #expect(try !image.comments().isEmpty)
        #expect(image.section(named: ".daqd.plugin")?.size == 512)
    }

    @Test("the kernel's own library is read")
    func kernel() throws {
        let path = try #require(LoadedImages.current().paths.first(where: LoadedImages.isKernel))
        let image = try ELFImage(PluginFile(opening: path))
        #expect(try image.dynamic().needed.contains("libswiftCore.so"))
        #expect(try image.comments().contains { $0.contains(HostIdentity.current.compiler) })
    }

    @Test("a stripped plugin keeps its stamp and names")
    func stripped() throws {
        let workshop = try Workshop()
        let path = try workshop.plugin("libCorpus.so", [], ["-s"])
        let image = try ELFImage(PluginFile(opening: path))
        #expect(image.section(named: ".daqd.plugin")?.size == 512)
        #expect(try image.definedSymbols(withPrefix: ["daqd_"]) == ["daqd_register_CorpusPlugin"])
    }

    @Test("no prefix of a plugin makes the reader trap")
    func truncated() throws {
        let bytes = try Self.sample()
        let lengths = Array(0..<1024) + Array(stride(from: 1024, to: bytes.count, by: 37))
        for length in lengths {
            // The section table stands at the end of the file, so that every prefix misses some of it.
            #expect(throws: ELFError.self) { try Self.readAll(Array(bytes.prefix(length))) }
        }
    }

    @Test("tables that lie about their size are refused by name")
    func lies() throws {
        let good = try Self.sample()
        func patched(_ offset: Int, _ value: [UInt8]) -> [UInt8] {
            var bytes = good
            bytes.replaceSubrange(offset..<offset + value.count, with: value)
            return bytes
        }
        #expect(throws: ELFError.notELF) { try Self.readAll(Array("#!/bin/sh\n".utf8)) }
        #expect(throws: ELFError.notELF) { try Self.readAll([]) }
        #expect(throws: ELFError.wrongClass(found: 1)) { try Self.readAll(patched(4, [1])) }
        #expect(throws: ELFError.wrongByteOrder(found: 2)) { try Self.readAll(patched(5, [2])) }
        #expect(throws: ELFError.wrongType(found: 2)) { try Self.readAll(patched(16, [2, 0])) }
        #expect(throws: ELFError.wrongMachine(found: 40, expected: ELFImage.hostMachine)) {
            try Self.readAll(patched(18, [40, 0]))
        }
        #expect(throws: ELFError.malformed(part: "program header table", reason: "entries of 57 bytes, not 56")) {
            try Self.readAll(patched(54, [57, 0]))
        }
        #expect(throws: ELFError.malformed(part: "program header table", reason: "65535 entries, the limit is 1024")) {
            try Self.readAll(patched(56, [255, 255]))
        }
        #expect(throws: ELFError.malformed(part: "section table", reason: "65535 entries, the limit is 8192")) {
            try Self.readAll(patched(60, [255, 255]))
        }
        let end = UInt64.max
        #expect(
            throws: ELFError.truncated(part: "section table", end: end, fileSize: UInt64(good.count))
        ) { try Self.readAll(patched(40, Array(repeating: 255, count: 8))) }
    }
}
