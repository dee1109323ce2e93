// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// The corpus of `scripts/fuzz-channel-access-circuit`, each input as it is and changed at random.
@Suite("Fuzz: Channel Access circuit")
struct CircuitFuzzTests {
    static let corpus: [URL] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fuzzers/Corpus/ChannelAccessCircuit")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.sorted { $0.path < $1.path }
    }()

    /// Mutations of each input.
    static let count = (Int(ProcessInfo.processInfo.environment["DAQD_FUZZ_COUNT"] ?? "") ?? 3000) / 15

    @Test("every input of the corpus, and mutations: no crash, answers well-formed, tables bounded", arguments: corpus)
    func replay(file: URL) throws {
        let bytes = [UInt8](try Data(contentsOf: file))
        try #require(bytes.count > 2)
        run(bytes)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<Self.count {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<mutated.count, using: &generator)
                mutated[index] = UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) {
                mutated.removeLast(Int.random(in: 0..<mutated.count, using: &generator))
            }
            run(mutated)
        }
    }

    /// As the fuzz target does it: such an input is a datagram; it is a circuit's, too.
    private func search(_ datagram: [UInt8]) {
        let value = Parameter<Double>("a", "", initial: 1)
        let responder = SearchResponder(TestDirectory(["a", "b", "c"].map { TestVariable($0, value) }), port: 5064)
        datagram.withUnsafeBytes { raw in
            responder.answer(ByteView(raw)) { reply in
                let bytes = WireBufferTests.bytes(of: reply)
                #expect(bytes.count <= SearchResponder.datagramSize && bytes.count % 8 == 0)
                #expect(Reply.all(bytes).allSatisfy { [0, 6].contains($0.command) })
            }
        }
        #expect(responder.hits <= responder.searches)
    }

    private func run(_ bytes: [UInt8]) {
        guard bytes.count > 2 else { return }
        if bytes[0] % 3 == 0 { search(Array(bytes.dropFirst(2))) }
        var limits = CircuitLimits()
        limits.channels = 8
        limits.subscriptions = 16
        let number = Parameter<Double>("a", "", initial: 1)
        let array = Parameter<[UInt8]>("b", "", initial: [1, 2, 3])
        let bench = CircuitBench(
            [
                TestVariable("a", number, isQuick: true), TestVariable("b", array, .char, count: 64, isDirect: false),
                TestVariable("c", number, writer: { _, completion in completion(.done) }),
            ], limits: limits, minor: bytes[0] % 3 == 2 ? nil : 13)
        if bytes[0] % 3 == 1 { for name in ["a", "b", "c"] { _ = bench.channel(name) } }
        let rest = bytes.dropFirst(2)
        let replies = [rest.prefix(Int(bytes[1])), rest.dropFirst(Int(bytes[1]))].flatMap { part in
            defer { number.publish(number.value + 1) }
            return bench.send(Array(part)) + bench.settle()
        }
        #expect(replies.allSatisfy { $0.payload.count % 8 == 0 })
        #expect(bench.circuit.channels.count <= 8 && bench.circuit.monitors.count <= 16)
        bench.circuit.close()
    }
}
