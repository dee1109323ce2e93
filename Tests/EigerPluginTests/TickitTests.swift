// Part of daqd
// SPDX-License-Identifier: MIT
import DAQTransports
import Foundation
import ServerTesting
import Synchronization
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// A simulated detector that other people wrote: PyPI's `tickit-devices`, over its HTTP.
///
/// It has no version resource, no files and no limits, so the device speaks 1.8.0 unasked and fetches nothing.
@Suite("tickit-devices")
struct TickitTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test("a measurement from initialize to disarm", .timeLimit(.minutes(5)))
    func measurement() async throws {
        var setup = ChildProcess([Self.root + "/scripts/python-venv"])
        setup.timeout = .seconds(240)
        let made = try await setup.run()
        try #require(made.succeeded, "\(made.errors.text)")
        let python = made.output.text.trimmingCharacters(in: .whitespacesAndNewlines)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tickit-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (running, port) = try await Self.start(python, folder)
        defer { running.cancel() }
        try await measure(port: port)
        running.cancel()
        _ = await running.result
    }

    /// Starts the simulator on free ports; on others when somebody else was quicker to take them.
    private static func start(
        _ python: String, _ folder: String
    ) async throws -> (Task<ChildProcess.Outcome, any Error>, Int) {
        var said = ""
        for _ in 0..<4 {
            let ports = FreePort.choose(3)
            let description = """
                - type: tickit_devices.eiger.Eiger
                  name: eiger
                  inputs: {}
                  host: 127.0.0.1
                  port: \(ports[0])
                  stream_host: 127.0.0.1
                  stream_legacy_port: \(ports[1])
                  stream_cbor_port: \(ports[2])
                """
            try description.write(toFile: folder + "/eiger.yaml", atomically: true, encoding: .utf8)
            var simulator = ChildProcess([python, "-m", "tickit", "all", folder + "/eiger.yaml"])
            simulator.timeout = .seconds(240)
            simulator.grace = .seconds(2)
            let ended = Ended()
            let running = Task { [simulator] in
                defer { ended.set() }
                return try await simulator.run()
            }
            let client = try HTTPClient(name: "test")
            for _ in 0..<600 where !ended.isSet {
                let state = HTTPRequest(.get, "http://127.0.0.1:\(ports[0])/detector/api/1.8.0/status/state")
                if let reply = try? await client.perform(state), reply.status == 200 { return (running, ports[0]) }
                try await Task.sleep(for: .milliseconds(100))
            }
            running.cancel()
            if case .success(let outcome) = await running.result { said = outcome.errors.text }
        }
        throw DeviceError(.failed, "tickit-devices did not start: \(said.suffix(500))")
    }

    private func measure(port: Int) async throws {
        let bench = try await Bench(port: port) { settings in
            settings.apiVersion = "1.8.0"
            settings.retrieve = .none
            // It answers no abort before its exposure is over, so the device's own limits are needed.
            settings.timeouts = SIMPLONTimeouts()
        }
        defer { bench.remove() }
        try await bench.untilIdle()
        #expect(try bench.value("detector/config/description").string?.isEmpty == false)
        // Its change lists are those of a real unit, with a name that does not exist among them.
        try await bench.set("detector/config/photon_energy", .float(12_000))
        #expect(try bench.value("detector/config/photon_energy") == .float(12_000))
        try await bench.set("detector/config/threshold/difference/mode", .string("enabled"))
        try await bench.set("series/exposure_time", .float(0.5))
        try await bench.set("series/frame_time", .float(0.1))
        try await bench.call("acquire")
        let record = try #require(try await bench.records().first)
        #expect(record.state == .done)
        #expect(record.frames.received == nil)
        #expect(record.result?.contains("not counted") == true)
        #expect(try bench.value("detector/config/nimages").integer == 5)
        try await bench.untilIdle()
        try await several(bench)
        try await aborted(bench)
        await bench.stop()
    }
}

/// Further series on the simulator of other people.
extension TickitTests {
    /// Two triggers: ready between them, as its own state machine has it.
    private func several(_ bench: Bench) async throws {
        try await bench.set("series/triggers", .integer(2))
        try await bench.set("series/exposure_time", .float(0.2))
        try await bench.call("acquire")
        #expect(try #require(try await bench.records().first).state == .done)
        #expect(try bench.value("detector/config/ntrigger").integer == 2)
        try await bench.untilIdle()
        try await bench.set("series/triggers", .integer(1))
    }

    /// An abort while the trigger request blocks.
    private func aborted(_ bench: Bench) async throws {
        try await bench.set("series/exposure_time", .float(60))
        let operation = try bench.start("acquire")
        try await eventually("it exposes") { (try? bench.value("detector/status/state")) == .string("acquire") }
        try await bench.call("abort")
        let status = try await FaultMatrixTests.end(of: operation, "abort")
        #expect(status.state == .succeeded, "\(String(describing: status.error))")
        #expect(try #require(try await bench.records().first).state == .aborted)
        try await bench.untilIdle()
    }
}

/// Whether a process has ended.
private final class Ended: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}
