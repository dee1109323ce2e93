// Part of daqd
// SPDX-License-Identifier: MIT

import DaemonTesting
import Foundation
import Testing

@testable import DAQKernel

/// The controller of Examples/SitePlugin, which its README starts by hand.
private final class ShutterController {
    let port: Int
    private let process = Process()

    init(port: Int = 0) throws {
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", OutOfTreeBuild.root.appending(path: "Examples/SitePlugin/shutter_controller.py").path, "\(port)",
        ]
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.hasSuffix("\n"), let bytes = try output.fileHandleForReading.read(upToCount: 1), !bytes.isEmpty {
            text += String(decoding: bytes, as: UTF8.self)
        }
        self.port = try #require(Int(text.dropLast()), "the controller did not print its port")
    }

    deinit { stop() }

    func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

@Suite("The site's plugin of Examples in a running daqd", .serialized)
struct SiteOverRESTTests {
    @Test("its shutter is seen and moved over REST, and its controller's loss is an alarm")
    func shutter() async throws {
        let plugin = try await SitePluginTests.build()
        let directory = FileManager.default.temporaryDirectory.appending(path: "daqd-site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let controller = try ShutterController()
        let kernel = try #require(LoadedImages.current().paths.first(where: LoadedImages.isKernel))
        let daqd = try DaemonProcess(
            program: PluginSearchPath.parent(of: kernel) + "/daqd",
            configuration: """
                site: {name: shutter-example, state: ./data/state, data: ./data}
                plugins: [\(plugin.path), RESTFrontend]
                devices: {shutter1: {type: shutter, host: 127.0.0.1, port: \(controller.port)}}
                frontends: {rest: {type: rest, port: {port}}}
                """, directory: directory.path)
        try await daqd.waitUntilReady()
        try await expectListed(daqd)

        let position = "/api/v1/devices/shutter1/parameters/position"
        func value() async throws -> String? { try await daqd.request("GET", position).object["value"] as? String }
        try await daqd.eventually("the shutter is closed") { try await value() == "closed" }
        let moved = try await daqd.request(
            "POST", "/api/v1/devices/shutter1/commands/move?wait=20", body: #"{"to": "open"}"#)
        #expect(moved.status == 200)
        #expect(moved.object["state"] as? String == "succeeded")
        #expect(try await value() == "open")
        let refused = try await daqd.request(
            "POST", "/api/v1/devices/shutter1/commands/move?wait=20", body: #"{"to": "ajar"}"#)
        #expect(refused.status == 422)
        let settle = try await daqd.request(
            "PUT", "/api/v1/devices/shutter1/parameters/settle", body: #"{"value": 11}"#)
        #expect(settle.status == 422)

        func severity() async throws -> String? {
            let alarm = try await daqd.request("GET", position).object["alarm"] as? [String: Any]
            return alarm?["severity"] as? String
        }
        controller.stop()
        try await daqd.eventually("the lost controller is an alarm") { try await severity() == "invalid" }
        let again = try ShutterController(port: controller.port)
        try await daqd.eventually("the alarm goes") { try await severity() == "none" }
        again.stop()
        #expect(try await daqd.stop() == 0)
    }

    private func expectListed(_ daqd: DaemonProcess) async throws {
        let plugins = try await daqd.request("GET", "/api/v1/plugins").object["plugins"] as? [[String: Any]] ?? []
        let shutter = try #require(plugins.first { $0["id"] as? String == "shutter" })
        #expect(shutter["state"] as? String == "loaded")
        #expect(shutter["version"] as? String == "1.0.0")
        #expect(shutter["vendor"] as? String == "A beamline")
        let paths = try await daqd.request("GET", "/api/v1/openapi.json").object["paths"] as? [String: Any] ?? [:]
        #expect(paths.keys.contains("/api/v1/devices/shutter1/commands/move"))
        #expect(paths.keys.contains("/api/v1/devices/shutter1/parameters/settle"))
    }
}
