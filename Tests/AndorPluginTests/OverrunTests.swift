// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("an overrun of the camera's buffer")
struct OverrunTests {
    /// The clock stands still but for one step, so that all ten images are there before anybody can look.
    @Test("ten images in a buffer of four: four are delivered, six are told as lost, and the acquisition is not done")
    func sixOfTen() async throws {
        let bench = try await Bench("manual=1 start=20 buffer=384") { $0.start.mode = .runTillAbort }
        try await bench.untilIdle()
        #expect(try bench.value("buffer/size") == .integer(4))
        try await bench.call("start_acquisition_with_watcher")
        bench.sim.advance(seconds: bench.sim.cycle * 10.5)
        try await eventually("four images") { try await bench.call("pipeline_size") == .integer(4) }
        try await bench.call("stop_data_watcher")
        var indices: [Int64] = []
        var lost: [Int64] = []
        while case .dictionary(let entries) = try await bench.call("get_frame") {
            let frame = Dictionary(uniqueKeysWithValues: entries.map { ($0.key.string ?? "", $0.value) })
            indices.append(frame["index"]?.integer ?? 0)
            lost.append(frame["lost_before"]?.integer ?? -1)
        }
        #expect(indices == [7, 8, 9, 10])
        #expect(lost == [6, 0, 0, 0])
        #expect(try bench.value("acquisition/lost") == .integer(6))
        #expect(bench.sim.counter("lost") == 6)
        let record = try #require(try await bench.records().first)
        #expect(record.state == .failed && record.frames.received == 4 && record.frames.missing == 6)
        await bench.stop()
    }
}
