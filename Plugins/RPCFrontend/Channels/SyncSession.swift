// Part of daqd
// SPDX-License-Identifier: MIT

/// One subscriber of a replicated structure; lives on its connection's thread.
///
/// A subscriber that does not keep up loses its queue, not the daemon its memory: it gets the whole structure anew.
final class SyncSession: LineHandler {
    /// Bytes that may wait for a subscriber.
    private static let limit = 4_194_304

    private let publisher: StatePublisher
    private var notifier: Notifier?
    private var number = 0
    private var isBehind = false
    private weak var connection: LineConnection?
    var isEstablished: Bool { notifier != nil }

    init(_ publisher: StatePublisher) { self.publisher = publisher }

    func line(_ line: UnsafeRawBufferPointer, on connection: LineConnection) -> LineOutcome {
        // A subscriber says one line, the name; what comes after is not for us.
        guard notifier == nil else { return .next }
        guard let notifier = publisher.notifier(unsafe String(decoding: line, as: UTF8.self)) else { return .drop }
        self.notifier = notifier
        self.connection = connection
        let handle = SessionHandle(self)
        number = notifier.subscribe(
            LineChannel.Receiver(loop: connection.loop) { line in (handle.session as? SyncSession)?.push(line) }
        ) { connection.output.append($0) }
        publisher.subscribersChanged()
        return .next
    }

    private func push(_ line: [UInt8]) {
        guard let connection, !connection.isClosed, !isBehind else { return }
        if connection.output.count > Self.limit {
            isBehind = true
        } else {
            connection.output.append(line)
            connection.send()
        }
    }

    func drained(on connection: LineConnection) {
        guard isBehind, let notifier else { return }
        // What was pushed meanwhile is in the copy; what comes after it is pushed after it.
        isBehind = false
        connection.output.append(notifier.initialLine)
        connection.send()
    }

    func peerEnded(on connection: LineConnection) { connection.close() }

    func closed() {
        notifier?.channel.remove(number)
        publisher.subscribersChanged()
    }
}

/// Leads from another thread's job back to a session, without keeping it.
final class SessionHandle: @unchecked Sendable {  // sound: the session is touched in its own loop's turn only
    private(set) weak var session: (any LineHandler)?

    init(_ session: any LineHandler) { self.session = session }
}
