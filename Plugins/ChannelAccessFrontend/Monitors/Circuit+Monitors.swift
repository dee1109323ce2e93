// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension Circuit {
    private static let maskOffset = 12
    private static let maskPayload = 16

    // MARK: - Coming and going

    func subscribe(_ header: CAHeader, _ input: ByteView, _ payload: Int, into out: WireBuffer) {
        guard let place = channels.place(header.first), let channel = channels[place] else {
            return badChannel(header, into: out)
        }
        let type = DBRType(rawValue: header.type)
        guard type.isKnown else {
            return refuse(header, channel: channel.client, .badType, "there is no type \(header.type)", into: out)
        }
        let given = header.payloadSize < Self.maskPayload ? 0 : input.load(UInt16.self, at: payload + Self.maskOffset)
        let mask = UInt8(truncatingIfNeeded: given & 15)
        guard mask != 0 else {
            let text = "\(channel.variable.name): a subscription without an event mask"
            return refuse(header, channel: channel.client, .badMask, text, into: out)
        }
        guard monitors.count < services.limits.subscriptions else {
            let text = "a circuit may have \(services.limits.subscriptions) subscriptions (max_subscriptions)"
            return refuse(header, channel: channel.client, .allocationFailed, text, into: out)
        }
        let monitor = monitors.insert(
            Monitor(
                channel: Int32(truncatingIfNeeded: place), next: channel.monitors, client: header.second, type: type,
                mask: mask, count: UInt32(truncatingIfNeeded: header.count)))
        channels[place]?.monitors = monitor
        services.counters.subscriptions.add()
        attach(monitor, channel, into: out)
    }

    /// Begins to listen; the present value comes as the first update.
    private func attach(_ place: Int32, _ channel: Channel, into out: WireBuffer) {
        guard channel.rights.contains(.read) else {
            monitors[place].isFirst = false
            appendUpdateFailure(monitors[place], .noReadAccess, into: out)
            return listen(place, channel)
        }
        guard channel.variable.parameter != nil else { return sendPresent(place, channel, into: out) }
        monitors[place].isFirst = true
        listen(place, channel)
    }

    private func listen(_ place: Int32, _ channel: Channel) {
        guard let parameter = channel.variable.parameter else { return }
        monitors[place].sendsEqualValues = Self.sendsEqualValues(channel.variable)
        // The slot must be known before the first update is looked at; that happens on this thread, later.
        monitors.set(slot: kernelSubscription.add(parameter), of: place)
    }

    private static func sendsEqualValues(_ variable: ProcessVariable) -> Bool {
        variable.nativeCount != 1 || variable.parameter?.metadata.deadBands != nil
    }

    private var kernelSubscription: Subscription {
        if let subscription { return subscription }
        let post = post
        let subscription = Subscription(capacity: services.limits.queue) { post(.updates) }
        self.subscription = subscription
        return subscription
    }

    func unsubscribe(_ header: CAHeader, into out: WireBuffer) {
        guard let place = channels.place(header.first), let channel = channels[place] else {
            return badChannel(header, into: out)
        }
        guard let monitor = oldest(header.second, channel) else {
            let text = "\(channel.variable.name): there is no subscription \(header.second)"
            return refuse(header, channel: channel.client, .badMonitor, text, into: out)
        }
        let (type, count) = (monitors[monitor].type, Int(monitors[monitor].count))
        unlink(monitor, place)
        drop(monitor)
        out.append(.eventAdd, type: type.rawValue, count: count, first: header.first, second: header.second)
    }

    /// The oldest subscription of that number; the list begins with the newest.
    private func oldest(_ client: UInt32, _ channel: Channel) -> Int32? {
        var found: Int32?
        var place = channel.monitors
        while place >= 0 {
            if monitors[place].client == client { found = place }
            place = monitors[place].next
        }
        return found
    }

    private func unlink(_ monitor: Int32, _ place: Int) {
        guard let channel = channels[place] else { return }
        let next = monitors[monitor].next
        guard channel.monitors != monitor else {
            channels[place]?.monitors = next
            return
        }
        var before = channel.monitors
        while before >= 0, monitors[before].next != monitor { before = monitors[before].next }
        if before >= 0 { monitors[before].next = next }
    }

    /// Ends a subscription that was taken off its channel.
    func drop(_ monitor: Int32) {
        let slot = Int(monitors[monitor].slot)
        if slot >= 0 { subscription?.release(slot: slot) }
        monitors.remove(monitor)
        services.counters.subscriptions.add(-1)
    }

    /// Listens to what the channel leads to now.
    func attachAgain(_ place: Int, into out: WireBuffer) {
        guard let channel = channels[place] else { return }
        var monitor = channel.monitors
        while monitor >= 0 {
            let slot = Int(monitors[monitor].slot)
            if slot >= 0 {
                subscription?.release(slot: slot)
                monitors.forgetSlot(of: monitor)
            }
            attach(monitor, channel, into: out)
            monitor = monitors[monitor].next
        }
    }

    // MARK: - Delivery

    /// Sends what waits, unless the client asked for silence or does not read.
    func deliver(into out: WireBuffer) {
        guard !holdsUpdates, !isClosing, let subscription, out.count < services.limits.sendBuffer else { return }
        writeTime.expire()
        subscription.drain { update in send(update, into: out) }
        let overwritten = subscription.overwritten
        if overwritten != lastOverwritten {
            services.counters.overwritten.add(Int(overwritten &- lastOverwritten))
            lastOverwritten = overwritten
        }
    }

    /// Flow control ends: of each subscription only the newest update is sent.
    func resumeUpdates(into out: WireBuffer) {
        guard holdsUpdates else { return }
        holdsUpdates = false
        guard let subscription else { return }
        var updates: [Update] = []
        subscription.drain(into: &updates)
        var newest: [Int: Int] = [:]
        for index in updates.indices {
            let slot = updates[index].slot
            if let before = newest[slot] { updates[index].changes.formUnion(updates[before].changes) }
            newest[slot] = index
        }
        for index in updates.indices where newest[updates[index].slot] == index { send(updates[index], into: out) }
    }

    @inline(__always)
    private func send(_ update: borrowing Update, into out: WireBuffer) {
        guard let place = monitors.place(slot: update.slot) else { return }
        let monitor = monitors[place]
        guard let channel = channels[Int(monitor.channel)], channel.rights.contains(.read) else { return }
        let variable = channel.variable
        var changes = update.changes
        if variable.isDirect {
            if changes.contains(.metadata) { monitors[place].sendsEqualValues = Self.sendsEqualValues(variable) }
            guard passes(place, update.sample.value, &changes) else { return }
            append(monitor, channel, update.sample, into: out)
        } else {
            var sample = update.sample
            // The first update always goes out; a field says no to what does not concern it, a filter to what it holds back.
            guard variable.receive(&sample, &changes) || monitor.isFirst else { return }
            if changes.contains(.metadata) { monitors[place].sendsEqualValues = Self.sendsEqualValues(variable) }
            guard passes(place, sample.value, &changes) else { return }
            append(monitor, channel, sample, into: out)
        }
    }

    /// Whether the subscription wants an update with these changes; equal values are none.
    @inline(__always)
    private func passes(_ place: Int32, _ value: DataValue, _ changes: inout UpdateChanges) -> Bool {
        if !monitors[place].sendsEqualValues {
            let comparable = value.comparable
            if comparable == monitors[place].last, !monitors[place].isFirst {
                changes.subtract([.value, .archive])
            }
            monitors[place].last = comparable
        }
        if monitors[place].isFirst {
            monitors[place].isFirst = false
            return true
        }
        return changes.rawValue & monitors[place].mask != 0
    }

    @inline(__always)
    private func append(_ monitor: Monitor, _ channel: Channel, _ sample: Sample, into out: WireBuffer) {
        tally.updates += 1
        let start = out.beginMessage()
        let encoding = encode(channel.variable, sample, monitor.type, Int(monitor.count), into: out)
        guard encoding.status.isSuccess else {
            out.truncate(to: start)
            return appendUpdateFailure(monitor, encoding.status, into: out)
        }
        let header = CAHeader(
            .eventAdd, type: monitor.type.rawValue, count: Int(monitor.count), first: channel.server,
            second: monitor.client)
        guard fitsClient(start, encoding, header, into: out) else { return }
        out.endMessage(
            start, .eventAdd, type: monitor.type.rawValue, count: encoding.count, first: encoding.status.rawValue,
            second: monitor.client)
    }

    private func appendUpdateFailure(_ monitor: Monitor, _ status: ECAStatus, into out: WireBuffer) {
        appendFailure(
            .eventAdd, status, monitor.type.rawValue, Int(monitor.count), second: monitor.client, into: out)
    }

    /// Sends the value as it is, whatever the mask.
    private func sendPresent(_ place: Int32, _ channel: Channel, into out: WireBuffer) {
        monitors[place].isFirst = false
        let sample = channel.variable.sample()
        monitors[place].last = sample.value.comparable
        append(monitors[place], channel, sample, into: out)
    }

    // MARK: - Rights

    /// Asks the rules again; what changed is told, and subscriptions hear of it.
    func checkRights(into out: WireBuffer) {
        for place in channels.indices { checkRights(place, into: out) }
    }

    func checkRights(_ place: Int, into out: WireBuffer) {
        guard let channel = channels[place] else { return }
        let rights = channel.variable.rights(of: client)
        guard rights != channel.rights else { return }
        channels[place]?.rights = rights
        out.append(.accessRights, first: channel.client, second: rights.rawValue)
        let hadRead = channel.rights.contains(.read)
        guard hadRead != rights.contains(.read), let changed = channels[place] else { return }
        var monitor = changed.monitors
        while monitor >= 0 {
            if hadRead {
                appendUpdateFailure(monitors[monitor], .noReadAccess, into: out)
            } else {
                sendPresent(monitor, changed, into: out)
            }
            monitor = monitors[monitor].next
        }
    }
}
