// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Testing

@Suite("bitshuffle-LZ4")
struct BitshuffleLZ4Tests {
    /// Chunks that the vendor's compressor made, and what its decompressor gives back.
    static let vectors: [(chunk: String, elementSize: Int, pixels: [UInt8])] = [
        (
            "0000000000000020 00002000 00000012 9eaaaaccccf0f000ff000100500000000000", 2,
            bytes((0..<16).map { UInt16($0) })
        ),
        (
            "0000000000000028 00002000 00000012 9eaaaaccccf0f000ff000100500000000000 1000110012001300", 2,
            bytes((0..<20).map { UInt16($0) })
        ),
        ("0000000000000010 00002000 00000012 f001aaaaccccf0f000ff0000000000000000", 1, (0..<16).map { UInt8($0) }),
        (
            "0000000000000040 00002000 00000013 9faaaaccccf0f000ff0001001f500000000000", 4,
            bytes((0..<16).map { UInt32($0) })
        ),
        ("0000000000000080 00002000 0000000b 1f00010067500000000000", 2, [UInt8](repeating: 0, count: 128)),
    ]

    @Test("expands the vendor's chunks", arguments: 0..<vectors.count)
    func vendorVectors(index: Int) throws {
        let vector = Self.vectors[index]
        let chunk = unhex(vector.chunk)
        let pixels = try BitshuffleLZ4.decode(chunk, elementSize: vector.elementSize, byteCount: vector.pixels.count)
        #expect(pixels == vector.pixels)
    }

    @Test("the transpose is the one of the format, element by element", arguments: [1, 2, 4, 8])
    func transpose(size: Int) throws {
        for count in [8, 16, 120, 128, 136, 256, 1000] {
            let pixels = noise(count * size, seed: UInt64(count))
            // A block of which nothing repeats is stored as LZ4 literals, so the planes are readable in the chunk.
            let chunk = try pixels.withUnsafeBytes {
                try BitshuffleLZ4.encode($0, elementSize: size, blockSize: count * size)
            }
            let planes = try literals(Array(chunk[16...]))
            var expected = [UInt8](repeating: 0, count: count * size)
            for element in 0..<count {
                for bit in 0..<size * 8 where pixels[element * size + bit / 8] >> (bit % 8) & 1 == 1 {
                    expected[bit * count / 8 + element / 8] |= 1 << (element % 8)
                }
            }
            #expect(planes == expected, "\(count) elements of \(size) bytes")
        }
    }

    @Test("gives back what it was given", arguments: [1, 2, 4, 8])
    func roundTrip(size: Int) throws {
        for count in [0, 1, 7, 8, 9, 63, 64, 127, 129, 1023, 4096, 4099, 8192 / size, 8192 / size + 8, 30_001] {
            for sparse in [false, true] {
                var pixels = noise(count * size, seed: UInt64(count + size))
                if sparse { for index in pixels.indices where index % 97 != 0 { pixels[index] = 0 } }
                let chunk = try pixels.withUnsafeBytes { try BitshuffleLZ4.encode($0, elementSize: size) }
                #expect(chunk.count <= BitshuffleLZ4.bound(byteCount: pixels.count))
                #expect(try BitshuffleLZ4.decode(chunk, elementSize: size, byteCount: pixels.count) == pixels)
            }
        }
    }

    @Test("compresses an array of pixels as it does their bytes")
    func arrays() throws {
        let pixels = (0..<5000).map { UInt16($0 % 7) }
        let chunk = try BitshuffleLZ4.encode(pixels)
        #expect(try BitshuffleLZ4.decode(chunk, elementSize: 2, byteCount: 10_000) == bytes(pixels))
        #expect(chunk.count < 1000)
    }

    @Test("refuses what cannot be bit-shuffled")
    func refusals() {
        let pixels = [UInt8](repeating: 1, count: 48)
        func code(_ size: Int, _ block: Int, _ bytes: Int = 48) -> StorageError.Code? {
            do {
                _ = try pixels.prefix(bytes).withUnsafeBytes {
                    try BitshuffleLZ4.encode($0, elementSize: size, blockSize: block)
                }
                return nil
            } catch { return (error as? StorageError)?.code }
        }
        #expect(code(3, 8192) == .invalid)
        #expect(code(0, 8192) == .invalid)
        #expect(code(4, 8192, 46) == .invalid)
        #expect(code(4, 24) == .damaged)
        #expect(code(4, 0) == .damaged)
        #expect(code(2, 48) == nil)
    }
}

@Suite("LZ4 framing")
struct LZ4Tests {
    @Test("expands a stored block")
    func stored() throws {
        let chunk = unhex("0000000000000010 00000010 00000010 000102030405060708090a0b0c0d0e0f")
        #expect(try LZ4.decode(chunk, byteCount: 16) == (0..<16).map { UInt8($0) })
    }

    @Test("gives back what it was given", arguments: [0, 1, 11, 12, 13, 100, 65_536, 100_001])
    func roundTrip(count: Int) throws {
        for pixels in [noise(count, seed: 3), [UInt8](repeating: 7, count: count)] {
            for block in [64, 4096, LZ4.defaultBlockSize] {
                let chunk = try LZ4.encode(pixels, blockSize: block)
                #expect(try LZ4.decode(chunk, byteCount: count) == pixels)
            }
        }
    }
}
