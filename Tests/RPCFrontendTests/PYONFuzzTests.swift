// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
@testable import RPCFrontend
import Testing

/// Mutations of good texts: each is refused, or read as a value that is written and read again as the same.
@Suite("PYON Fuzz")
struct PYONFuzzTests {
    static let count = ProcessInfo.processInfo.environment["DAQD_FUZZ_COUNT"].flatMap(Int.init) ?? 20_000

    @Test("v2 survives mutations")
    func v2() throws {
        let seeds = (PYONGoldenTests.common + PYONGoldenTests.v2 + PYONGoldenTests.otherV2).map(\.text)
        let words = [
            "\"", "[", "]", "{", "}", ",", ":", "__jsonclass__", "nparray", "NaN", "-", "1e9", "\\u", "null", "\\",
        ]
        try survive(seeds, words, .v2) { text throws(WireError) in try PYONv2Decoder.decode(text) }
    }

    @Test("v1 survives mutations")
    func v1() throws {
        let seeds = (PYONGoldenTests.common + PYONGoldenTests.v1 + PYONGoldenTests.otherV1).map(\.text)
        let words = [
            "\"", "'", "[", "]", "(", ")", "{", "}", ",", ":", "slice(", "inf", "j", "-", "b'", "\\x", "None", "\\",
        ]
        try survive(seeds, words, .v1) { text throws(WireError) in try PYONv1Decoder.decode(text) }
    }

    private func survive(
        _ seeds: [String], _ words: [String], _ version: PYONVersion, _ decode: ([UInt8]) throws(WireError) -> DataValue
    ) throws {
        var random = SplitMix(state: 20_261_126)
        var accepted = 0
        for _ in 0..<Self.count {
            var text = Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&text, seeds, words, &random) }
            guard let value = try? decode(text) else { continue }
            accepted += 1
            var output = PYONText(version)
            guard (try? output.append(value)) != nil else { continue }
            let again = try decode(output.joined)
            var second = PYONText(version)
            try second.append(again)
            #expect(second.joined == output.joined, "\(String(decoding: text, as: UTF8.self))")
        }
        #expect(accepted > Self.count / 100)
    }

    private func mutate(_ text: inout [UInt8], _ seeds: [String], _ words: [String], _ random: inout SplitMix) {
        let place = Int.random(in: 0...text.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0 where place < text.count: text[place] = UInt8.random(in: 0...255, using: &random)
        case 1 where place < text.count: text.remove(at: place)
        case 2: text.insert(contentsOf: Array(words[Int.random(in: 0..<words.count, using: &random)].utf8), at: place)
        case 3: text.insert(contentsOf: Array(seeds[Int.random(in: 0..<seeds.count, using: &random)].utf8), at: place)
        case 4: text.removeSubrange(place...)
        default: text = Array("[".utf8) + text + Array("]".utf8)
        }
        if text.count > 4096 { text.removeSubrange(4096...) }
    }
}

/// A random generator with a seed, so that a failure comes again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
