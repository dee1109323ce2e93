// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// One camera device as the kernel runs it, on a stand-in of its own.
final class Bench: Sendable {
    let node: DeviceNode
    let coordinator: AcquisitionCoordinator
    let site: Site
    let log: RunLog
    let folder: String
    let device: AndorCamera
    let sim: StandIn
    private let task: Task<Void, any Error>
    private let lines: LogLines

    static let origin = Origin(frontend: "test", user: "alice")

    init(
        _ words: String = "speed=20 start=20", name: String = "emccd", on sim: StandIn? = nil,
        pool: TransportPool = TransportPool(),
        _ change: (inout CameraSettings) -> Void = { _ in }
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("andor-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.folder = folder
        let sim = try sim ?? StandIn(words)
        self.sim = sim
        let lines = LogLines()
        self.lines = lines
        let logger = Logger(component: name) { lines.add($0) }
        let log = try RunLog(path: folder + "/run.log")
        self.log = log
        coordinator = AcquisitionCoordinator(log: log, logger: logger)
        try await coordinator.recover()
        let site = Site(name: "test", registry: Registry(), acquisitions: coordinator)
        self.site = site
        let node = site.makeNode(name: name, type: "andor", summary: "")
        self.node = node
        let context = DeviceContext(
            node: node, logger: logger, dataRoot: folder + "/data", acquisitions: coordinator.acquisitions(of: name),
            pool: pool, openStore: { try log.store(for: "device \(name)") }, moreTime: { _ in })
        var settings = CameraSettings()
        settings.library = sim.path
        settings.pollInterval = .milliseconds(20)
        settings.start.region = [1, 8, 1, 6]
        settings.start.exposure = 0.001
        settings.start.target = 20
        change(&settings)
        let collector = MemberCollector()
        let made = settings
        let device = try MemberCollector.$current.withValue(collector) { try AndorCamera(made, context) }
        self.device = device
        for parameter in collector.parameters { try node.add(parameter) }
        for command in collector.commands { try node.add(command) }
        node.set(nameSets: device.nameSets)
        site.add(node)
        // As the kernel does: again with a pause when it throws.
        task = Task {
            while !Task.isCancelled {
                do {
                    try await device.run()
                } catch {
                    if Task.isCancelled { return }
                    node.set(.disconnected(DeviceError(wrapping: error).message))
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
        }
    }

    /// Waits until the camera is open and idle.
    func untilIdle() async throws {
        try await eventually("the camera is idle") { (try? self.value("state")) == .string("idle") }
    }

    func stop() async {
        await device.stop()
        task.cancel()
        _ = await task.result
        await coordinator.shutdown(within: .seconds(1))
        log.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var logText: String { lines.text }

    func value(_ path: String) throws -> DataValue {
        try #require(node.parameter(path), "no parameter \(path)").sample.value
    }
    func number(_ path: String) throws -> Double { try #require(try value(path).double) }
    func alarm(_ path: String) throws -> Alarm {
        try #require(node.parameter(path), "no parameter \(path)").sample.alarm
    }

    func set(_ path: String, _ value: DataValue) async throws {
        try await #require(node.parameter(path), "no parameter \(path)").put(value, origin: Bench.origin)
    }

    @discardableResult
    func call(_ command: String, _ arguments: DataValue..., named: [(String, DataValue)] = []) async throws -> DataValue
    {
        try await start(command, arguments, named: named).result()
    }

    func start(_ command: String, _ arguments: [DataValue] = [], named: [(String, DataValue)] = []) throws
        -> DAQKernel.Operation
    {
        let found = try #require(node.command(command) ?? node.command("emccd/" + command), "no command \(command)")
        return try found.start(Arguments(arguments, named: named), origin: Bench.origin)
    }

    /// The acquisitions in the run log, newest first.
    func records() async throws -> [AcquisitionRecord] { try await log.acquisitions(AcquisitionQuery()).records }
}

/// Collects log records as lines.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ record: LogRecord) {
        let line = "\(record.level) \(record.message) \(record.data)"
        lines.withLock { $0.append(line) }
    }
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}

/// Waits for a condition; fails the test after a generous time.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("\(what): did not happen within \(limit)", sourceLocation: sourceLocation)
            throw DeviceError(.timeout, what)
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}
