// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// What is sent to a detector to configure it, in which order, and what is left out.
@Suite("Configure")
struct ConfigureTests {
    private func bench(
        _ simulated: SimulatedDetector, _ change: (inout EigerSettings) -> Void = { _ in }
    ) async throws -> Bench {
        let bench = try await Bench(port: simulated.port, change)
        try await bench.untilIdle()
        return bench
    }

    /// What a call sends, commands and keys.
    private func sent(_ simulated: SimulatedDetector, _ body: () async throws -> Void) async throws -> [String] {
        let before = try await simulated.puts().count
        try await body()
        return try await simulated.puts().dropFirst(before).map(\.what)
    }

    @Test(
        "the first time everything is sent in the detector's order, the second time nothing, after an initialize all again"
    )
    func order() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        let first = try await sent(simulated) { try await bench.call("configure") }
        let order = [
            "config/photon_energy", "1/energy", "config/trigger_mode", "config/frame_time", "config/count_time",
            "config/nimages", "config/ntrigger", "config/trigger_start_delay", "config/compression",
            "config/countrate_correction_applied", "config/flatfield_correction_applied", "config/pixel_mask_applied",
            "config/mode", "config/nimages_per_file", "config/name_pattern", "config/image_nr_start",
            "config/compression_enabled",
        ]
        #expect(first == order)
        #expect(try await sent(simulated) { try await bench.call("configure") } == [])
        try await bench.set("series/frame_time", .float(20))
        #expect(
            try await sent(simulated) { try await bench.call("configure") } == [
                "config/frame_time", "config/count_time", "config/nimages",
            ])
        try await bench.call("initialize")
        #expect(try await sent(simulated) { try await bench.call("configure") } == order)
        await bench.stop()
    }

    @Test(
        "an energy that changes by less than its epsilon is not sent; one that is takes the thresholds along, also a client's"
    )
    func energies() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.set("detector/config/threshold/2/energy", .float(11000))
        try await bench.call("configure")
        try await bench.set("series/photon_energy", .float(8050.04))
        #expect(try await sent(simulated) { try await bench.call("configure") } == [])
        try await bench.set("series/photon_energy", .float(9000))
        let moved = try await sent(simulated) { try await bench.call("configure") }
        #expect(moved.first == "config/photon_energy")
        #expect(Set(moved.dropFirst()) == ["1/energy", "2/energy"])
        #expect(try bench.value("detector/config/threshold/1/energy").double == 4025)
        #expect(try bench.value("detector/config/threshold/2/energy").double == 11000)
        // The same rule for a client's own writes.
        try await bench.set("detector/config/photon_energy", .float(9500))
        #expect(
            try await sent(simulated) { try await bench.set("detector/config/photon_energy", .float(9500.01)) } == [])
        await bench.stop()
    }

    @Test("one image per trigger is set before the mode that demands it, and the way back works too")
    func modes() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await bench.set("series/exposure_time", .float(1))
        try await bench.set("series/frame_time", .float(0.1))
        for mode in ["ints", "inte", "exts", "exte", "ints"] {
            try await bench.set("series/trigger_mode", .string(mode))
            try await bench.call("configure")
            let single = mode == "inte" || mode == "exte"
            #expect(try bench.value("detector/config/trigger_mode") == .string(mode))
            #expect(try bench.value("detector/config/nimages").integer == (single ? 1 : 10))
            #expect(try bench.value("detector/config/ntrigger").integer == (single ? 10 : 1))
            #expect(try bench.value("health/settings_differ") == .bool(false))
        }
        await bench.stop()
    }

    @Test("exposures that add up exactly, where the site wants that")
    func exact() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated) { $0.exposurePolicy = .exact }
        defer { bench.remove() }
        try await bench.set("series/exposure_time", .float(2.5))
        try await bench.set("series/frame_time", .float(1))
        try await bench.call("configure")
        #expect(try bench.value("detector/config/nimages").integer == 3)
        #expect(abs((try bench.value("detector/config/count_time").double ?? 0) - 2.5 / 3) < 1e-6)
        await bench.stop()
    }

    @Test("a setting of which the detector makes something else is told with both values")
    func otherValue() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        try await simulated.fault(
            #"{"fault":"status","path":"/detector/*/config/compression","method":"PUT","status":200,"text":"[]"}"#)
        try await bench.set("series/compression", .string("lz4"))
        try await bench.call("configure")
        #expect(
            bench.logText.contains(
                "The detector made something else of a setting key=\"detector/config/compression\" asked=\"lz4\" got=\"bslz4\""
            ))
        #expect(try bench.alarm("health/settings_differ").message.contains("asked \"lz4\", got \"bslz4\""))
        try await simulated.heal()
        try await bench.call("configure")
        #expect(try bench.value("health/settings_differ") == .bool(false))
        await bench.stop()
    }

    @Test("settings written at the same time all hold, whatever their order")
    func burst() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        for round in 1...4 {
            let frame = Double(round % 2 == 0 ? round : 10 * round) / 10
            let writes: [(String, DataValue)] = [
                ("threshold/1/energy", .float(5000 + Double(round))), ("count_time", .float(frame / 2)),
                ("photon_energy", .float(12000 + Double(round))), ("frame_time", .float(frame)),
                ("trigger_mode", .string(round % 2 == 0 ? "inte" : "ints")),
                ("nimages", .integer(round % 2 == 0 ? 1 : 5)),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (key, value) in writes.shuffled() {
                    // Only the mode may come too early for the number of images; then its writer hears of it.
                    group.addTask {
                        do {
                            try await bench.set("detector/config/\(key)", value)
                        } catch  where key == "trigger_mode" {
                            return
                        }
                    }
                }
                try await group.waitForAll()
            }
            for (key, value) in writes where key != "trigger_mode" {
                let now = try bench.value("detector/config/\(key)").double
                #expect(now == value.double, "round \(round): \(key)")
            }
        }
        await bench.stop()
    }

    @Test("count time and frame time set to the same number: the detector lowers the count time, no error, no quarrel")
    func sameTimes() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await bench(simulated)
        defer { bench.remove() }
        async let first: Void = bench.set("detector/config/count_time", .float(0.25))
        async let second: Void = bench.set("detector/config/frame_time", .float(0.25))
        _ = try await (first, second)
        let count = try #require(bench.value("detector/config/count_time").double)
        let frame = try #require(bench.value("detector/config/frame_time").double)
        #expect(abs(count - 0.25) < 1e-5 && abs(frame - 0.25) < 1e-5 && count < frame)
        await bench.stop()
    }
}
