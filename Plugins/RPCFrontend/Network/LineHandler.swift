// Part of daqd
// SPDX-License-Identifier: MIT

/// What a connection does after a line.
enum LineOutcome {
    /// Takes the next line.
    case next
    /// Takes no line until ``LineConnection/resume()``.
    case wait
    /// Sends what is queued, then says goodbye.
    case finish
    /// Closes at once, without a word.
    case drop
}

/// What a connection's lines mean; called in the loop's turn only.
protocol LineHandler: AnyObject {
    /// Whether the peer has said all that it must say within the first half minute.
    var isEstablished: Bool { get }
    /// Takes a line without its end.
    func line(_ line: UnsafeRawBufferPointer, on connection: LineConnection) -> LineOutcome
    /// A line is longer than allowed; what is queued here is sent before the connection ends.
    func lineTooLong(on connection: LineConnection)
    /// The peer sends no more, while the connection waits; it may still read.
    func peerEnded(on connection: LineConnection)
    /// Everything that was queued is sent.
    func drained(on connection: LineConnection)
    /// The connection is gone.
    func closed()
}

extension LineHandler {
    func lineTooLong(on connection: LineConnection) {}
    func peerEnded(on connection: LineConnection) {}
    func drained(on connection: LineConnection) {}
    func closed() {}
}
