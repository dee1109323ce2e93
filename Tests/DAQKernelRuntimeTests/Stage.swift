// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization

@testable import DAQKernel

/// A whole daemon inside the test, with devices, simulators and frontends that write down what is done to them.
final class Stage: Sendable {
    let folder: URL
    let daemon: Daemon
    let events = Journal()
    let log = Journal()
    /// The devices that each frontend saw when it was stopped.
    let seen = Journal()
    let devices = Mutex<[String: FakeDevice]>([:])
    private let signal: AsyncStream<DaemonSignal>.Continuation
    private let task: Task<DaemonExit, Never>

    /// Things that happened, in order.
    final class Journal: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    init(_ configuration: String, notifySocket: String? = nil, folder existing: URL? = nil) throws {
        folder =
            existing
            ?? FileManager.default.temporaryDirectory.appendingPathComponent("daqd-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appendingPathComponent("plugins.conf").path
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        let registry = Registry()
        let manager = ServiceManager { name in
            name == "NOTIFY_SOCKET" ? notifySocket : name == "WATCHDOG_USEC" && notifySocket != nil ? "300000" : nil
        }
        let log = self.log
        daemon = Daemon(
            DaemonOptions(configuration: path), registry: registry, serviceManager: manager,
            log: { record in log.add(record.text) })
        let (stream, continuation) = AsyncStream.makeStream(of: DaemonSignal.self)
        signal = continuation
        let daemon = self.daemon
        task = Task { await daemon.run(stream) }
        register(registry)
    }

    private func register(_ registry: Registry) {
        let (events, seen) = (self.events, self.seen)
        registry.add(
            DeviceFactory(
                "fake", summary: "A device for tests",
                settings: [
                    .string("mood", "How it behaves", default: "good"), .integer("generation", "Anything", default: 0),
                ]
            ) { [self] settings, context in
                let device = try FakeDevice(settings, context, events)
                devices.withLock { $0[context.name] = device }
                return device
            })
        registry.add(
            FrontendFactory("show", summary: "A frontend for tests", settings: [.bool("jammed", "", default: false)]) {
                settings, context in
                FakeFrontend(context, events, seen, jammed: try settings["jammed"])
            })
        registry.add(
            SimulatorFactory("play", summary: "A simulator for tests") { _, context in
                FakeSimulator(context.name, events)
            })
    }

    func device(_ name: String) -> FakeDevice? { devices.withLock { $0[name] } }

    func forget(_ name: String) { _ = devices.withLock { $0.removeValue(forKey: name) } }

    func configure(_ configuration: String) throws {
        try configuration.write(
            toFile: folder.appendingPathComponent("plugins.conf").path, atomically: true, encoding: .utf8)
    }

    func send(_ signal: DaemonSignal) { self.signal.yield(signal) }

    func exit() async -> DaemonExit { await task.value }

    /// Stops the daemon and removes its folder.
    func end() async -> DaemonExit {
        send(.stop)
        let status = await exit()
        try? FileManager.default.removeItem(at: folder)
        return status
    }

    /// Waits until a condition holds, 20 seconds at most.
    func until(_ condition: () async -> Bool) async -> Bool {
        for _ in 0..<2000 {
            if await condition() { return true }
            try? await Task.sleep(nanoseconds: 10_000_000)
        }
        return false
    }

    func ready() async -> Bool { await until { await daemon.site?.isReady == true } }
}

final class FakeDevice: Device {
    let value = Parameter("value", "From the hardware", access: .read, initial: 1.0)
    let wish = Parameter("wish", "Kept over a restart", initial: 1.0, autosave: true)
    let hardware = Parameter("hardware", "Written to the device", initial: 1.0)
    let measure = Command<Void>("measure", "Takes a series")
    let abort = Command<Void>("abort", "Ends a series", policy: CommandPolicy(.interrupting)) { _ in }
    let mood: String
    private let context: DeviceContext
    private let events: Stage.Journal
    private let failures = Atomic<Int>(0)
    let release = AsyncStream.makeStream(of: Void.self)

    init(_ settings: Settings, _ context: DeviceContext, _ events: Stage.Journal) throws {
        mood = try settings["mood"]
        self.context = context
        self.events = events
        events.add("make \(context.name)")
        if mood == "broken" { throw DeviceError(.vendor, "no such camera", vendorCode: 20) }
        hardware.onWrite { [hardware] value, _ in hardware.publish(value) }
        measure.bind(self, Argument<Int>("frames", default: 3)) { device, progress, frames in
            try await device.take(frames, progress)
        }
    }

    private func take(_ frames: Int, _ progress: DAQKernel.Progress) async throws {
        var plan = AcquisitionPlan(named: "series")
        plan.expected = Int64(frames)
        plan.origin = progress.origin
        let record = try await context.acquisitions.run(plan) { acquisition in
            try await acquisition.armed()
            try await acquisition.acquiring()
            for await _ in self.release.stream { break }
            try Task.checkCancellation()
            for index in 0..<frames { acquisition.frame(index: Int64(index)) }
        }
        try record.requireNotFailed()
    }

    func run() async throws {
        events.add("run \(context.name)")
        if mood == "flaky", failures.add(1, ordering: .relaxed).newValue == 1 {
            throw DeviceError(.disconnected, "10.0.0.1 does not answer")
        }
        value.publish(2)
        try await Task.sleep(nanoseconds: 600_000_000_000)
    }

    func stop() async {
        events.add("stop \(context.name)")
        if mood == "stubborn" { await withCheckedContinuation { (_: CheckedContinuation<Void, Never>) in } }
        if mood == "careful" {
            // Something takes for ever; when that is cut short, the hardware is still made safe.
            try? await Task.sleep(nanoseconds: 600_000_000_000)
            await Task.detached { try? await Task.sleep(nanoseconds: 500_000_000) }.value
            events.add("safe \(context.name)")
        }
        if mood == "slow" {
            // A busy machine may take a second until it asks.
            context.needsMoreTime(.seconds(60))
            try? await Task.sleep(nanoseconds: 3_000_000_000)
            events.add("safe \(context.name)")
        }
    }
}

final class FakeFrontend: Frontend {
    private let context: FrontendContext
    private let events: Stage.Journal
    private let seen: Stage.Journal
    private let jammed: Atomic<Bool>

    init(_ context: FrontendContext, _ events: Stage.Journal, _ seen: Stage.Journal, jammed: Bool) {
        self.context = context
        self.events = events
        self.seen = seen
        self.jammed = Atomic(jammed)
    }

    func start() async throws {
        if jammed.exchange(false, ordering: .relaxed) { throw DeviceError(.failed, "port 8080 is in use") }
        events.add("listen \(context.name)")
    }

    func stop() async {
        events.add("stop \(context.name)")
        for device in context.site.devices { seen.add("\(context.name): \(device.name) \(device.deviceState.name)") }
    }

    func names() -> [ServedName] { [ServedName("a:b", type: "double", description: "x")] }
}

final class FakeSimulator: Simulator {
    private let name: String
    private let events: Stage.Journal

    init(_ name: String, _ events: Stage.Journal) {
        self.name = name
        self.events = events
    }

    func start() async throws { events.add("play \(name)") }
    func stop() async { events.add("stop \(name)") }
}
