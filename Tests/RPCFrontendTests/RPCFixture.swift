// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
@testable import RPCFrontend
import Synchronization

/// A site with one fake device and the real frontend on a free port.
final class RPCFixture: Sendable {
    enum Mode: String, Choice { case slow, fast }

    let directory: String
    let site: Site
    let node: DeviceNode
    let frontend: RPCFrontend
    let port: Int
    let exposure: Parameter<Double>
    let temperature: Parameter<Double>
    let frames = FrameSource(channel: "main")
    let logger: Logger
    let ended = Mutex(0)

    init(registry: Registry = Registry(), _ change: (inout RPCSettings) -> Void = { _ in }) async throws {
        directory = NSTemporaryDirectory() + "rpc-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        logger = Logger(component: "test", level: .info) { _ in }
        let log = try RunLog(path: directory + "/runlog.sqlite")
        site = Site(name: "test", registry: registry, acquisitions: AcquisitionCoordinator(log: log, logger: logger))
        node = site.makeNode(name: "emccd", type: "andor", summary: "Demo EMCCD.")
        exposure = Parameter("exposure", "Time of one image", unit: "s", limits: 0.001...100, initial: 0.5)
        temperature = Parameter("sensor/temperature", "Of the sensor", unit: "degC", access: .read)
        try Self.fill(node, [exposure, temperature])
        node.add(frames)
        node.set(nameSets: [Self.names])
        site.add(node)
        node.set(.connected)
        var settings = RPCSettings()
        settings.addresses = ["127.0.0.1"]
        settings.port = 0
        settings.description = "demo"
        settings.limits.linger = 2
        change(&settings)
        let count = EndCount()
        frontend = RPCFrontend(settings, FrontendContext(name: "rpc", logger: logger, site: site)) { count.add() }
        self.count = count
        try await frontend.start()
        port = frontend.port ?? 0
    }

    /// How often a client ended the daemon.
    final class EndCount: Sendable {
        private let number = Mutex(0)
        func add() { number.withLock { $0 += 1 } }
        var value: Int { number.withLock { $0 } }
    }
    let count: EndCount

    static let names = NameSet(
        "driver", summary: "As the driver in Python has it",
        entries: [
            NameEntry("Start", .command("image")), NameEntry("Exposure", .parameter("exposure")),
            NameEntry("Note", .stored(.string(""))), NameEntry("Version", .constant(.string("1.2"))),
        ])

    private static func fill(_ node: DeviceNode, _ parameters: [AnyParameter]) throws {
        for parameter in parameters { try node.add(parameter) }
        try node.add(Parameter<Mode>("readout/mode", "How it reads", initial: .slow))
        try node.add(Parameter<Int32>("gain", "Of the amplifier", limits: 1...300, initial: 5))
        try node.add(Parameter<[Int32]>("roi", "Region", initial: [0, 0, 8, 8]))
        try node.add(
            Command<DataValue>("echo", "Gives it back", Argument<DataValue>("x"), policy: .quick) { _, x in x })
        try node.add(
            Command<Double>(
                "set_exposure", "Set exposure.\n\nReturns the time used.",
                Argument<Double>("t", unit: "s", limits: 0...1000),
                Argument<String>("unit", default: "s"), Argument<Bool>("check", default: true, keywordOnly: true),
                policy: CommandPolicy(.parallel)
            ) { _, time, unit, _ in unit == "ms" ? time / 1000 : time })
        try node.add(
            Command<DataValue>("image", "An image", policy: .quick) { _ in
                ArrayValue(.uint16, shape: [2, 3], bytes: [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0]).map { .array($0) }
                    ?? .null
            })
        try node.add(
            Command<Void>("fail", "Fails", policy: .quick) { _ in
                throw DeviceError(.vendor, "no new data", vendorCode: 20024, vendorText: "DRV_NO_NEW_DATA")
            })
        try node.add(
            Command<Void>("refuse", "Fails", policy: .quick) { _ in throw DeviceError(.wrongState, "no camera") })
        try node.add(
            Command<DataValue>("unsayable", "Cannot be sent", policy: .quick) { _ in
                .dictionary([.init(.string("__jsonclass__"), .null)])
            })
        for (name, endsWithCaller) in [("sleep", false), ("tied", true)] {
            try node.add(
                Command<Bool>(
                    name, "Takes its time", Argument<Double>("seconds", default: 3600),
                    policy: CommandPolicy(.parallel, endsWithCaller: endsWithCaller)
                ) { progress, seconds in
                    try await progress.sleep(seconds: seconds)
                    return true
                })
        }
        try node.add(
            Command<DataValue>("large", "A large array", Argument<Int>("bytes"), policy: .quick) { _, bytes in
                .array(ArrayValue(Array(pattern.prefix(bytes))))
            })
    }

    deinit {
        let frontend = frontend
        let directory = directory
        Thread.detachNewThread {
            let done = DispatchSemaphore(value: 0)
            Task.detached {
                await frontend.stop()
                done.signal()
            }
            done.wait()
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    /// A connection with the handshake done.
    func client(_ selection: String = "emccd pyon_v2") throws -> RawClient {
        let client = try RawClient(port: port)
        try client.send("ARTIQ pc_rpc\n")
        _ = try client.line()
        try client.send(selection + "\n")
        _ = try client.line()
        return client
    }
}

/// The first bytes of the large arrays.
let pattern = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }

/// Runs something that blocks away from the threads of tasks.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

/// Waits until something is so; at most a minute.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<12_000 {
        if condition() { return true }
        try? await Task.sleep(nanoseconds: 5_000_000)
    }
    return condition()
}
