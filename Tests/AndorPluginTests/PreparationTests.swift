// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// The SDK needs long to get ready for other settings; it does so when they change, not when somebody wants an image (D4, F2).
@Suite("a camera that is prepared ahead")
struct PreparationTests {
    /// What of the way to an acquisition was called meanwhile, in order.
    private func calls(_ sim: StandIn, _ body: () async throws -> Void) async throws -> [String] {
        let trace = sim.path + ".trace"
        try? FileManager.default.removeItem(atPath: trace)
        sim.trace(trace)
        try await body()
        sim.trace(nil)
        defer { try? FileManager.default.removeItem(atPath: trace) }
        let watched = ["SetMetaData", "PrepareAcquisition", "StartAcquisition"]
        return try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").compactMap { line in
            watched.first { line.contains(" \($0)(") }
        }
    }

    private func take(_ bench: Bench) async throws {
        try await bench.call("start")
        try await bench.call("stop")
    }

    @Test("it is prepared when it is opened and after each change, and a start does it only where that is not enough")
    func ahead() async throws {
        let sim = try StandIn("speed=20 start=20 cameras=888:1")
        let trace = sim.path + ".opening"
        defer { try? FileManager.default.removeItem(atPath: trace) }
        sim.trace(trace)
        let bench = try await Bench(on: sim)
        try await bench.untilIdle()
        sim.trace(nil)
        let opening = try String(contentsOfFile: trace, encoding: .utf8)
        #expect(opening.contains(" SetMetaData(1)") && opening.contains(" PrepareAcquisition()"))
        for _ in 0..<2 {
            #expect(try await calls(sim) { try await take(bench) } == ["StartAcquisition"])
        }
        #expect(
            try await calls(sim) { try await bench.set("acquisition/exposure", .float(0.002)) }
                == ["PrepareAcquisition"])
        #expect(try await calls(sim) { try await bench.set("acquisition/exposure", .float(0.002)) } == [])
        #expect(try await calls(sim) { try await take(bench) } == ["StartAcquisition"])
        try await bench.call("sdk/set_trigger_level", .float(1))
        #expect(try await calls(sim) { try await take(bench) } == ["PrepareAcquisition", "StartAcquisition"])
        // Between two triggers nothing can be prepared; the next start does it.
        try await bench.set("trigger/mode", .string("software"))
        try await bench.call("start")
        #expect(try await calls(sim) { try await bench.set("acquisition/exposure", .float(0.003)) } == [])
        try await bench.call("stop")
        #expect(try await calls(sim) { try await take(bench) } == ["PrepareAcquisition", "StartAcquisition"])
        await bench.stop()
    }

    @Test("settings that do not go together are told by the start, and it works when they do")
    func refused() async throws {
        let bench = try await Bench("speed=20 start=20 cameras=888:1")
        try await bench.untilIdle()
        bench.sim.fail("PrepareAcquisition", 20099, 2)
        try await bench.set("acquisition/exposure", .float(0.002))
        #expect(try bench.value("message") == .string(""))
        let error = await #expect(throws: DeviceError.self) { try await bench.call("start") }
        #expect(error?.vendorCode == 20099)
        try await take(bench)
        #expect(try await bench.records().map(\.state) == [.done, .failed])
        await bench.stop()
    }
}
