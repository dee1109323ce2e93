// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Decides which of a device's commands may run beside each other.
final class CommandGate: Sendable {
    private struct Lane {
        var holder: Operation?
        var waiting: [Ticket] = []
    }

    private let lanes = Mutex<[String: Lane]>([:])
    private let closed = Mutex<(reason: String, forAll: Bool)?>(nil)
    /// Asked first, because nearly every call finds it open.
    private let isClosed = Atomic<Bool>(false)
    private let started: @Sendable (Operation) -> Void

    /// - Parameter started: Hears of every operation of the device, so that frontends can list them.
    init(started: @escaping @Sendable (Operation) -> Void) { self.started = started }

    /// Lets an operation in, queues it or refuses it.
    func enter(
        _ policy: CommandPolicy, label: @autoclosure () -> String, operation: Operation
    ) throws(DeviceError) -> Ticket? {
        if isClosed.load(ordering: .acquiring), let closed = closed.withLock({ $0 }),
            closed.forAll || policy.concurrency != .interrupting
        {
            throw DeviceError(.wrongState, "\(label()) is refused: \(closed.reason)")
        }
        let key: String
        switch policy.concurrency {
        case .parallel, .interrupting:
            started(operation)
            return nil
        case .serial: key = ""
        case .resource(let name): key = name
        }
        let ticket = Ticket(gate: self, lane: key)
        let blocker: Operation? = lanes.withLock { lanes in
            var lane = lanes[key] ?? Lane()
            defer { lanes[key] = lane }
            if lane.holder == nil {
                lane.holder = operation
                ticket.open()
            } else if policy.whenBusy == .queue {
                ticket.operation = operation
                lane.waiting.append(ticket)
            } else {
                return lane.holder
            }
            return nil
        }
        if let blocker {
            throw DeviceError(
                .busy,
                "\(label()) is refused: \(blocker.command) is running since \(blocker.started) for \(blocker.origin)")
        }
        started(operation)
        return ticket
    }

    /// Refuses everything that does not interrupt, from now on.
    func close(_ reason: String) { close((reason, false)) }

    /// Refuses everything: there is nothing left to interrupt.
    func end(_ reason: String) { close((reason, true)) }

    private func close(_ why: (reason: String, forAll: Bool)) {
        closed.withLock { $0 = why }
        isClosed.store(true, ordering: .releasing)
    }

    fileprivate func leave(_ key: String) {
        let next: Ticket? = lanes.withLock { lanes in
            guard var lane = lanes[key] else { return nil }
            let next = lane.waiting.isEmpty ? nil : lane.waiting.removeFirst()
            lane.holder = next?.operation
            lanes[key] = lane
            return next
        }
        next?.open()
    }

    /// One operation's place in a lane.
    final class Ticket: @unchecked Sendable {  // sound: `operation` is written before the ticket is shared
        private let gate: CommandGate
        private let lane: String
        fileprivate var operation: Operation?
        private let state = Mutex<(isOpen: Bool, waiter: CheckedContinuation<Void, Never>?)>((false, nil))

        fileprivate init(gate: CommandGate, lane: String) {
            self.gate = gate
            self.lane = lane
        }

        /// Whether it is this operation's turn.
        var isOpen: Bool { state.withLock { $0.isOpen } }

        /// Waits until it is this operation's turn.
        func turn() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiter = continuation }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        fileprivate func open() {
            let waiter = state.withLock { state in
                state.isOpen = true
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }

        func leave() { gate.leave(lane) }
    }
}
