// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Answers datagrams with searches: bytes in, datagrams out.
///
/// Only names that this server has are answered; nothing is said of others. Every reply begins with the sequence number
/// of the request, by which a client knows that all of a datagram was answered.
final class SearchResponder {
    /// Greatest reply, as old clients expect it.
    static let datagramSize = 1024
    private static let hitSize = 24

    private let directory: any NameDirectory
    private let port: UInt16
    private let reply = WireBuffer(capacity: 2048)

    /// Names asked for and names that were there.
    private(set) var searches = 0
    private(set) var hits = 0

    init(_ directory: any NameDirectory, port: UInt16) {
        self.directory = directory
        self.port = port
    }

    /// Answers one datagram; a malformed message ends it, what stood before is answered.
    /// - Parameter send: Gets each reply, for the length of the call.
    func answer(_ datagram: ByteView, _ send: (WireBuffer) -> Void) {
        var offset = 0
        var minor: UInt16 = 0
        var sequence: UInt32 = 0
        reply.clear()
        while let header = CAHeader(datagram, at: offset) {
            guard header.payloadSize & 7 == 0, header.messageSize <= datagram.count - offset else { break }
            switch CACommand(rawValue: header.command) {
            case .version:
                flush(send)
                minor = UInt16(truncatingIfNeeded: header.count)
                sequence = header.first
            case .search where minor >= CAVersion.oldestMinor:
                if has(datagram, header, offset) { hit(header, minor, sequence, send) }
            default: break
            }
            offset += header.messageSize
        }
        flush(send)
    }

    private func has(_ datagram: ByteView, _ header: CAHeader, _ offset: Int) -> Bool {
        guard header.payloadSize > 1 else { return false }
        searches += 1
        return datagram.withName(offset + header.size, header.payloadSize) { directory.contains($0) }
    }

    private func hit(_ request: CAHeader, _ minor: UInt16, _ sequence: UInt32, _ send: (WireBuffer) -> Void) {
        hits += 1
        if reply.count + Self.hitSize > Self.datagramSize { flush(send) }
        if reply.count == 0, minor >= CAVersion.sequence {
            reply.append(.version, type: 1, count: Int(CAVersion.minor), first: sequence)
        }
        reply.append(
            CAHeader(.search, payloadSize: 8, type: port, first: .max, second: request.second))
        reply.append(CAVersion.minor)
        reply.appendZeros(6)
    }

    private func flush(_ send: (WireBuffer) -> Void) {
        guard reply.count > 0 else { return }
        send(reply)
        reply.clear()
    }
}

extension ByteView {
    /// A name in a payload: up to its first NUL or the payload's end.
    @inline(__always)
    func withName<Result>(_ offset: Int, _ length: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        withSpan(offset, length) { bytes in
            var end = 0
            while end < bytes.count, bytes[end] != 0 { end += 1 }
            return body(bytes.extracting(0..<end))
        }
    }
}
