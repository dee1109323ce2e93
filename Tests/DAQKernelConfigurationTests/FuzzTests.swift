// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Foundation
import Testing

@Suite("Mutated configuration files")
struct FuzzTests {
    /// SplitMix64: the same sequence on every machine, so that a failure can be repeated.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// `DAQD_FUZZ_COUNT` asks for more; `make fuzz` does.
    static let count = ProcessInfo.processInfo.environment["DAQD_FUZZ_COUNT"].flatMap { Int($0) } ?? 2000

    static let tokens = [
        "&a ", "*a", "<<: ", "${", "${A}", "}", "{", "[", "]", ": ", "- ", "\n", "\t", "\"", "'", "|\n", ">\n", "#",
        "!",
        "!!str ", "---\n", "...\n", "%YAML 1.1\n", "\u{0}", "\u{FEFF}", "\r\n", "~", "null", "1e999", "-0", "0x", "?",
    ]

    static func mutate(_ bytes: [UInt8], _ generator: inout Generator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0 where place < bytes.count: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            case 1:
                bytes.insert(
                    contentsOf: Array(tokens.randomElement(using: &generator).map { $0.utf8 } ?? "".utf8), at: place)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &generator)))
            case 3:
                let piece = bytes[place..<min(bytes.count, place + Int.random(in: 1...60, using: &generator))]
                bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &generator))
            case 4: bytes.removeLast(bytes.count - place)
            default:
                if place < bytes.count {
                    bytes[place] = Array(" \n:-{}[]\"'#&*!|>%@`$,?".utf8).randomElement(using: &generator) ?? 0
                }
            }
            if bytes.isEmpty { bytes = [0x0A] }
        }
        return bytes
    }

    @Test("each draws a diagnostic with a place, or is a configuration", arguments: 0..<8)
    func mutations(part: Int) throws {
        let seeds = try ["good/site.conf", "bad/misspelt.conf", "bad/values.conf", "bad/environment.conf"].map {
            [UInt8](try Data(contentsOf: FixtureTests.folder.appending(path: $0)))
        }
        var generator = Generator(state: UInt64(part))
        for index in 0..<Self.count / 8 { FixtureText.judge(Self.mutate(seeds[index % seeds.count], &generator)) }
    }
}
