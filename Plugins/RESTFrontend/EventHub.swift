// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Gathers what happens on the site and hands it to the clients that follow the events.
///
/// It listens only while there are clients, and a while longer, so that one that comes back misses nothing. Publishers
/// never wait: they wake one task, which empties the subscription twenty times a second into a bounded ring.
final class EventHub: Sendable {
    private struct State {
        var ring: EventRing
        var clients = 0
        var lastClient = Timestamp.monotonicNanoseconds()
        var listener: EventListener?
        var waiters: [OneResume] = []
        var isClosed = false
        /// Distinguishes numbers given before the ring was begun anew.
        var epoch = ""
    }

    private let site: Site
    private let capacity: Int
    private let shows: @Sendable (String) -> Bool
    private let state: Mutex<State>

    /// How long the ring is kept after the last client left.
    static let grace: Int64 = 120_000_000_000

    init(site: Site, capacity: Int, shows: @escaping @Sendable (String) -> Bool) {
        self.site = site
        self.capacity = capacity
        self.shows = shows
        state = Mutex(State(ring: EventRing(capacity: capacity)))
    }

    /// Clients that follow now.
    var clientCount: Int { state.withLock { $0.clients } }

    // MARK: - Clients

    /// Where a client begins.
    struct Position: Sendable {
        var epoch: String
        var next: Int
        /// Whether events between the client's last and this position are lost.
        var isGap: Bool
    }

    /// Counts a client in; listening begins with the first one.
    /// - Parameter lastID: The id of the last event that it saw, `epoch-number`.
    func enter(lastID: String?) -> Position {
        let (position, isFirst) = state.withLock { state in
            state.clients += 1
            let isFirst = state.listener == nil && !state.isClosed
            if isFirst {
                state.ring = EventRing(capacity: capacity)
                state.epoch = String(UInt64(bitPattern: Timestamp.now().nanoseconds), radix: 36)
                state.listener = EventListener(site: site, shows: shows) { [weak self] events in self?.append(events) }
            }
            return (Self.position(lastID, state), isFirst)
        }
        if isFirst { state.withLock { $0.listener }?.begin() }
        return position
    }

    private static func position(_ lastID: String?, _ state: State) -> Position {
        let start = Position(epoch: state.epoch, next: state.ring.next, isGap: lastID != nil)
        guard let parts = lastID?.split(separator: "-"), parts.count == 2, parts[0] == state.epoch,
            let number = Int(parts[1]), number < state.ring.next, number >= state.ring.oldest - 1
        else { return start }
        return Position(epoch: state.epoch, next: number + 1, isGap: false)
    }

    /// Counts a client out.
    func leave() {
        state.withLock { state in
            state.clients -= 1
            state.lastClient = Timestamp.monotonicNanoseconds()
        }
    }

    /// What a client reads next.
    enum Batch: Sendable {
        case events([RESTEvent])
        /// Events are gone that it had not read yet: it goes on here.
        case gap(next: Int)
        case closed
    }

    /// The events from a number on; waits for the first, at most for so long; an empty list after that.
    func events(from number: Int, waiting seconds: Double) async -> Batch {
        if let batch = batch(from: number) { return batch }
        let once = OneResume()
        // Looked at again under the lock, so that nothing slips through between the look and the wait.
        let ready = state.withLock { state in
            if state.isClosed || state.ring.next != number { return true }
            state.waiters.append(once)
            return false
        }
        if !ready {
            let timer = Task {
                try? await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
                once.resume()
            }
            await once.wait()
            timer.cancel()
            state.withLock { $0.waiters.removeAll { $0 === once } }
        }
        return batch(from: number) ?? .events([])
    }

    private func batch(from number: Int) -> Batch? {
        state.withLock { state in
            if state.isClosed { return .closed }
            guard let events = state.ring.events(from: number, limit: 256) else { return .gap(next: state.ring.next) }
            return events.isEmpty ? nil : .events(events)
        }
    }

    // MARK: - Events

    private func append(_ events: [EventListener.Event]) {
        let (waiters, idle) = state.withLock { state in
            for event in events { state.ring.append(event.topic, event.device, event.name, event.data) }
            let isIdle = state.clients == 0 && Timestamp.monotonicNanoseconds() - state.lastClient > Self.grace
            defer { if !events.isEmpty { state.waiters = [] } }
            return (events.isEmpty ? [] : state.waiters, isIdle ? Self.takeListener(&state) : nil)
        }
        for waiter in waiters { waiter.resume() }
        idle?.end()
    }

    private static func takeListener(_ state: inout State) -> EventListener? {
        defer { state.listener = nil }
        return state.listener
    }

    /// The tree changed; said on the thread of the change.
    func treeChanged(_ event: TreeEvent) { state.withLock { $0.listener }?.treeChanged(event) }

    /// Ends every client's stream.
    func close() {
        let (listener, waiters) = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return (Self.takeListener(&state), state.waiters)
        }
        listener?.end()
        for waiter in waiters { waiter.resume() }
    }
}
