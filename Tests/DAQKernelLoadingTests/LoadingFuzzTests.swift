// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel

@Suite("Mutated plugin files", .tags(.loading))
struct LoadingFuzzTests {
    /// How many mutations each test tries; `DAQD_FUZZ_COUNT` asks for more, `make fuzz` does.
    static let count = ProcessInfo.processInfo.environment["DAQD_FUZZ_COUNT"].flatMap { Int($0) } ?? 4000

    @Test("stamps are read or refused, never more")
    func stamps() {
        var random = Xorshift(seed: 0x5eed_0001)
        var accepted = 0
        for _ in 0..<Self.count {
            var bytes = PluginStampTests.good.encoded()
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<512, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let stamp = try? PluginStamp(decoding: bytes) {
                #expect(!stamp.id.isEmpty && !stamp.name.isEmpty)
                accepted += 1
            }
        }
        #expect(accepted > 0)
    }

    @Test("plugins are read or refused, never more")
    func plugins() throws {
        let bytes = try ELFImageTests.sample()
        var random = Xorshift(seed: 0x5eed_0002)
        // Mutations of the tables reach further than mutations of code: header, program headers, dynamic section, section table.
        let image = try ELFImage(ArraySource(bytes: bytes))
        let dynamic = try #require(image.segments.first { $0.type == 2 })
        let tables = [
            0..<64, 64..<64 + 56 * image.segments.count, Int(dynamic.offset)..<Int(dynamic.offset + dynamic.size),
            (bytes.count - 64 * image.sections.count)..<bytes.count, 0..<bytes.count,
        ]
        var refused = 0
        for round in 0..<Self.count / 4 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let value: UInt8 =
                    [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random)
                    ?? 0
                mutated[Int.random(in: tables[round % tables.count], using: &random)] = value
            }
            do { try ELFImageTests.readAll(mutated) } catch { refused += 1 }
        }
        #expect(refused > 0)
    }

    @Test("linker caches give fewer names, never a trap")
    func caches() throws {
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: "/etc/ld.so.cache")))
        var random = Xorshift(seed: 0x5eed_0003)
        for _ in 0..<Self.count / 20 {
            var mutated = bytes
            for _ in 0..<8 {
                let place = Int.random(in: 0..<min(bytes.count, 2048), using: &random)
                mutated[place] = UInt8.random(in: 0...255, using: &random)
            }
            _ = LinkerCache(decoding: mutated).paths(of: "libc.so.6")
        }
    }
}
