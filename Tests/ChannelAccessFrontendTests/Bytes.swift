// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

@testable import ChannelAccessFrontend

/// Bytes from hexadecimal digits; blanks are for the reader.
func hex(_ text: String) -> [UInt8] {
    let digits = Array(text.filter { !$0.isWhitespace })
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0..<$0 + 2]), radix: 16) ?? 0 }
}

/// Hexadecimal digits in groups of four.
func hex(_ bytes: some Collection<UInt8>) -> String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
        if index > 0, index % 2 == 0 { text += " " }
        text += byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
    }
    return text
}

/// A message as a client sends it.
func message(
    _ command: UInt16, type: UInt16 = 0, count: Int = 0, _ first: UInt32 = 0, _ second: UInt32 = 0,
    _ payload: [UInt8] = []
) -> [UInt8] {
    let padded = payload + [UInt8](repeating: 0, count: -payload.count & 7)
    let buffer = WireBuffer()
    var header = CAHeader(.version, payloadSize: padded.count, type: type, count: count, first: first, second: second)
    header.command = command
    buffer.append(header)
    buffer.append(padded)
    return WireBufferTests.bytes(of: buffer)
}

/// A message that came from the server.
struct Reply: Equatable {
    var command: UInt16
    var type: UInt16
    var count: Int
    var first: UInt32
    var second: UInt32
    var payload: [UInt8]

    /// The messages that the bytes hold, whole ones only.
    static func all(_ bytes: [UInt8]) -> [Reply] {
        bytes.withUnsafeBytes { raw in
            let view = ByteView(raw)
            var replies: [Reply] = []
            var offset = 0
            while let header = CAHeader(view, at: offset), header.messageSize <= view.count - offset {
                replies.append(
                    Reply(
                        command: header.command, type: header.type, count: header.count, first: header.first,
                        second: header.second, payload: view.bytes(offset + header.size, header.payloadSize)))
                offset += header.messageSize
            }
            return replies
        }
    }

    /// Eight bytes of the payload as a number.
    func double(at offset: Int = 0) -> Double {
        guard payload.count >= offset + 8 else { return .nan }
        return Double(bitPattern: payload[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The text behind the copied header of an ERROR.
    var errorText: String { String(decoding: payload.dropFirst(16).prefix { $0 != 0 }, as: UTF8.self) }
}

extension Double {
    /// As the wire has it.
    var wire: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: bitPattern >> (56 - 8 * $0)) } }
}

extension String {
    /// As a name stands in a payload.
    var wire: [UInt8] { Array(utf8) + [0] }
}
