// Part of daqd
// SPDX-License-Identifier: MIT

/// One receiver of a broadcast channel; lives on its connection's thread.
final class BroadcastSession: LineHandler {
    /// Objects that may wait for a receiver; further ones are dropped.
    private static let limit = 1024

    private let broadcaster: Broadcaster
    private var channel: LineChannel?
    private var number = 0
    private var waiting = 0
    private weak var connection: LineConnection?
    var isEstablished: Bool { channel != nil }

    init(_ broadcaster: Broadcaster) { self.broadcaster = broadcaster }

    func line(_ line: UnsafeRawBufferPointer, on connection: LineConnection) -> LineOutcome {
        guard channel == nil else { return .next }
        guard line.count <= RPCHandshake.maximumLine,
            let channel = broadcaster.channel(unsafe String(decoding: line, as: UTF8.self))
        else { return .drop }
        self.channel = channel
        self.connection = connection
        let handle = SessionHandle(self)
        number = channel.add(
            LineChannel.Receiver(loop: connection.loop) { line in (handle.session as? BroadcastSession)?.push(line) })
        broadcaster.receiversChanged()
        return .next
    }

    private func push(_ line: [UInt8]) {
        guard let connection, !connection.isClosed, waiting < Self.limit else { return }
        waiting += 1
        connection.output.append(line)
        connection.send()
    }

    func drained(on connection: LineConnection) { waiting = 0 }

    func peerEnded(on connection: LineConnection) { connection.close() }

    func closed() {
        channel?.remove(number)
        broadcaster.receiversChanged()
    }
}
