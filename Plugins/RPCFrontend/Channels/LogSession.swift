// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// One program that sends its log here; it never hears anything.
final class LogSession: LineHandler {
    private let logger: Logger
    private let ownSource: String?
    private let peer: String
    private var log = ForwardedLog()
    /// Nothing needs to be said for a long time.
    var isEstablished: Bool { true }

    /// - Parameter ownSource: Under which name this daemon forwards its own log: what comes back is not taken again.
    init(_ logger: Logger, ownSource: String?, peer: String) {
        self.logger = logger
        self.ownSource = ownSource
        self.peer = peer
    }

    func line(_ line: UnsafeRawBufferPointer, on connection: LineConnection) -> LineOutcome {
        guard let line = unsafe String(validating: line, as: UTF8.self) else {
            logger.warning("A forwarded log is no UTF-8", ["peer": .string(peer)])
            return .drop
        }
        do throws(RPCException) {
            if let message = try log.take(line), message.source != ownSource {
                logger.child(message.name).log(message.level, message.text, ["source": .string(message.source)])
            }
            return .next
        } catch {
            logger.warning(
                "A program that sends its log was sent away",
                ["peer": .string(peer), "reason": .string(error.message)])
            return .drop
        }
    }

    func lineTooLong(on connection: LineConnection) { connection.close() }

    func peerEnded(on connection: LineConnection) { connection.close() }
}
