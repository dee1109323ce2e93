// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension Circuit {
    /// WRITE and WRITE_NOTIFY: judged here, carried out by the variable, in order of arrival per channel.
    @inline(__always)
    func write(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) {
        guard let place = channels.place(header.first), let channel = channels[place] else {
            return badChannel(header, into: out)
        }
        tally.writes += 1
        var request = PutRequest(header: header, count: 0)
        if let refusal = judge(&request, channel) { return refuse(request, channel, refusal, into: out) }
        if let puts = channel.puts, puts.isBusy, !channel.variable.interrupts {
            let bytes = input.bytes(payload, header.payloadSize)
            return enqueue(PutQueue.Waiting(request: request, payload: bytes), channel, puts, into: out)
        }
        let type = DBRType(rawValue: header.type)
        let done = input.withSpan(payload, used(request, header.payloadSize)) { span in
            channel.variable.putNow(type, count: request.count, payload: span, origin: origin)
        }
        if let done { return answer(request, channel.client, done, into: out) }
        guard !request.wantsReply || pendingPuts < services.limits.pendingPuts else {
            let text =
                "\(channel.variable.name): this circuit has \(pendingPuts) writes with callback that have not ended"
            return refuse(request, channel, PutResult(.putInProgress, text), into: out)
        }
        input.withSpan(payload, used(request, header.payloadSize)) { span in begin(request, span, place) }
    }

    /// Answers a write that is not even tried; the put log hears of it, too.
    private func refuse(_ request: PutRequest, _ channel: Channel, _ result: PutResult, into out: WireBuffer) {
        var noted = result
        if result.status == .noWriteAccess { noted.message += ": no write access" }
        channel.variable.noteRefused(noted, origin)
        answer(request, channel.client, result, into: out)
    }

    /// Bytes that belong to the elements to store.
    @inline(__always)
    private func used(_ request: PutRequest, _ size: Int) -> Int {
        let type = DBRType(rawValue: request.header.type)
        if type.native == .string, request.count == 1 { return min(size, NativeType.string.size) }
        return request.count * type.native.size
    }

    /// Whether a write can be carried out at all; finds out how many elements it stores.
    @inline(__always)
    private func judge(_ request: inout PutRequest, _ channel: Channel) -> PutResult? {
        let variable = channel.variable
        let header = request.header
        let type = DBRType(rawValue: header.type)
        guard header.type < 7 || type == .putAcknowledgeTransient || type == .putAcknowledgeSeverity else {
            return PutResult(.badType, "\(variable.name): type \(header.type) cannot be written")
        }
        guard channel.rights.contains(.write) else {
            return PutResult(.noWriteAccess, variable.name)
        }
        let isScalar = variable.nativeCount == 1 || header.type > 6
        guard !isScalar || header.count == 1 else {
            return PutResult(.badCount, "\(variable.name): \(header.count) elements for one value")
        }
        let isShortText = type.native == .string && header.count == 1
        let needed = isShortText ? 1 : header.count * type.native.size
        guard header.payloadSize >= needed else {
            return PutResult(
                .badCount,
                "\(variable.name): \(header.count) elements need \(needed) bytes, not \(header.payloadSize)")
        }
        request.count = min(header.count, variable.nativeCount)
        return nil
    }

    private func enqueue(_ waiting: PutQueue.Waiting, _ channel: Channel, _ puts: PutQueue, into out: WireBuffer) {
        let request = waiting.request
        if request.wantsReply {
            guard puts.notifyCount < services.limits.pendingPutsPerChannel, pendingPuts < services.limits.pendingPuts,
                queuedBytes + waiting.payload.count <= 2 * maximumPayload
            else {
                let text = "\(channel.variable.name): \(puts.notifyCount) writes with callback have not ended"
                return refuse(request, channel, PutResult(.putInProgress, text), into: out)
            }
            pendingPuts += 1
        } else if queuedBytes + waiting.payload.count > 2 * maximumPayload {
            let text = "\(channel.variable.name): too much waits to be written"
            return refuse(request, channel, PutResult(.putFailed, text), into: out)
        }
        queuedBytes += waiting.payload.count - puts.enqueue(waiting)
    }

    /// Hands a write on; its end comes through `post`.
    private func begin(_ request: PutRequest, _ payload: Span<UInt8>, _ place: Int) {
        guard let channel = channels[place] else { return }
        let puts = channel.puts ?? PutQueue()
        channels[place]?.puts = puts
        nextToken &+= 1
        let token = nextToken
        puts.begin(token, request)
        if request.wantsReply { pendingPuts += 1 }
        let (server, post) = (channel.server, post)
        channel.variable.put(
            DBRType(rawValue: request.header.type), count: request.count, payload: payload, origin: origin
        ) { result in post(.putEnded(channel: server, token: token, result)) }
    }

    /// Answers a write that ended and starts the one that waits behind it.
    func putEnded(channel server: UInt32, token: UInt32, _ result: PutResult, into out: WireBuffer) {
        guard let place = channels.place(server), let channel = channels[place], let puts = channel.puts,
            let request = puts.end(token)
        else { return }
        if request.wantsReply { pendingPuts -= 1 }
        answer(request, channel.client, result, into: out)
        while !puts.isBusy, let next = puts.next() {
            queuedBytes -= next.payload.count
            if next.request.wantsReply { pendingPuts -= 1 }
            carryOut(next, place, into: out)
        }
        if !puts.isBusy { channels[place]?.puts = nil }
    }

    private func carryOut(_ waiting: PutQueue.Waiting, _ place: Int, into out: WireBuffer) {
        guard let channel = channels[place] else { return }
        let request = waiting.request
        guard channel.rights.contains(.write) else {
            return refuse(request, channel, PutResult(.noWriteAccess, channel.variable.name), into: out)
        }
        let payload = waiting.payload.span.extracting(0..<used(request, waiting.payload.count))
        let type = DBRType(rawValue: request.header.type)
        if let done = channel.variable.putNow(type, count: request.count, payload: payload, origin: origin) {
            answer(request, channel.client, done, into: out)
        } else {
            begin(request, payload, place)
        }
    }

    /// Tells a client what became of its write: a reply with the status, or an ERROR where it wants none and it failed.
    @inline(__always)
    func answer(_ request: PutRequest, _ client: UInt32, _ result: PutResult, into out: WireBuffer) {
        if request.wantsReply {
            replyToPut(request.header, result.status, into: out)
        } else if !result.status.isSuccess {
            out.appendError(request.header, channel: client, result.status, result.message)
        }
    }

    /// The reply to a WRITE_NOTIFY, after the updates that it caused.
    func replyToPut(_ header: CAHeader, _ status: ECAStatus, into out: WireBuffer) {
        deliver(into: out)
        out.append(
            .writeNotify, type: header.type, count: header.count, first: status.rawValue, second: header.second)
    }

    /// Forgets the writes of a channel that ends.
    func forget(_ puts: PutQueue) {
        pendingPuts -= puts.notifyCount
        while let waiting = puts.next() { queuedBytes -= waiting.payload.count }
    }

    /// Answers every unfinished write of a channel that ends from the server's side.
    func fail(_ puts: PutQueue, _ client: UInt32, into out: WireBuffer) {
        for request in puts.unfinished where request.wantsReply {
            answer(request, client, PutResult(.putFailed, "the channel is gone"), into: out)
        }
    }
}
