// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// The socket of one circuit, with what could not be read or sent to the end.
///
/// Belongs to its loop's thread. An idle one has no buffers: those are the loop's.
final class Connection {
    let id: UInt64
    let descriptor: Int32
    let peer: IPv4Endpoint
    let circuit: Circuit
    /// The beginning of an unfinished message, and requests that wait because too much is unsent.
    var rest = InputBuffer()
    /// What could not be sent yet.
    var unsent: WireBuffer?
    /// Whether requests wait until the client has read.
    var isStalled = false
    /// Whether everything is said: what the client still sends is thrown away until it closes.
    var isLingering = false
    /// Whether the client has ended its side: it gets its answers, and then the connection is closed.
    var hasEnded = false
    /// Seconds of the monotonic clock.
    let opened: Int
    var lastInput: Int
    var lastOutput: Int
    var lingersUntil = 0
    /// What the poller was told.
    var watchesWrite = false
    var watchesRead = true
    /// Bytes sent since they were last counted.
    var sent = 0
    /// Whether it is among the slow ones.
    var isSlow = false
    /// The circuit's, as the loop's order knows it.
    var priority: UInt16 = 0
    /// How often the client had said who it is when the circuits were listed.
    var introductions = 0
    /// What it had when the circuits were listed.
    var listed = CircuitCounts()

    init(_ id: UInt64, _ descriptor: Int32, _ peer: IPv4Endpoint, _ circuit: Circuit, now: Int) {
        self.id = id
        self.descriptor = descriptor
        self.peer = peer
        self.circuit = circuit
        opened = now
        lastInput = now
        lastOutput = now
    }

    /// Who it is, for metrics: `10.0.0.7:40312 alice@beam1`; what the client says of itself is cut.
    var name: String { "\(peer) \(claims)" }

    private var claims: String {
        let client = circuit.client
        let host = client.host.isEmpty ? client.address : client.host
        return "\(client.user.prefix(40))@\(host.prefix(60))"
    }

    /// For the list of circuits.
    var note: CircuitNote {
        let text = "\(peer) priority \(circuit.priority) \(claims) \(counts)"
        return CircuitNote(priority: circuit.priority, text: text)
    }

    var counts: CircuitCounts {
        CircuitCounts(
            channels: circuit.channels.count, subscriptions: circuit.monitors.count,
            overwritten: circuit.lastOverwritten)
    }

    /// Whether there is nothing more to say to a client that has ended its side.
    var isDone: Bool { hasEnded && unsentCount == 0 && !circuit.hasUnfinishedWrites }

    /// Bytes that wait to be sent.
    var unsentCount: Int { unsent?.count ?? 0 }

    /// Why the connection is to be closed now; `nil` when it may stay.
    func expired(now: Int, _ limits: CircuitLimits) -> String? {
        if hasEnded { return now >= lingersUntil ? "its last requests take too long" : nil }
        if isLingering { return now >= lingersUntil ? "the client does not close" : nil }
        if circuit.isClosing {
            return now - lastOutput > limits.messageSeconds ? "the client does not read the last words" : nil
        }
        if !circuit.isOpen {
            let limit = circuit.offencesBeforeVersion > 0 ? min(5, limits.greetingSeconds) : limits.greetingSeconds
            return now - opened >= limit ? "it did not say its version" : nil
        }
        if rest.count > 0 || circuit.isSkipping, !isStalled, now - lastInput > limits.messageSeconds {
            return "an unfinished message"
        }
        if circuit.channels.count == 0, unsent == nil, now - lastInput > limits.idleSeconds { return "no channel" }
        return nil
    }
}

/// What one circuit has: `12 channels 10 subscriptions 0 overwritten`.
struct CircuitCounts: Equatable, CustomStringConvertible {
    var channels = 0
    var subscriptions = 0
    /// Updates that were replaced by newer ones.
    var overwritten: UInt64 = 0

    var description: String { "\(channels) channels \(subscriptions) subscriptions \(overwritten) overwritten" }
}

/// One circuit in the list of all: `10.0.0.7:40312 priority 20 alice@beam1 12 channels 10 subscriptions 0 overwritten`.
struct CircuitNote: Sendable {
    var priority: UInt16
    var text: String
}
