// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("shutter of a camera")
struct ShutterTests {
    @Test(
        "a camera with SHUTTEREX is driven by SetShutterEx alone, also after an acquisition and when it is closed (C4)",
        arguments: [("888", "SetShutterEx(", "SetShutter("), ("934", "SetShutter(", "SetShutterEx(")])
    func rightFunction(model: String, used: String, unused: String) async throws {
        let sim = try StandIn("speed=20 start=20 cameras=\(model):7")
        let trace = sim.path + ".trace"
        defer { try? FileManager.default.removeItem(atPath: trace) }
        sim.trace(trace)
        let bench = try await Bench(on: sim) {
            $0.shutterClosedWhenIdle = true
            $0.start.mode = .singleScan
        }
        try await bench.untilIdle()
        try await bench.call("acquire")
        try await bench.call("stop_camera")
        sim.trace(nil)
        let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").compactMap {
            $0.split(separator: " ").dropFirst(2).first
        }
        #expect(calls.contains { $0.hasPrefix(used + "1,1,") } && calls.contains { $0.hasPrefix(used + "1,2,") })
        #expect(!calls.contains { $0.hasPrefix(unused) })
        let last = calls.lastIndex { $0.hasPrefix(used + "1,2,") }
        let acquired = calls.lastIndex { $0.hasPrefix("StartAcquisition") }
        #expect(try #require(last) > #require(acquired))
        await bench.stop()
    }
}
