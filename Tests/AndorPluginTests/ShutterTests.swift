// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("shutter of a camera")
struct ShutterTests {
    @Test("closed between acquisitions, as it is set while each of them runs, also when one is refused or fails")
    func closedWhenIdle() async throws {
        let bench = try await Bench { $0.shutterClosedWhenIdle = true }
        try await bench.untilIdle()
        #expect(bench.sim.counter("shutter_mode") == ShutterMode.closed.number)
        for mode in [ShutterMode.open, .automatic] {
            try await bench.set("shutter/mode", .string(mode.rawValue))
            for _ in 0..<2 {
                try await bench.call("start")
                #expect(bench.sim.counter("shutter_mode") == mode.number)
                try await bench.call("stop")
                #expect(bench.sim.counter("shutter_mode") == ShutterMode.closed.number)
                #expect(try bench.value("shutter/mode") == .string(mode.rawValue))
            }
        }
        bench.sim.fail("StartAcquisition", 20017)
        await #expect(throws: DeviceError.self) { try await bench.call("start") }
        #expect(bench.sim.counter("shutter_mode") == ShutterMode.closed.number)
        bench.sim.fail("GetNumberNewImages", 20052, 3)
        await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
        #expect(bench.sim.counter("shutter_mode") == ShutterMode.closed.number)
        await bench.stop()
    }

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
