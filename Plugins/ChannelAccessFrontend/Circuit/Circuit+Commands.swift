// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension Circuit {
    /// Echoes of longer payloads are answered without them.
    static let echoLimit = 65_536
    private static let nameLimit = 512

    /// Carries out one complete message.
    @inline(__always)
    func handle(_ header: CAHeader, _ input: ByteView, _ offset: Int, into out: WireBuffer) {
        let payload = offset + header.size
        guard !handleNumber(header, input, payload, into: out) else { return }
        writeTime.expire()
        switch CACommand(rawValue: header.command) {
        case .readNotify: read(header, into: out)
        case .write, .writeNotify: write(header, input, payload, into: out)
        case .read: read(header, into: out)
        case .eventAdd: subscribe(header, input, payload, into: out)
        case .eventCancel: unsubscribe(header, into: out)
        case .createChannel: create(header, input, payload, into: out)
        case .clearChannel: clear(header, into: out)
        case .search: search(header, input, payload, into: out)
        case .eventsOff: holdsUpdates = true
        case .eventsOn: resumeUpdates(into: out)
        case .readSync: out.append(echoed(header))
        case .echo: echo(header, input, payload, into: out)
        case .clientName, .hostName: identify(header, input, payload, into: out)
        case .version: break  // a name server's client sends its UDP buffer, with a sequence number as “priority”
        case .error, .serverIsUp, .notFound, .accessRights, .createFailed, .serverDisconnected, nil:
            damaged(header, "command \(header.command)", into: out)
        }
    }

    // MARK: - Echo

    private func echoed(_ header: CAHeader) -> CAHeader {
        var echoed = header
        echoed.payloadSize = 0
        if echoed.count < Int(CAHeader.extended) { echoed.size = CAHeader.shortSize }
        return echoed
    }

    /// Answers an echo without its payload.
    func echo(_ header: CAHeader, into out: WireBuffer) { out.append(echoed(header)) }

    private func echo(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) {
        guard header.payloadSize <= Self.echoLimit else { return echo(header, into: out) }
        out.append(header)
        input.withSpan(payload, header.payloadSize) { out.append($0) }
    }

    // MARK: - Who the client is

    private func identify(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) {
        let what = header.command == CACommand.hostName.rawValue ? "host" : "user"
        guard channels.count == 0 else {
            let text = "the \(what) name must be sent before the first channel; it is ignored"
            return refuse(header, channel: nil, .internalError, text, into: out)
        }
        let isGood =
            header.payloadSize > 0 && header.payloadSize <= Self.nameLimit
            && input.withSpan(payload, header.payloadSize) { bytes in
                for index in bytes.indices where bytes[index] == 0 { return true }
                return false
            }
        guard isGood else {
            let text = "the \(what) name must have a NUL within \(Self.nameLimit) bytes; it is ignored"
            return refuse(header, channel: nil, .internalError, text, into: out)
        }
        let name = input.text(payload, header.payloadSize)
        if what == "host" {
            client.host = name.lowercased()
        } else {
            client.user = name
        }
        introductions += 1
        origin = client.origin(frontend: services.frontend)
    }

    // MARK: - Search

    private func search(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) {
        let isKnown =
            header.payloadSize > 1
            && input.withName(payload, header.payloadSize) { services.directory.contains($0) }
        if isKnown {
            out.append(.search, type: services.tcpPort, first: .max, second: header.second)
        } else if header.type == 10 {
            out.append(.notFound, type: 10, count: header.count, first: header.second, second: header.second)
        }
    }

    // MARK: - Channels

    private func create(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) {
        guard header.second >= UInt32(CAVersion.oldestMinor) else {
            return close("a channel for minor version \(header.second)", header)
        }
        guard channels.count < services.limits.channels else {
            let text = "a circuit may have \(services.limits.channels) channels (max_channels)"
            refuse(header, channel: header.first, .allocationFailed, text, into: out)
            return createFailed(header, into: out)
        }
        let variable = input.withName(payload, header.payloadSize) { name in
            name.isEmpty ? nil : services.directory.variable(name)
        }
        guard let variable else { return createFailed(header, into: out) }
        let rights = variable.rights(of: client)
        let place = channels.insert(Channel(variable, client: header.first, rights: rights))
        let server = channels[place]?.server ?? 0
        services.counters.channels.add()
        out.append(.accessRights, first: header.first, second: rights.rawValue)
        out.append(
            .createChannel, type: UInt16(variable.nativeType.rawValue), count: variable.nativeCount,
            first: header.first, second: server)
    }

    private func createFailed(_ header: CAHeader, into out: WireBuffer) {
        guard let minor, minor >= CAVersion.createFailed else { return close("a channel that does not exist", header) }
        out.append(.createFailed, first: header.first)
    }

    private func clear(_ header: CAHeader, into out: WireBuffer) {
        guard let place = channels.place(header.first) else { return badChannel(header, into: out) }
        remove(place)
        out.append(.clearChannel, first: header.first, second: header.second)
    }

    /// Ends a channel with its subscriptions; writes that have not ended are forgotten.
    func remove(_ place: Int) {
        guard let channel = channels[place] else { return }
        var monitor = channel.monitors
        while monitor >= 0 {
            let next = monitors[monitor].next
            drop(monitor)
            monitor = next
        }
        if let puts = channel.puts { forget(puts) }
        channels.remove(place)
        services.counters.channels.add(-1)
    }
}
