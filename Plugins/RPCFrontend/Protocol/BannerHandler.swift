// Part of daqd
// SPDX-License-Identifier: MIT

/// Reads a connection's first line and hands the connection to the channel that it names.
final class BannerHandler: LineHandler {
    private let service: RPCService
    var isEstablished: Bool { false }

    init(_ service: RPCService) { self.service = service }

    func line(_ line: UnsafeRawBufferPointer, on connection: LineConnection) -> LineOutcome {
        guard line.count <= RPCHandshake.maximumLine,
            let channel = RPCHandshake.Channel(rawValue: unsafe String(decoding: line, as: UTF8.self)),
            let handler = service.handler(channel, connection)
        else { return .drop }
        connection.handler = handler
        return .next
    }

    func lineTooLong(on connection: LineConnection) { connection.close() }
}
