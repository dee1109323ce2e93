// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("the trace of two cameras")
struct TraceTests {
    /// A line of the stand-in's trace: who called, which camera was selected, what was called, what came of it.
    struct Call {
        let thread: Substring
        let camera: Int
        let function: Substring
        let arguments: [Substring]
        let status: Int

        init?(_ line: Substring) {
            let words = line.split(separator: " ", maxSplits: 2)
            guard words.count == 3, let camera = Int(words[1]), let open = words[2].firstIndex(of: "("),
                let close = words[2].lastIndex(of: ")"),
                let status = Int(words[2][close...].dropFirst().drop(while: { $0 == " " }))
            else { return nil }
            thread = words[0]
            self.camera = camera
            function = words[2][..<open]
            arguments = words[2][words[2].index(after: open)..<close].split(separator: ",")
            self.status = status
        }

        /// Which camera the arguments can only mean: each has a region and an exposure of its own.
        var meant: Int? {
            switch function {
            case "SetImage": return arguments.suffix(4) == ["1", "8", "1", "6"] ? 100 : 101
            case "SetExposureTime": return arguments == ["0.001"] ? 100 : 101
            case "GetImages16":
                guard arguments.count == 3, let first = Int(arguments[0]), let last = Int(arguments[1]),
                    let size = Int(arguments[2])
                else { return nil }
                return size / (last - first + 1) == 48 ? 100 : 101
            default: return nil
            }
        }
        /// Waits name their camera, and `SetCurrentCamera` is the selection itself; the others belong to no camera.
        var isFree: Bool {
            function.hasPrefix("WaitFor")
                || ["CancelWait", "GetAvailableCameras", "GetCameraHandle"].contains(function)
        }
    }

    /// What is wrong with a trace; empty when every call found its own camera selected and one thread made them all.
    static func faults(_ calls: [Call]) -> [String] {
        var faults: [String] = []
        var selected: Int?
        for (index, call) in calls.enumerated() where !call.isFree {
            if call.function == "SetCurrentCamera", call.status == 20002 { selected = Int(call.arguments[0]) }
            if let selected, call.camera != selected {
                faults.append("\(index) \(call.function): camera \(call.camera)")
            }
            if let meant = call.meant, meant != call.camera {
                faults.append("\(index) \(call.function): meant \(meant)")
            }
        }
        if Set(calls.filter { !$0.isFree }.map(\.thread)).count > 1 { faults.append("more than one thread was inside") }
        return faults
    }

    @Test("every call finds its own camera selected, and one thread makes them all (E7.9, A7-8)")
    func selections() async throws {
        let sim = try StandIn("speed=20 start=20")
        let trace = sim.path + ".trace"
        defer { try? FileManager.default.removeItem(atPath: trace) }
        sim.trace(trace)
        let pool = TransportPool()
        let first = try await Bench(on: sim, pool: pool) {
            $0.serialNumber = 12859
            $0.pollInterval = .milliseconds(10)
        }
        let second = try await Bench(name: "other", on: sim, pool: pool) {
            $0.serialNumber = 7342
            $0.pollInterval = .milliseconds(10)
            $0.start.region = [1, 10, 1, 5]
            $0.start.exposure = 0.002
        }
        try await first.untilIdle()
        try await second.untilIdle()
        for bench in [first, second] { try await bench.set("acquisition/limit", .integer(300)) }
        async let one: DataValue = first.call("acquire")
        async let two: DataValue = second.call("acquire")
        _ = try await (one, two)
        // Settings and commands of both, while the other one is busy, too.
        async let more: DataValue = first.call("acquire")
        for gain in 1...20 as ClosedRange<Int64> {
            try await second.set("em/gain", .integer(gain))
            _ = try await second.call("get_temperature_f")
        }
        _ = try await more
        await first.stop()
        await second.stop()
        sim.trace(nil)
        let text = try String(contentsOfFile: trace, encoding: .utf8)
        let lines = text.split(separator: "\n")
        let calls = lines.compactMap(Call.init)
        #expect(calls.count == lines.count)
        #expect(Self.faults(calls).isEmpty, "\(Self.faults(calls).prefix(5))")
        for camera in [100, 101] {
            for function in ["StartAcquisition", "GetImages16", "GetNumberNewImages", "GetTemperatureF", "ShutDown"] {
                #expect(calls.contains { $0.camera == camera && $0.function == function }, "\(function) of \(camera)")
            }
        }
        #expect(calls.filter { $0.function == "SetCurrentCamera" }.count > 20)
        #expect(calls.filter { $0.function == "SetEMCCDGain" && $0.camera == 101 }.count >= 20)
        #expect(sim.counter("violations", of: -1) == 0)
        // The judge is not blind: a camera that was not selected, and a second thread, are seen.
        let swapped = text.replacingOccurrences(of: " 100 GetImages16", with: " 101 GetImages16")
        #expect(!Self.faults(swapped.split(separator: "\n").compactMap(Call.init)).isEmpty)
        let stranger = text + "f00 101 GetStatus() 20002\n"
        #expect(
            Self.faults(stranger.split(separator: "\n").compactMap(Call.init)).contains { $0.contains("thread") })
    }
}
