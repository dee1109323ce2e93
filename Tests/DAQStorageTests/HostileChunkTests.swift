// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Testing

@Suite("chunks that lie")
struct HostileChunkTests {
    static let pixels = (0..<6003).map { UInt16($0 % 1000 == 0 ? 65535 : $0 % 13) }
    static let byteCount = 12_006

    static func good() throws -> [UInt8] { try BitshuffleLZ4.encode(pixels) }

    private func refusal(_ chunk: [UInt8], byteCount: Int = byteCount) -> String? {
        do {
            _ = try BitshuffleLZ4.decode(chunk, elementSize: 2, byteCount: byteCount)
            return nil
        } catch {
            #expect(error.code == .damaged, "\(error)")
            return error.message
        }
    }

    @Test("no prefix of a good chunk expands")
    func truncated() throws {
        let chunk = try Self.good()
        #expect(refusal(chunk) == nil)
        for length in 0..<chunk.count {
            #expect(refusal(Array(chunk.prefix(length))) != nil, "\(length) bytes")
        }
    }

    @Test("bytes after the last block are refused")
    func tooLong() throws {
        #expect(refusal(try Self.good() + [0]) == "a compressed frame has 1 bytes after its last block")
    }

    @Test("lengths that cannot be are refused and said")
    func lyingLengths() throws {
        let chunk = try Self.good()
        func replaced(_ offset: Int, _ value: [UInt8]) -> [UInt8] {
            Array(chunk[..<offset]) + value + Array(chunk[(offset + value.count)...])
        }
        let size = "a compressed frame announces"
        #expect(refusal(replaced(0, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))?.hasPrefix(size) == true)
        #expect(refusal(replaced(0, [0, 0, 0, 0, 0, 0, 0x2E, 0xE5]))?.hasPrefix(size) == true)
        #expect(refusal(replaced(8, [0, 0, 0, 0]))?.hasPrefix(size) == true)
        #expect(refusal(replaced(8, [0, 0, 0x20, 0x02]))?.contains("not a multiple of eight pixels") == true)
        #expect(refusal(replaced(8, [0xFF, 0xFF, 0xFF, 0xF0]))?.hasPrefix(size) == true)
        #expect(refusal(replaced(8, [0, 0, 0x10, 0]))?.contains("LZ4 block") == true)
        #expect(refusal(replaced(12, [0xFF, 0xFF, 0xFF, 0xFF]))?.contains("at byte 12") == true)
        #expect(refusal(replaced(12, [0, 0, 0, 0]))?.contains("at byte 12") == true)
        #expect(refusal(replaced(12, [0x7F, 0xFF, 0xFF, 0xFF]))?.contains("at most") == true)
    }

    @Test("a frame of another size than expected is refused, however large it says it is")
    func wrongExpectation() throws {
        #expect(
            refusal(try Self.good(), byteCount: 12_004)
                == "a compressed frame announces 12006 bytes where 12004 are expected")
        #expect(refusal(try Self.good(), byteCount: 0) != nil)
    }

    @Test("random damage gives an error or pixels of the right size, and never more")
    func fuzz() throws {
        var generator = Generator(state: 20_261_121)
        let good = [
            try Self.good(), try BitshuffleLZ4.encode([UInt16](repeating: 0, count: 6003)),
            try LZ4.encode(bytes(Self.pixels), blockSize: 1000),
        ]
        var refused = 0
        for round in 0..<60_000 {
            var chunk = good[round % good.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                switch Int.random(in: 0..<4, using: &generator) {
                case 0:
                    chunk[Int.random(in: 0..<min(40, chunk.count), using: &generator)] = .random(
                        in: 0...255, using: &generator)
                case 1:
                    chunk[Int.random(in: 0..<chunk.count, using: &generator)] ^=
                        UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
                case 2: chunk.removeLast(Int.random(in: 0..<chunk.count / 2, using: &generator))
                default:
                    chunk.insert(
                        .random(in: 0...255, using: &generator), at: .random(in: 0..<chunk.count, using: &generator))
                }
            }
            do {
                let pixels =
                    round % 3 == 2
                    ? try LZ4.decode(chunk, byteCount: Self.byteCount)
                    : try BitshuffleLZ4.decode(
                        chunk, elementSize: [1, 2, 4, 8].randomElement(using: &generator) ?? 2,
                        byteCount: Self.byteCount)
                #expect(pixels.count == Self.byteCount)
            } catch {
                #expect(error.code == .damaged || error.code == .invalid)
                refused += 1
            }
        }
        #expect(refused > 20_000)
    }
}
