// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
import Synchronization

/// One thread that serves circuits: each belongs to one loop for life.
///
/// No device is ever called from here except for writes that the kernel carries out at once.
@safe
final class CircuitLoop: @unchecked Sendable {
    // sound: what is not atomic, locked or constant is touched by the loop's thread only

    /// What other threads ask for.
    enum Letter: Sendable {
        case accept(Int32, IPv4Endpoint)
        case circuit(UInt64, Circuit.Event)
        case follow
        case count
        case stop
    }

    /// What is to be done for one circuit within a turn.
    private enum Work {
        case serve(Poller.Ready)
        case handle(UInt64, Circuit.Event)
    }

    private static let inputSize = 262_144
    private static let bigMessage = 131_072
    private static let flushStep = 32_768
    private static let slowSeconds = 5
    private static let lingerSeconds = 2
    /// How often the list of circuits follows their counts; who comes and goes is told at once.
    private static let listSeconds = 5

    private let services: CircuitServices
    private let admissions: Admissions
    private let poller: Poller
    private let mailbox = Mailbox<Letter>()
    private let changes = Mutex(DirectoryChanges())
    private let thread: SerialThread
    private let threadNumber = Atomic<UInt>(0)
    private let ended = ThreadSemaphore()

    private var connections: [UInt64: Connection] = [:]
    private var order = TurnOrder<Work>()
    private var nextID: UInt64 = 1
    private var letters: [Letter] = []
    private var spare: [WireBuffer] = []
    private let input: UnsafeMutableRawPointer
    private var isRunning = true
    private var lastTick = 0
    private var lastList = 0
    private var hasNewCircuits = false

    /// How many circuits it serves, for the choice of a loop.
    let load = Atomic<Int>(0)
    /// The slow clients, by name.
    let slow = Mutex<[String]>([])
    /// Every circuit whose client said its version.
    let circuits = Mutex<[CircuitNote]>([])

    init(_ services: CircuitServices, _ admissions: Admissions, number: Int) throws(SocketError) {
        self.services = services
        self.admissions = admissions
        poller = try Poller()
        thread = SerialThread(name: "ca circuits \(number)")
        unsafe input = .allocate(byteCount: Self.inputSize, alignment: 64)
    }

    deinit { unsafe input.deallocate() }

    // MARK: - From other threads

    func start() {
        thread.perform { [self] in
            threadNumber.store(UInt(pthread_self()), ordering: .releasing)
            run()
            ended.post()
        }
    }

    /// Ends the loop and waits for its thread; every circuit is closed.
    func stop() {
        post(.stop)
        ended.wait(seconds: 10)
    }

    func post(_ letter: Letter) {
        mailbox.put(letter)
        poller.ring(isInside: threadNumber.load(ordering: .relaxed) == UInt(pthread_self()))
    }

    /// Tells the circuits that names or rules changed.
    func tell(_ event: DirectoryEvent) {
        changes.withLock { $0.add(event) }
        post(.follow)
    }

    // MARK: - The thread

    private func run() {
        while isRunning {
            let timeout: Int32 = connections.isEmpty ? -1 : 1000
            let wasRung = poller.wait(milliseconds: timeout) { ready in
                if order.isNeeded { put(.serve(ready), ready.id) } else { serve(ready) }
            }
            if wasRung { readLetters() }
            if !order.isEmpty { serveInOrder() }
            let now = Self.now
            if now != lastTick {
                lastTick = now
                tick(now)
            }
        }
        for connection in Array(connections.values) { close(connection) }
    }

    private static var now: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec
    }

    private func readLetters() {
        mailbox.empty(into: &letters)
        for letter in letters {
            switch letter {
            case .accept(let descriptor, let peer): open(descriptor, peer)
            case .circuit(let id, let event):
                if order.isNeeded {
                    put(.handle(id, event), id)
                } else if let connection = connections[id] {
                    handle(event, connection)
                }
            case .follow: follow()
            case .count: count()
            case .stop: isRunning = false
            }
        }
        letters.removeAll(keepingCapacity: true)
    }

    private func put(_ work: Work, _ id: UInt64) {
        if let connection = connections[id] { order.put(work, connection.priority) }
    }

    private func serveInOrder() {
        for work in order.take() {
            switch work {
            case .serve(let ready): serve(ready)
            case .handle(let id, let event):
                if let connection = connections[id] { handle(event, connection) }
            }
        }
    }

    private func serve(_ ready: Poller.Ready) {
        guard let connection = connections[ready.id] else { return }
        if ready.canWrite { writable(connection) }
        if connections[ready.id] != nil, ready.canRead { readable(connection) }
        if ready.isBroken, !ready.canRead, connections[ready.id] != nil { close(connection) }
    }

    // MARK: - Opening and closing

    private func open(_ descriptor: Int32, _ peer: IPv4Endpoint) {
        let id = nextID
        nextID += 1
        let circuit = Circuit(services, address: peer.host, port: peer.port) { [weak self] event in
            self?.post(.circuit(id, event))
        }
        let connection = Connection(id, descriptor, peer, circuit, now: Self.now)
        connections[id] = connection
        order.add(connection.priority)
        services.counters.circuits.add()
        poller.watch(descriptor, id: id)
        let out = buffer(for: connection)
        circuit.greet(into: out)
        flush(connection, out)
    }

    private func close(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        order.remove(connection.priority)
        hasNewCircuits = hasNewCircuits || connection.circuit.isOpen
        note(connection)
        services.counters.channels.add(-connection.circuit.channels.count)
        services.counters.subscriptions.add(-connection.circuit.monitors.count)
        services.counters.circuits.add(-1)
        connection.circuit.close()
        Glibc.close(connection.descriptor)
        admissions.leave(connection.peer)
        load.subtract(1, ordering: .relaxed)
        if connection.isSlow { listSlow() }
    }

    // MARK: - Reading

    private func readable(_ connection: Connection) {
        if connection.isLingering { return discard(connection) }
        guard connection.circuit.needed < Self.bigMessage || connection.rest.count == 0 else {
            return readBig(connection)
        }
        // What is left of the last read goes in front, so that each message lies in one piece.
        let kept = connection.rest.count
        unsafe connection.rest.view.copy(to: input)
        let count = unsafe read(connection.descriptor, input + kept, Self.inputSize - kept)
        guard didRead(connection, count) else { return }
        process(connection, unsafe ByteView(UnsafeRawBufferPointer(start: input, count: kept + count)))
    }

    private func readBig(_ connection: Connection) {
        let count = connection.rest.read(from: connection.descriptor, upTo: connection.circuit.needed)
        guard didRead(connection, count), connection.rest.count >= connection.circuit.needed else { return }
        process(connection, connection.rest.view)
    }

    /// - Returns: Whether bytes came; the connection is closed when none will come any more.
    private func didRead(_ connection: Connection, _ count: Int) -> Bool {
        if count > 0 {
            connection.lastInput = Self.now
            return true
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        // The client's end: what it asked for before is answered, on its way, or not done yet.
        if count == 0, connection.unsentCount > 0 || connection.circuit.hasUnfinishedWrites {
            connection.hasEnded = true
            connection.lingersUntil = Self.now + services.limits.messageSeconds
            watch(connection, read: false, write: connection.unsentCount > 0)
        } else {
            close(connection)
        }
        return false
    }

    private func process(_ connection: Connection, _ bytes: ByteView) {
        let circuit = connection.circuit
        let out = buffer(for: connection)
        var used = 0
        var isStalled = false
        while true {
            let limit = min(out.count + Self.flushStep, services.limits.replyBuffer)
            used += circuit.process(bytes.dropping(used), limit: limit, into: out)
            guard out.count >= limit, !circuit.isClosing else { break }
            guard send(connection, out) else { return }
            isStalled = out.count >= services.limits.replyBuffer
            if isStalled { break }
        }
        if circuit.priority != connection.priority { follow(circuit.priority, connection) }
        if circuit.isClosing {
            connection.rest.empty()
        } else if !connection.rest.keep(bytes.dropping(used)) {
            return close(connection)
        }
        connection.isStalled = isStalled
        circuit.deliver(into: out)
        flush(connection, out)
    }

    /// The client has said its priority.
    private func follow(_ priority: UInt16, _ connection: Connection) {
        order.remove(connection.priority)
        order.add(priority)
        connection.priority = priority
    }

    // MARK: - Writing

    /// The buffer with what is unsent, or an empty one.
    private func buffer(for connection: Connection) -> WireBuffer {
        connection.unsent ?? spare.popLast() ?? WireBuffer()
    }

    /// Sends; a broken connection is closed.
    private func send(_ connection: Connection, _ out: WireBuffer) -> Bool {
        let before = connection.sent
        let result = out.send(to: connection.descriptor, &connection.sent)
        if connection.sent > before { connection.lastOutput = Self.now }
        if case .broken = result {
            close(connection)
            return false
        }
        return true
    }

    /// Sends what there is, keeps what the socket does not take, and asks the poller for what comes next.
    private func flush(_ connection: Connection, _ out: WireBuffer) {
        guard send(connection, out) else { return }
        if out.count == 0 {
            connection.unsent = nil
            if spare.count < 8 { spare.append(out) }
        } else {
            connection.unsent = out
        }
        if connection.isDone { return close(connection) }
        if connection.hasEnded { return watch(connection, read: false, write: out.count > 0) }
        if connection.circuit.isClosing, out.count == 0, !connection.isLingering { linger(connection) }
        let wantsInput = connection.isLingering || !(connection.isStalled || connection.circuit.isClosing)
        // The rest of the requests is taken up by `writable`, also when this very send made room for their replies.
        let isWaiting = connection.isStalled && !connection.isLingering
        watch(connection, read: wantsInput, write: out.count > 0 || isWaiting)
    }

    private func watch(_ connection: Connection, read: Bool, write: Bool) {
        guard read != connection.watchesRead || write != connection.watchesWrite else { return }
        connection.watchesRead = read
        connection.watchesWrite = write
        poller.change(connection.descriptor, id: connection.id, read: read, write: write)
    }

    private func writable(_ connection: Connection) {
        let out = buffer(for: connection)
        guard send(connection, out) else { return }
        if connection.hasEnded { return flush(connection, out) }
        if connection.isLingering {
            if out.count == 0 { close(connection) }
            return
        }
        connection.circuit.deliver(into: out)
        if connection.isStalled, out.count < services.limits.replyBuffer / 2 {
            connection.isStalled = false
            connection.unsent = out
            if connection.rest.count > 0 { return process(connection, connection.rest.view) }
        }
        flush(connection, out)
    }

    /// Says nothing more, and reads on for a moment: closing over unread input would take the last words from the client.
    private func linger(_ connection: Connection) {
        connection.isLingering = true
        connection.lingersUntil = Self.now + Self.lingerSeconds
        shutdown(connection.descriptor, Int32(SHUT_WR))
    }

    private func discard(_ connection: Connection) {
        let count = unsafe read(connection.descriptor, input, Self.inputSize)
        if count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)) { return }
        close(connection)
    }

    // MARK: - Events

    private func handle(_ event: Circuit.Event, _ connection: Connection) {
        let out = buffer(for: connection)
        switch event {
        case .updates: if !connection.hasEnded { connection.circuit.deliver(into: out) }
        case .putEnded(let channel, let token, let result):
            connection.circuit.putEnded(channel: channel, token: token, result, into: out)
        }
        flush(connection, out)
    }

    private func follow() {
        let changes = self.changes.withLock { changes in
            defer { changes = DirectoryChanges() }
            return changes
        }
        var everyone = Array(connections.values)
        if order.isNeeded { everyone.sort { $0.priority > $1.priority } }
        for connection in everyone {
            let out = buffer(for: connection)
            connection.circuit.follow(changes, into: out)
            flush(connection, out)
        }
    }

    // MARK: - Time

    private func tick(_ now: Int) {
        var changed = false
        var isNew = hasNewCircuits
        let isDue = now - lastList >= Self.listSeconds
        for connection in Array(connections.values) {
            if let reason = connection.expired(now: now, services.limits) {
                services.logger.debug(
                    "A circuit is closed",
                    ["client": .string(connection.circuit.label), "reason": .string(reason)])
                close(connection)
                continue
            }
            let isSlow = connection.unsentCount > 0 && now - connection.lastOutput >= Self.slowSeconds
            changed = changed || isSlow != connection.isSlow
            connection.isSlow = isSlow
            isNew = isNew || connection.circuit.introductions != connection.introductions
            connection.introductions = connection.circuit.introductions
            isNew = isNew || (isDue && connection.counts != connection.listed)
        }
        if changed { listSlow() }
        if isNew { listCircuits() }
        count()
    }

    private func listSlow() {
        let names = connections.values.filter(\.isSlow).map(\.name).sorted()
        slow.withLock { $0 = names }
    }

    private func listCircuits() {
        hasNewCircuits = false
        lastList = lastTick
        for connection in connections.values { connection.listed = connection.counts }
        let notes = connections.values.filter(\.circuit.isOpen).map(\.note)
        circuits.withLock { $0 = notes }
    }

    /// Adds what the circuits did to the counters.
    private func count() { for connection in connections.values { note(connection) } }

    private func note(_ connection: Connection) {
        let tally = connection.circuit.tally
        services.counters.reads.add(tally.reads)
        services.counters.writes.add(tally.writes)
        services.counters.updates.add(tally.updates)
        services.counters.bytesOut.add(connection.sent)
        connection.circuit.tally = CircuitTally()
        connection.sent = 0
    }
}
