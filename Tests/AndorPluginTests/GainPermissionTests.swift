// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// EM gain above 300 ages the sensor: who allows it is told so, and it is not left behind without the permission (A7-11).
@Suite("permission for EM gain above 300")
struct GainPermissionTests {
    private static let warning = "EM gain above 300 is allowed"

    @Test("every way to allow it is logged: the parameter, the function, the site's settings, the file")
    func logged() async throws {
        let bench = try await Bench("speed=1 start=-20")
        try await bench.untilIdle()
        #expect(!bench.logText.contains(Self.warning))
        try await bench.set("em/advanced", .bool(true))
        #expect(bench.logText.components(separatedBy: Self.warning).count == 2)
        try await bench.set("em/gain", .integer(5))
        try await bench.set("em/advanced", .bool(false))
        try await bench.call("set_em_advanced", .bool(true))
        #expect(bench.logText.components(separatedBy: Self.warning).count == 3)
        await bench.stop()
        let file = try ConfigFileInUse(#"{"emAdvanced": true}"#)
        defer { file.remove() }
        for hasFile in [false, true] {
            let bench = try await Bench("speed=1 start=-20") {
                if hasFile { $0.configuration = file.path } else { $0.start.emAdvanced = true }
            }
            try await bench.untilIdle()
            #expect(bench.logText.components(separatedBy: Self.warning).count == 2)
            await bench.stop()
        }
    }

    @Test("it is not switched off while the gain needs it, by hand or by the file; nothing is sent then")
    func switchedOff() async throws {
        let text = #"{"emGainMode": 3, "emAdvanced": true, "emGain": 800}"#
        let file = try ConfigFileInUse(text)
        defer { file.remove() }
        let bench = try await Bench("speed=1 start=-20") {
            $0.configuration = file.path
            $0.pollInterval = .seconds(60)
        }
        try await bench.untilIdle()
        #expect(try bench.value("em/gain") == .integer(800))
        let byHand = try await file.traced(bench.sim) {
            let error = await #expect(throws: DeviceError.self) { try await bench.set("em/advanced", .bool(false)) }
            #expect(error?.message.contains("set em/gain to 300 or less first") == true, "\(String(describing: error))")
        }
        #expect(byHand == [])
        try file.write(text, [("true", "false")])
        let byFile = try await file.traced(bench.sim) { try await bench.call("reconfig_json") }
        #expect(byFile == [])
        #expect(try bench.value("message").string?.contains("em/gain to 300 or less") == true)
        #expect(try bench.value("em/advanced") == .bool(true) && bench.value("em/gain") == .integer(800))
        try await bench.set("em/gain", .integer(300))
        try await bench.set("em/advanced", .bool(false))
        #expect(try bench.value("em/advanced") == .bool(false))
        await bench.stop()
    }
}
