// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// The device `daqd`: uptime, memory, load, how the devices are, and the counters that frontends register.
///
/// `/metrics`, its process variables and its remote calls come from it.
public final class DaemonDevice: Sendable {
    /// Its place in the tree.
    public let node: DeviceNode
    private let counters = Mutex<[String: Counter]>([:])
    private let started = Timestamp.monotonicNanoseconds()
    private let uptime = Parameter<Double>("uptime", "Time since the start", unit: "s", access: .read, precision: 0)
    private let uptimeText = Parameter<String>(
        "uptime_text", "Time since the start, in days, hours, minutes and seconds", access: .read)
    private let memory = Parameter<Int64>("memory", "Resident memory", unit: "B", access: .read)
    private let startTime = Parameter<String>("started", "When the daemon started", access: .read)
    private let time = Parameter<String>("time", "The host's time, UTC", access: .read)
    private let heartbeat = Parameter<Int64>("heartbeat", "Rises by one every second", access: .read, initial: 0)
    private let host = HostStatistics()

    init(node: DeviceNode) {
        self.node = node
        for parameter in [uptime, uptimeText, memory, startTime, time, heartbeat] as [AnyParameter] + host.parameters {
            try? node.add(parameter)
        }
        startTime.publish(Timestamp.now().description)
        node.set(.connected)
        refresh()
    }

    /// The counter of a path, made at the first call.
    public func counter(_ path: String, _ description: String) -> Counter {
        let (counter, isNew) = counters.withLock { counters in
            if let counter = counters[path] { return (counter, false) }
            let counter = Counter(Parameter<Int64>(path, description, access: .read, initial: 0))
            counters[path] = counter
            return (counter, true)
        }
        if isNew { try? node.add(counter.parameter) }
        return counter
    }

    /// Shows a parameter of a frontend or another service beside its counters: `frontends/ca/read_only`.
    /// - Throws: ``DeviceError`` when the path is taken or malformed.
    public func add(_ parameter: AnyParameter) throws(DeviceError) { try node.add(parameter) }

    /// Takes a parameter away again, so that a frontend that is made anew can show its own.
    public func remove(_ path: String) { node.remove(path) }

    /// Publishes uptime, memory and every counter; called once a second and before `/metrics` answers.
    public func refresh() {
        let seconds = Double(Timestamp.monotonicNanoseconds() - started) / 1e9
        uptime.publish(seconds)
        uptimeText.publish(Self.text(seconds: Int(seconds)))
        time.publish(Timestamp.now().description)
        heartbeat.publish(Int64(seconds))
        if let resident = HostStatistics.residentBytes() { memory.publish(resident) }
        host.refresh()
        for counter in counters.withLock({ Array($0.values) }) { counter.publish() }
    }

    /// `2 days, 03:04:05`.
    private static func text(seconds: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let days = seconds / 86400
        let clock = "\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        return days == 0 ? clock : "\(days) day\(days == 1 ? "" : "s"), \(clock)"
    }

    // MARK: - Devices

    /// How one device is, as parameters of the daemon.
    private struct Watch {
        let connected: Parameter<Bool>
        let state: Parameter<String>
        let message: Parameter<String>
        var parameters: [AnyParameter] { [connected, state, message] }
    }

    private let watches = Mutex<[String: Watch]>([:])

    /// Shows how a device is: `devices/<name>/connected`, `…/state` and `…/message`, with the device's alarm.
    func watch(_ device: DeviceNode) {
        guard device.name != node.name else { return }
        let path = "devices/\(device.name)"
        let made = Watch(
            connected: Parameter("\(path)/connected", "Whether the hardware of \(device.name) answers", access: .read),
            state: Parameter("\(path)/state", "How \(device.name) is", access: .read),
            message: Parameter(
                "\(path)/message", "What is wrong with \(device.name); empty when all is well", access: .read))
        let isNew = watches.withLock { watches in
            guard watches[device.name] == nil else { return false }
            watches[device.name] = made
            return true
        }
        if isNew { for parameter in made.parameters { try? node.add(parameter) } }
        update(device)
    }

    /// A device's state changed.
    func update(_ device: DeviceNode) {
        guard let watch = watches.withLock({ $0[device.name] }) else { return }
        let state = device.deviceState
        let (alarm, now) = (device.connectionAlarm, Timestamp.now())
        watch.connected.publish(state == .connected, alarm: alarm, at: now)
        watch.state.publish(state.name, alarm: alarm, at: now)
        watch.message.publish(state.message, alarm: alarm, at: now)
    }

    /// A device went.
    func forget(_ device: String) {
        let watch = watches.withLock { $0.removeValue(forKey: device) }
        for parameter in watch?.parameters ?? [] { node.remove(parameter.name) }
    }
}
