// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// Subscribes to everything that a frontend shows and turns it into events, in one task.
final class EventListener: Sendable {
    /// An event before it has a number.
    struct Event: Sendable {
        var topic: EventTopic
        var device: String
        var name: String
        var data: [UInt8]
    }

    private struct State {
        var slots: [Int: (device: String, name: String)] = [:]
        var members: [String: Int] = [:]
        var tree: [TreeEvent] = []
        var others: [Event] = []
        var dropped = 0
        var task: Task<Void, Never>?
        var acquisitions: AcquisitionObservation?
        var operations: Int?
    }

    private let site: Site
    private let shows: @Sendable (String) -> Bool
    private let deliver: @Sendable ([Event]) -> Void
    private let state = Mutex(State())
    private let wake: AsyncStream<Void>.Continuation
    private let wakes: AsyncStream<Void>
    private let subscription: Subscription

    /// Events beyond parameters that are kept until the task comes; more than a site can cause in that time.
    private static let bound = 10_000
    private static let pause: UInt64 = 50_000_000

    init(
        site: Site, shows: @escaping @Sendable (String) -> Bool, deliver: @escaping @Sendable ([Event]) -> Void
    ) {
        self.site = site
        self.shows = shows
        self.deliver = deliver
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        wakes = stream
        wake = continuation
        subscription = Subscription(capacity: 4096) { continuation.yield() }
    }

    /// Begins to listen.
    func begin() {
        for device in site.devices where shows(device.name) {
            for parameter in device.parameters { follow(parameter, device.name) }
        }
        subscription.drain { _ in }  // present values: a client gets them with its first events
        let acquisitions = site.acquisitions.observe { [weak self] event in self?.add(event) }
        let operations = site.operations.observe { [weak self] operation, status in self?.add(operation, status) }
        let task = Task { [weak self, wakes] in
            for await _ in wakes {
                self?.flush()
                try? await Task.sleep(nanoseconds: Self.pause)
            }
        }
        let heartbeat = Task { [weak self] in
            while (try? await Task.sleep(nanoseconds: 5_000_000_000)) != nil { self?.deliver([]) }
        }
        state.withLock { state in
            state.acquisitions = acquisitions
            state.operations = operations
            state.task = Task {
                await withTaskCancellationHandler {
                    await task.value
                } onCancel: {
                    task.cancel()
                    heartbeat.cancel()
                }
            }
        }
    }

    /// Stops listening.
    func end() {
        let (task, operations, acquisitions) = state.withLock { state in
            defer { state.acquisitions = nil }
            return (state.task, state.operations, state.acquisitions)
        }
        wake.finish()
        task?.cancel()
        subscription.cancel()
        acquisitions?.cancel()
        if let operations { site.operations.removeObserver(operations) }
    }

    // MARK: - Sources

    private func follow(_ parameter: AnyParameter, _ device: String) {
        let key = device + "/" + parameter.name
        guard state.withLock({ $0.members[key] == nil }) else { return }
        let slot = subscription.add(parameter)
        guard slot >= 0 else { return }
        state.withLock { state in
            state.slots[slot] = (device, parameter.name)
            state.members[key] = slot
        }
    }

    private func forget(_ key: String) {
        let slot = state.withLock { state in
            let slot = state.members.removeValue(forKey: key)
            if let slot { state.slots[slot] = nil }
            return slot
        }
        if let slot { subscription.remove(slot: slot) }
    }

    /// The tree changed; the task follows it.
    func treeChanged(_ event: TreeEvent) {
        state.withLock { $0.tree.append(event) }
        wake.yield()
    }

    private func add(_ event: AcquisitionEvent) {
        var members: [(String, JSON)] = [("acquisition", .string(event.acquisition))]
        let device: String
        switch event {
        case .postOperation(let operation):
            device = operation.device
            members += [("event", "post_operation"), ("post_operation", operation.json)]
        default:
            guard let record = event.record else { return }
            device = record.device
            members += [("event", .string(event.word)), ("record", record.json)]
        }
        add(.acquisition, device, event.acquisition, .object(members))
    }

    private func add(_ operation: Operation, _ status: OperationStatus) {
        add(.operation, operation.device, operation.command, .object(operation.members(status, inFull: false)))
    }

    private func add(_ topic: EventTopic, _ device: String, _ name: String, _ data: JSON) {
        guard shows(device) else { return }
        var bytes: [UInt8] = []
        data.write(to: &bytes)
        state.withLock { state in
            if state.others.count < Self.bound {
                state.others.append(Event(topic: topic, device: device, name: name, data: bytes))
            } else {
                state.dropped += 1
            }
        }
        wake.yield()
    }

    // MARK: - The task

    private func flush() {
        let (tree, others, dropped) = state.withLock { state in
            defer { (state.tree, state.others, state.dropped) = ([], [], 0) }
            return (state.tree, state.others, state.dropped)
        }
        var events = others
        if dropped > 0 {
            let data = JSON.object([("event", "dropped"), ("count", .integer(Int64(dropped)))])
            events.append(Event(topic: .tree, device: "daqd", name: "", data: Array(data.text.utf8)))
        }
        for event in tree { events += self.events(of: event) }
        subscription.drain { update in
            guard let (device, name) = state.withLock({ $0.slots[update.slot] }) else { return }
            events += Self.events(of: copy update, device, name)
        }
        if !events.isEmpty { deliver(events) }
    }

    private static func events(of update: Update, _ device: String, _ name: String) -> [Event] {
        var events: [Event] = []
        if !update.changes.isDisjoint(with: [.value, .archive]) {
            events.append(Event(topic: .parameter, device: device, name: name, data: data(update.sample, device, name)))
        }
        if update.changes.contains(.alarm) {
            let alarm = JSON.object([
                ("device", .string(device)), ("name", .string(name)), ("alarm", update.sample.alarm.json),
            ])
            events.append(Event(topic: .alarm, device: device, name: name, data: Array(alarm.text.utf8)))
        }
        return events
    }

    /// A sample as an event's data.
    static func data(_ sample: Sample, _ device: String, _ name: String) -> [UInt8] {
        var bytes: [UInt8] = Array(#"{"device":"#.utf8)
        JSON.write(device, to: &bytes)
        bytes.append(contentsOf: #","name":"#.utf8)
        JSON.write(name, to: &bytes)
        bytes.append(contentsOf: #","value":"#.utf8)
        sample.write(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Follows a change of the tree and says what it was.
    private func events(of event: TreeEvent) -> [Event] {
        var members: [(String, JSON)] = []
        var path = ""
        let device: String
        switch event {
        case .deviceAdded(let name):
            device = name
            members = [("event", "device_added")]
            if shows(name), let node = site.device(name) {
                for parameter in node.parameters { follow(parameter, name) }
            }
        case .deviceRemoved(let name):
            device = name
            members = [("event", "device_removed")]
            for key in state.withLock({ Array($0.members.keys) }) where key.hasPrefix(name + "/") { forget(key) }
        case .deviceState(let name, let state):
            device = name
            members = [("event", "device_state"), ("state", .string(state.name)), ("message", .string(state.message))]
        case .memberAdded(let name, let member):
            (device, path) = (name, member)
            members = [("event", "member_added"), ("name", .string(member))]
            if shows(name), let parameter = site.device(name)?.parameter(member) { follow(parameter, name) }
        case .memberRemoved(let name, let member):
            (device, path) = (name, member)
            members = [("event", "member_removed"), ("name", .string(member))]
            forget(name + "/" + member)
        case .metadataChanged(let name, let member):
            (device, path) = (name, member)
            members = [("event", "metadata_changed"), ("name", .string(member))]
        case .typeChanged(let name, let member):
            (device, path) = (name, member)
            members = [("event", "type_changed"), ("name", .string(member))]
        @unknown default: return []
        }
        guard shows(device) else { return [] }
        let data = JSON.object([("device", .string(device))] + members)
        return [Event(topic: .tree, device: device, name: path, data: Array(data.text.utf8))]
    }
}

extension AcquisitionEvent {
    /// The word in JSON.
    fileprivate var word: String {
        switch self {
        case .began: "began"
        case .state: "state"
        case .frames: "frames"
        case .artifacts: "artifacts"
        case .changed: "changed"
        case .postOperation: "post_operation"
        @unknown default: "changed"
        }
    }
}
