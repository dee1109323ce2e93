// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import Synchronization
import Testing

@testable import DAQKernel
@testable import EigerPlugin
@testable import EigerSimulator

/// One detector device as the kernel runs it, beside a simulated detector or any other server.
final class Bench: Sendable {
    let node: DeviceNode
    let site: Site
    let coordinator: AcquisitionCoordinator
    let log: RunLog
    let folder: String
    private let task: Task<Void, any Error>
    let device: EigerDetector
    private let lines: LogLines

    /// - Parameter folder: That of an earlier bench, to go on where it was left.
    init(port: Int, folder: String? = nil, _ change: (inout EigerSettings) -> Void = { _ in }) async throws {
        let folder =
            folder ?? FileManager.default.temporaryDirectory.appendingPathComponent("eiger-\(UUID().uuidString)").path
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let lines = LogLines()
        self.lines = lines
        let logger = Logger(component: "eiger1") { lines.add($0) }
        log = try RunLog(path: folder + "/run.log")
        coordinator = AcquisitionCoordinator(log: log, logger: logger)
        try await coordinator.recover()
        let site = Site(name: "test", registry: Registry(), acquisitions: coordinator)
        let node = site.makeNode(name: "eiger1", type: "eiger", summary: "")
        self.node = node
        self.site = site
        let log = log
        let context = DeviceContext(
            node: node, logger: logger, dataRoot: folder + "/data",
            acquisitions: coordinator.acquisitions(of: "eiger1"),
            pool: TransportPool(), openStore: { try log.store(for: "device eiger1") }, moreTime: { _ in })
        var settings = EigerSettings()
        settings.port = port
        settings.folder = folder + "/data"
        settings.pollIdle = .milliseconds(50)
        settings.pollAcquiring = .milliseconds(50)
        // A busy machine is no silent detector.
        settings.timeouts.connect = .seconds(60)
        settings.timeouts.read = .seconds(60)
        settings.timeouts.configure = .seconds(120)
        settings.timeouts.stop = .seconds(120)
        settings.liveSource = .off  // the tests of live images switch it on; others count every request
        change(&settings)
        let collector = MemberCollector()
        let device = try MemberCollector.$current.withValue(collector) { try EigerDetector(settings, context) }
        self.device = device
        for parameter in collector.parameters { try node.add(parameter) }
        for command in collector.commands { try node.add(command) }
        site.add(node)
        await coordinator.settleInterrupted()
        task = Task { try await device.run() }
    }

    /// Ends as `kill -9` would: nothing is told to anybody.
    func kill() async {
        task.cancel()
        _ = await task.result
    }

    /// Ends as a stop of the daemon does.
    func stop() async {
        await device.stop()
        task.cancel()
        _ = await task.result
        await coordinator.shutdown(within: .seconds(1))
        log.close()
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    var data: String { folder + "/data" }

    /// Names below the data folder, hidden ones too.
    var names: [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: data)) ?? []).sorted()
    }

    var logText: String { lines.text }

    func value(_ path: String) throws -> DataValue {
        try #require(node.parameter(path), "there is no parameter \(path)").sample.value
    }

    func alarm(_ path: String) throws -> Alarm {
        try #require(node.parameter(path), "there is no parameter \(path)").sample.alarm
    }

    func set(_ path: String, _ value: DataValue) async throws {
        try await #require(node.parameter(path), "there is no parameter \(path)").put(value, origin: Bench.origin)
    }

    static let origin = Origin(frontend: "test", user: "alice")

    func start(_ command: String, _ arguments: Arguments = Arguments()) throws -> DAQKernel.Operation {
        try #require(node.command(command), "there is no command \(command)").start(arguments, origin: Bench.origin)
    }

    @discardableResult
    func call(_ command: String, _ arguments: Arguments = Arguments()) async throws -> DataValue {
        try await start(command, arguments).result()
    }

    func untilIdle() async throws {
        try await eventually("the detector is idle") {
            self.node.deviceState == .connected && (try? self.value("detector/status/state")) == .string("idle")
                && !self.device.runner.lifecycle.isBusy && self.log.hasKeys
        }
    }

    /// The device under one of its name sets.
    func view(_ name: String) throws -> NameView {
        NameView(try #require(device.nameSets.first { $0.name == name }), of: node, on: site)
    }

    /// The acquisitions in the run log, newest first.
    func records() async throws -> [AcquisitionRecord] {
        try await log.acquisitions(AcquisitionQuery()).records
    }

    /// The newest of them.
    func record() async throws -> AcquisitionRecord { try #require(try await records().first) }

    func untilExposing() async throws {
        try await eventually("it exposes") { (try? self.value("detector/status/state")) == .string("acquire") }
    }

    func untilInitializing() async throws {
        try await eventually("it initializes") { self.device.runner.lifecycle.isBusy }
    }
}

/// Collects log records as lines.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ record: LogRecord) {
        let data = record.data.map { "\($0.0)=\($0.1.text)" }.joined(separator: " ")
        lines.withLock { $0.append("\(record.level) \(record.component): \(record.message) \(data)") }
    }

    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}

/// One test's device beside its simulated detector, stopped and removed on every path.
/// - Parameters:
///   - exposure: Of the series, in seconds.
///   - frame: From one image to the next, in seconds.
///   - isReady: Whether the detector is initialized before `body` begins.
///   - before: What happens to the detector before the device asks it anything.
func withBench(
    detector: (inout SimulatorOptions) -> Void = { _ in }, exposure: Double = 0.1, frame: Double = 0.05,
    isReady: Bool = true, settings: (inout EigerSettings) -> Void = { _ in },
    before: (SimulatedDetector) async throws -> Void = { _ in },
    _ body: (SimulatedDetector, Bench) async throws -> Void
) async throws {
    let simulated = try SimulatedDetector(detector)
    try await before(simulated)
    let bench = try await Bench(port: simulated.port, settings)
    defer { bench.remove() }
    do {
        try await bench.set("series/exposure_time", .float(exposure))
        try await bench.set("series/frame_time", .float(frame))
        if isReady { try await bench.untilIdle() }
        try await body(simulated, bench)
    } catch {
        await bench.stop()
        throw error
    }
    await bench.stop()
}

/// A device under one of its name sets, beside its simulated detector.
struct NameStage {
    let simulated: SimulatedDetector
    let bench: Bench
    let view: NameView

    /// A stage whose detector is initialized.
    init(_ set: String) async throws {
        simulated = try SimulatedDetector()
        bench = try await Bench(port: simulated.port)
        view = try bench.view(set)
        try await bench.untilIdle()
    }

    func member(_ name: String) throws -> NamedMember { try #require(view.member(name), "there is no \(name)") }
    func value(_ name: String) throws -> DataValue { try member(name).sample.value }

    @discardableResult
    func put(_ name: String, _ value: DataValue) async throws -> DataValue {
        try await member(name).put(value, origin: Bench.origin)
    }

    /// What a name shows while something happens, every change of it in order.
    func shown(_ name: String, during body: () async throws -> Void) async throws -> [DataValue] {
        let member = try member(name)
        let subscription = Subscription {}
        subscription.add(member.source)
        try await body()
        let seen = Mutex<[DataValue]>([])
        subscription.drain { update in
            let value = member.shown(update.sample).value
            seen.withLock { $0.append(value) }
        }
        subscription.cancel()
        return seen.withLock { $0 }
    }

    func end() async {
        view.close()
        await bench.stop()
        bench.remove()
    }
}

/// Polls until the condition holds; a failure after a minute.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("it did not come true within a minute that \(what)")
}

/// A simulated detector on a free port, and what a test wants to know of it.
final class SimulatedDetector: Sendable {
    let simulation: EigerSimulation
    private let client: HTTPClient

    init(_ change: (inout SimulatorOptions) -> Void = { _ in }) throws {
        var options = SimulatorOptions()
        options.port = 0
        options.initializeSeconds = 0.1
        options.armSeconds = 0.05
        options.flatfieldSeconds = 0.02
        options.restartSeconds = 0.1
        change(&options)
        simulation = try EigerSimulation(options)
        client = try HTTPClient(name: "test")
    }

    var port: Int { simulation.port }
    var base: String { "http://127.0.0.1:\(port)" }

    /// Sends a request; a busy machine has a minute for it.
    private func send(
        _ method: HTTPMethod, _ path: String, _ body: String = "", type: String? = nil
    ) async throws -> HTTPResponse {
        var request = HTTPRequest(method, base + path)
        request.body = Array(body.utf8)
        if let type { request.fields = [HTTPField("Content-Type", type)] }
        request.timeouts = HTTPTimeouts(connect: .seconds(60), total: .seconds(60))
        return try await client.perform(request)
    }

    func get(_ path: String) async throws -> HTTPResponse { try await send(.get, path) }

    func put(_ path: String, _ body: String = "") async throws { _ = try await send(.put, path, body) }

    func post(_ path: String, _ body: String) async throws -> HTTPResponse {
        try await send(.post, path, body, type: "application/json")
    }

    /// Orders a misbehaviour.
    func fault(_ body: String) async throws {
        let reply = try await post("/sim/fault", body)
        #expect((200...299).contains(reply.status), "\(reply.text)")
    }

    /// A detector on a port where another one was: somebody's connection may have the port for a moment.
    static func again(
        on port: Int, _ change: @escaping (inout SimulatorOptions) -> Void = { _ in }
    ) async throws -> SimulatedDetector {
        var detector: SimulatedDetector?
        try await eventually("port \(port) is free again") {
            detector = try? SimulatedDetector {
                $0.port = port
                change(&$0)
            }
            return detector != nil
        }
        return try #require(detector)
    }

    /// Holds up every request of a kind until ``heal()``.
    func hold(_ path: String, method: String = "*") async throws {
        try await fault(#"{"fault":"delay","path":"\#(path)","method":"\#(method)","seconds":3600}"#)
    }

    /// Ends all misbehaviour, also of requests that are held up by it.
    func heal() async throws {
        _ = try await send(.delete, "/sim/fault")
    }

    /// What was asked of it: method and path, in order.
    func requests() async throws -> [String] {
        let text = try await get("/sim/log").text
        return try text.split(separator: "\n").map { line in
            let entry = try JSON(parsing: String(line))
            return "\(entry["method"]?.string ?? "") \(entry["path"]?.string ?? "")"
        }
    }

    /// The files in its memory.
    func files() async throws -> [String] {
        let reply = try JSON(parsing: try await get("/filewriter/api/1.8.0/status/files").body)
        return try SIMPLONReplies.names(reply)
    }

    /// Whether its file writer has completed what it lists: a master is listed before the series ends.
    func isWritten() async throws -> Bool {
        let reply = try JSON(parsing: try await get("/filewriter/api/1.8.0/status/state").body)
        return reply["value"] == .string("ready")
    }
}

extension RunLog {
    /// Whether the device has read all keys at least once.
    var hasKeys: Bool { (try? store(for: "device eiger1"))?["keys"] != nil }
}
