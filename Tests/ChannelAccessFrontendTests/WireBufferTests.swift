// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import ChannelAccessFrontend

@Suite("Wire buffer")
struct WireBufferTests {
    /// Everything that is still to be sent.
    static func bytes(of buffer: WireBuffer) -> [UInt8] {
        var result: [UInt8] = []
        var position = buffer.sent
        let own = UnsafeRawBufferPointer(start: buffer.memory, count: buffer.end)
        for shared in buffer.shared {
            result += own[position..<shared.position]
            result += shared.bytes[shared.offset..<shared.offset + shared.count]
            position = shared.position
        }
        return result + own[position..<buffer.end]
    }

    @Test("numbers are big-endian, texts have a NUL and are cut between characters")
    func appends() {
        let buffer = WireBuffer(capacity: 8)
        buffer.append(UInt16(0x0102))
        buffer.append(1.5)
        buffer.append("äöü", width: 4)
        buffer.appendZeros(1)
        #expect(
            Self.bytes(of: buffer) == [1, 2, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0xC3, 0xA4, 0, 0, 0])
        #expect(buffer.count == 15)
    }

    @Test(
        "an array by reference stands where it was appended, also when sent in pieces",
        arguments: [1, 7, 16_384, 20_000])
    func shares(step: Int) {
        let buffer = WireBuffer(capacity: 8)
        let array = [UInt8](repeating: 9, count: 20_000)
        buffer.append(UInt32(1))
        let mark = buffer.mark
        buffer.append(shared: array)
        buffer.append(UInt32(2))
        buffer.append(shared: array, from: 1, count: 17_000)
        #expect(buffer.count(since: mark) == 37_004)
        buffer.insertGap(8, at: mark)
        buffer.bytes(at: mark).storeBytes(of: 0, as: UInt64.self)
        let expected = [0, 0, 0, 1] + [UInt8](repeating: 0, count: 8) + array + [0, 0, 0, 2] + array.prefix(17_000)
        #expect(Self.bytes(of: buffer) == expected)
        var sent: [UInt8] = []
        while buffer.count > 0 {
            let piece = Self.bytes(of: buffer).prefix(step == 1 && buffer.count > 20_020 ? 20_000 : step)
            sent += piece
            buffer.consume(piece.count)
        }
        #expect(sent == expected)
        #expect(buffer.end == 0 && buffer.shared.isEmpty)
    }

    @Test("what was appended since a mark can be taken away")
    func truncates() {
        let buffer = WireBuffer()
        buffer.append(UInt8(1))
        let mark = buffer.mark
        buffer.append(shared: [UInt8](repeating: 9, count: 20_000))
        buffer.append(UInt8(2))
        buffer.truncate(to: mark)
        #expect(Self.bytes(of: buffer) == [1])
        #expect(buffer.count == 1)
    }
}
