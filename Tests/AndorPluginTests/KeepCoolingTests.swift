// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// The cooler is not forced when a camera is opened, and cold is asked for only by those who want it (F2).
@Suite("cooling that holds already")
struct KeepCoolingTests {
    @Test("a camera that was left cold stays so when it is opened with nothing said of its cooling")
    func keeps() async throws {
        let sim = try StandIn("speed=1 start=-80 cameras=888:1")
        let first = try await Bench(on: sim) {
            $0.shutdown = .keepCold
            $0.start.target = -80
        }
        try await first.untilIdle()
        await first.stop()
        #expect(sim.counter("cooler") == 1)
        let file = try ConfigFileInUse("{}")
        defer { file.remove() }
        for hasFile in [false, true] {
            let calls = try await file.traced(sim) {
                let bench = try await Bench(on: sim) {
                    $0.start = StartSettings()
                    $0.shutdown = .keepCold
                    if hasFile { $0.configuration = file.path }
                }
                try await bench.untilIdle()
                #expect(try bench.value("cooling/cooler") == .bool(true))
                #expect(try bench.value("cooling/target") == .integer(-80))
                #expect(try bench.value("message") == .string(""))
                await bench.stop()
            }
            #expect(!calls.contains { $0.hasPrefix("Cooler") || $0.hasPrefix("SetTemperature") })
        }
    }

    @Test("without an SDK that tells the set point, it is the temperature that the sensor has")
    func unknownTarget() async throws {
        let sim = try StandIn("speed=1 start=-50 cameras=888:1 fail=GetTemperatureStatus:20991:-1")
        try sim.library.set(.setCurrentCamera, 100)
        try sim.library.initialize("")
        try sim.library.set(.setTemperature, -50)
        try sim.library.set(.coolerON)
        let bench = try await Bench(on: sim) { $0.start = StartSettings() }
        try await bench.untilIdle()
        #expect(try bench.value("cooling/cooler") == .bool(true))
        #expect(try bench.value("cooling/target") == .integer(-50))
        await bench.stop()
    }

    @Test(
        "a warm camera is cooled when a set point or the cooler is asked for, not else",
        arguments: [(nil, nil, 0), (-30, nil, 1), (nil, true, 1), (-30, false, 0)] as [(Int?, Bool?, Int)])
    func asked(target: Int?, cooler: Bool?, isOn: Int) async throws {
        let bench = try await Bench("speed=1 start=20 cameras=888:1") {
            $0.start = StartSettings()
            ($0.start.target, $0.start.cooler) = (target, cooler)
        }
        try await bench.untilIdle()
        #expect(bench.sim.counter("cooler") == isOn)
        #expect(try bench.value("cooling/cooler") == .bool(isOn == 1))
        if let target {
            #expect(try bench.value("cooling/target") == .integer(Int64(target)))
            #expect(try bench.sim.library.temperatureStatus()[1] == Double(target))
        }
        await bench.stop()
    }

    @Test("with require_stable nothing is taken until the temperature is stable, and the refusal says why")
    func stable() async throws {
        let bench = try await Bench("manual=1 start=20 cameras=888:1") {
            $0.requiresStable = true
            $0.start.target = -40
            $0.start.mode = .singleScan
        }
        try await bench.untilIdle()
        let warm = await #expect(throws: DeviceError.self) { try await bench.call("start") }
        #expect(warm?.code == .wrongState)
        #expect(warm?.message.contains("require_stable") == true && warm?.message.contains("-40 °C") == true)
        #expect(try await bench.records().isEmpty)
        bench.sim.advance(seconds: 15 * 60)
        bench.sim.advance(seconds: 90)
        try await eventually("stable") { try bench.value("cooling/state") == .string("stabilized") }
        try await bench.call("start")
        try await bench.call("stop")
        try await bench.set("cooling/cooler", .bool(false))
        try await eventually("off") { try bench.value("cooling/state") == .string("off") }
        let off = await #expect(throws: DeviceError.self) { try await bench.call("start") }
        #expect(off?.message.contains("the cooler is off") == true)
        await bench.stop()
    }
}
