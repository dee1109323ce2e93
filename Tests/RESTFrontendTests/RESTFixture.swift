// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import DAQRoutes
import Foundation
import HTTPTesting
@testable import RESTFrontend

/// A site with one fake device and the real frontend on a free port.
final class RESTFixture: Sendable {
    enum Mode: String, Choice { case closed, open, moving }

    let directory: TemporaryDirectory
    let site: Site
    let node: DeviceNode
    let frontend: RESTFrontend
    let port: Int
    let countTime: Parameter<Double>
    let enabled: Parameter<Bool>
    let state: Parameter<String>

    init(registry: Registry = Registry(), _ change: (inout RESTSettings) -> Void = { _ in }) async throws {
        directory = try TemporaryDirectory()
        let logger = Logger(component: "test", level: .error) { _ in }
        let log = try RunLog(path: directory.path("runlog.sqlite"))
        site = Site(name: "test", registry: registry, acquisitions: AcquisitionCoordinator(log: log, logger: logger))
        node = site.makeNode(name: "eiger1", type: "fake", summary: "A fake detector")
        countTime = Parameter(
            "detector/config/count_time", "Time of one frame", unit: "s", limits: 0.000003...3600, precision: 6,
            initial: 0.1)
        enabled = Parameter("enabled", "Whether it is on", initial: false)
        state = Parameter("detector/status/state", "What it does", access: .read, initial: "idle")
        try Self.fill(node, [countTime, enabled, state])
        site.add(node)
        node.set(.connected)
        site.started()
        var settings = RESTSettings()
        settings.server.port = 0
        settings.wait = 5
        settings.maximumWait = 20
        change(&settings)
        frontend = RESTFrontend(settings, FrontendContext(name: "rest", logger: logger, site: site))
        try await frontend.start()
        port = frontend.port ?? 0
    }

    private static func fill(_ node: DeviceNode, _ parameters: [AnyParameter]) throws {
        for parameter in parameters { try node.add(parameter) }
        try node.add(Parameter<Mode>("mode", "Where the blade is", initial: .closed))
        try node.add(Parameter<[Int32]>("roi", "Region of interest", initial: [0, 0, 10, 10]))
        try node.add(Parameter<UInt64>("serial", "Serial number", initial: .max))
        try node.add(Parameter<Double>("never", "Never published", access: .read))
        let images = Parameter<Int32>("detector/config/nimages", "Frames of a series", limits: 1...1000, initial: 1)
        images.onWrite { [weak images] value, _ in
            await Task.yield()
            if value == 13 {
                throw DeviceError(.vendor, "eiger1 does not like 13", vendorCode: 500, vendorText: "bad luck")
            }
            images?.publish(value)
        }
        try node.add(images)
        try node.add(
            Command<Double>(
                "add", "Adds two numbers", Argument<Double>("a", "The first", limits: -1e9...1e9),
                Argument<Double>("b", default: 1)
            ) { _, a, b in a + b })
        try node.add(
            Command<Void>(
                "group/slow", "Takes its time", Argument<Double>("seconds", unit: "s", limits: 0...100, default: 60),
                policy: CommandPolicy(.parallel)
            ) { progress, seconds in
                progress.report(0.5, "half-way")
                try await progress.sleep(seconds: seconds)
            })
        try node.add(
            Command<Void>("group/tied", "Ends with its caller", policy: CommandPolicy(.parallel, endsWithCaller: true))
            {
                try await $0.sleep(seconds: 3600)
            })
        try node.add(
            Command<Bool>("invert", "Turns it round", Argument<Bool>("flag"), policy: CommandPolicy(.parallel)) {
                _, flag in !flag
            })
        try node.add(
            Command<DataValue>(
                "text", "As many letters", Argument<Int>("letters", limits: 0...100_000),
                policy: CommandPolicy(.parallel)
            ) {
                _, letters in .string(String(repeating: "a", count: letters))
            })
        try node.add(
            Command<Void>("away", "Fails", policy: CommandPolicy(.parallel)) { _ in
                throw DeviceError(.wrongState, "eiger1 is not armed", vendorCode: 409)
            })
    }

    deinit {
        let frontend = frontend
        Thread.detachNewThread {
            let done = DispatchSemaphore(value: 0)
            Task.detached {
                await frontend.stop()
                done.signal()
            }
            done.wait()
        }
    }

    /// Sends one request, a body as JSON, and returns the reply.
    func ask(_ request: String, body: String = "") async throws -> RawReply {
        let port = port
        return try await blocking { try RawConnection(port: port).ask(request, body: body) }
    }

    /// Sends one request and returns status and JSON of the reply.
    func json(_ request: String, body: String = "") async throws -> (status: Int, json: JSON) {
        let reply = try await ask(request, body: body)
        return (reply.status, try JSON(parsing: reply.body))
    }

    /// The path of a member of the device.
    static let base = "/api/v1/devices/eiger1/"
}
