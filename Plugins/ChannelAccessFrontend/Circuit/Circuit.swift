// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The protocol of one connection: bytes in, bytes out, no socket.
///
/// Belongs to one thread. What happens elsewhere (a write that ended, an update, a change of names) comes through `post`,
/// which may be called from any thread and leads back to ``handle(_:into:)`` and ``deliver(into:)`` on the circuit's own.
final class Circuit {
    /// Something that happened outside the circuit's thread.
    enum Event: Sendable {
        /// Updates wait: ``Circuit/deliver(into:)`` is to be called.
        case updates
        /// A write ended.
        case putEnded(channel: UInt32, token: UInt32, PutResult)
    }

    /// What is wrong enough to end the circuit once the replies are sent.
    private(set) var isClosing = false
    /// Bytes of a refused payload that are still to be thrown away.
    private var skipping = 0
    /// Whether the rest of a refused payload is still to come.
    var isSkipping: Bool { skipping > 0 }
    /// Bytes that the message at the start of the rest needs; 0 when unknown.
    private(set) var needed = 0

    let services: CircuitServices
    let post: @Sendable (Event) -> Void
    /// Greatest payload, as it was when the input was taken up.
    var maximumPayload = 0

    /// The client's minor version; `nil` before it said so.
    private(set) var minor: UInt16?
    /// The client's wish, from 0 to 99, to be served before others; what it says first counts.
    private(set) var priority: UInt16 = 0
    /// How often the client said something of itself.
    var introductions = 0
    private(set) var offencesBeforeVersion = 0
    /// The client's end of the connection, for the log.
    private let port: UInt16
    var client: ClientIdentity
    var origin: Origin
    private var badChannels = 0
    private var hasLoggedError = false

    var channels = ChannelTable()
    var monitors = MonitorTable()
    var subscription: Subscription?
    var holdsUpdates = false
    var lastOverwritten: UInt64 = 0
    /// Writes with callback that have not ended.
    var pendingPuts = 0
    /// Payload bytes of the writes that wait.
    var queuedBytes = 0
    var nextToken: UInt32 = 0
    var writeTime = WriteTime()
    /// Requests and updates since they were last counted.
    var tally = CircuitTally()

    init(
        _ services: CircuitServices, address: String, port: UInt16 = 0, post: @escaping @Sendable (Event) -> Void
    ) {
        self.port = port
        self.services = services
        self.post = post
        client = ClientIdentity(address: address)
        origin = client.origin(frontend: services.frontend)
    }

    /// Whether the client has said its version.
    var isOpen: Bool { minor != nil }

    /// The first message: this server's version, said without waiting.
    func greet(into out: WireBuffer) { out.append(.version, count: Int(CAVersion.minor)) }

    /// Whether what the client asked to be written is not all done.
    var hasUnfinishedWrites: Bool { pendingPuts > 0 || queuedBytes > 0 }

    // MARK: - Input

    /// Carries out every complete message, until `limit` bytes wait to be sent.
    /// - Returns: How many bytes were used; the rest must come again in front of what follows it.
    func process(_ input: ByteView, limit: Int, into out: WireBuffer) -> Int {
        maximumPayload = services.maximumPayload()
        needed = 0
        writeTime.expire()
        var offset = skip(input.count)
        while !isClosing, out.count < limit, let header = CAHeader(input, at: offset) {
            guard let minor else {
                guard header.command == CACommand.version.rawValue, header.payloadSize == 0 else {
                    refuseBeforeVersion(header, into: out)
                    return input.count
                }
                open(header)
                offset += header.messageSize
                continue
            }
            guard header.payloadSize & 7 == 0, header.size == CAHeader.shortSize || minor >= CAVersion.largeArrays
            else {
                damaged(header, "a payload of \(header.payloadSize) bytes is not aligned", into: out)
                break
            }
            if header.messageSize > input.count - offset || header.payloadSize > maximumPayload {
                guard refuse(header, into: out) else {
                    needed = header.messageSize
                    break
                }
                skipping = header.payloadSize
                offset += header.size
                offset += skip(input.count - offset)
                continue
            }
            handle(header, input, offset, into: out)
            offset += header.messageSize
        }
        return offset
    }

    private func skip(_ available: Int) -> Int {
        let count = min(skipping, available)
        skipping -= count
        return count
    }

    private func open(_ header: CAHeader) {
        guard header.count >= Int(CAVersion.oldestMinor), header.type <= CAVersion.highestPriority else {
            return close("minor version \(header.count), priority \(header.type)", header)
        }
        minor = UInt16(truncatingIfNeeded: header.count)
        priority = header.type
        introductions += 1
    }

    /// Something else than a version at the start: an old client, or no client of Channel Access at all.
    private func refuseBeforeVersion(_ header: CAHeader, into out: WireBuffer) {
        offencesBeforeVersion += 1
        out.appendError(header, channel: nil, .defunct, "the client did not say its version; CA 4.4 or later is needed")
        note("command \(header.command) before the version", header)
        if offencesBeforeVersion > 1 { isClosing = true }
    }

    /// Judges a message that is too large or not all there by its header, before its payload is waited for.
    /// - Returns: Whether it was answered, so that its payload is thrown away.
    private func refuse(_ header: CAHeader, into out: WireBuffer) -> Bool {
        guard let command = CACommand(rawValue: header.command) else {
            damaged(header, "command \(header.command)", into: out)
            return false
        }
        if command == .echo, header.payloadSize > Self.echoLimit {
            echo(header, into: out)
            return true
        }
        guard header.payloadSize > maximumPayload else { return false }
        note("a payload of \(header.payloadSize) bytes, more than \(maximumPayload)", header)
        if command == .writeNotify {
            replyToPut(header, .tooLarge, into: out)
        } else {
            let text = "a payload of \(header.payloadSize) bytes is more than \(maximumPayload)"
            out.appendError(header, channel: nil, .tooLarge, text)
        }
        return true
    }

    // MARK: - Errors

    /// Ends the circuit after an answer: what was sent is not Channel Access.
    func damaged(_ header: CAHeader, _ reason: String, into out: WireBuffer) {
        out.appendError(header, channel: nil, .internalError, "this is no request of Channel Access: \(reason)")
        close(reason, header)
    }

    /// A request for a channel that this circuit does not have; it may have crossed the channel's end on the way.
    func badChannel(_ header: CAHeader, into out: WireBuffer) {
        note("channel \(header.first) does not exist", header)
        out.appendError(header, channel: nil, .badChannel, "there is no channel \(header.first) on this circuit")
        badChannels += 1
        if badChannels >= services.limits.badChannels { isClosing = true }
    }

    /// Refuses a request with an ERROR; the circuit stays.
    func refuse(
        _ header: CAHeader, channel: UInt32?, _ status: ECAStatus, _ text: String, into out: WireBuffer
    ) {
        note(text, header)
        out.appendError(header, channel: channel, status, text)
    }

    /// Ends the circuit once everything is sent.
    func close(_ reason: String, _ header: CAHeader? = nil) {
        note(reason, header)
        isClosing = true
    }

    /// Counts a protocol error; the first of a circuit is logged.
    private func note(_ reason: String, _ header: CAHeader?) {
        services.counters.protocolErrors.add()
        guard !hasLoggedError else { return }
        hasLoggedError = true
        services.logger.info(
            "A client sent a request that was refused",
            [
                "client": .string(label), "port": .integer(Int64(port)), "reason": .string(reason),
                "header": .string(header?.description ?? ""),
            ])
    }

    /// The client in one word, for logs and metrics.
    var label: String {
        let who = client.user.isEmpty ? client.address : "\(client.user)@\(client.address)"
        return client.host.isEmpty ? who : "\(who) (\(client.host))"
    }

    // MARK: - The end

    /// Lets go of everything; operations that writes started go on.
    func close() {
        isClosing = true
        subscription?.cancel()
        subscription = nil
        channels.removeAll()
        monitors.removeAll()
    }
}

/// What a circuit did since it was last counted; plain numbers, so that counting costs no atomic operation per message.
struct CircuitTally {
    var reads = 0
    var writes = 0
    var updates = 0
}
