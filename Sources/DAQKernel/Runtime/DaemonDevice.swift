// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// The device `daqd`: uptime, memory and the counters that frontends register; `/metrics` and its PVs come from it.
public final class DaemonDevice: Sendable {
    /// Its place in the tree.
    public let node: DeviceNode
    private let counters = Mutex<[String: Counter]>([:])
    private let started = Timestamp.monotonicNanoseconds()
    private let uptime = Parameter<Double>("uptime", "Time since the start", unit: "s", access: .read, precision: 0)
    private let memory = Parameter<Int64>("memory", "Resident memory", unit: "B", access: .read)
    private let startTime = Parameter<String>("started", "When the daemon started", access: .read)

    init(node: DeviceNode) {
        self.node = node
        for parameter in [uptime, memory, startTime] as [AnyParameter] { try? node.add(parameter) }
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

    /// Publishes uptime, memory and every counter; called once a second and before `/metrics` answers.
    public func refresh() {
        uptime.publish(Double(Timestamp.monotonicNanoseconds() - started) / 1e9)
        if let resident = Self.residentBytes() { memory.publish(resident) }
        for counter in counters.withLock({ Array($0.values) }) { counter.publish() }
    }

    private static func residentBytes() -> Int64? {
        let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = unsafe buffer.withUnsafeMutableBytes { raw in unsafe read(descriptor, raw.baseAddress, raw.count) }
        guard count > 0 else { return nil }
        let fields = String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int64(fields[1]) else { return nil }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
