// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// The Python package's attributes and methods, and the detector's own names, against the simulated detector.
@Suite("Package and SIMPLON names")
struct PackageNamesTests {
    @Test("every attribute and method of the package has something behind it")
    func complete() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        let view = try bench.view("dectris_eiger")
        defer { view.close() }
        try await bench.untilIdle()
        let missing = view.members.filter { $0.sample.alarm.message.contains("at present") }.map(\.name)
        // Only the first generation's filewriter tells its time and its way of transfer.
        #expect(Set(missing).isSubset(of: ["filewriter/time", "filewriter/transfer_mode"]), "\(missing)")
        for name in ["state", "energy", "wavelength", "filewriter/mode", "buffer/files", "monitor/mode"] {
            #expect(view.member(name) != nil, "\(name)")
        }
        await bench.stop()
    }

    @Test("a property is read and written as the package does it, and a method gives the series' number")
    func session() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.liveSource = .off }
        defer { bench.remove() }
        let view = try bench.view("dectris_eiger")
        defer { view.close() }
        try await bench.untilIdle()
        func member(_ name: String) throws -> NamedMember { try #require(view.member(name)) }
        _ = try await member("energy").put(.float(12_000), origin: Bench.origin)
        #expect(try member("threshold").sample.value == .float(6000))
        _ = try await member("nimages").put(.integer(2), origin: Bench.origin)
        _ = try await member("frame_time").put(.float(0.05), origin: Bench.origin)
        _ = try await member("filewriter/mode").put(.string("enabled"), origin: Bench.origin)
        let number = try await #require(try member("arm").command).call(origin: Bench.origin)
        #expect(number == .integer(1))
        _ = try await #require(try member("trigger").command).call(origin: Bench.origin)
        _ = try await #require(try member("disarm").command).call(origin: Bench.origin)
        try await eventually("the files are here") { bench.names.contains("series_1_master.h5") }
        await bench.stop()
    }

    @Test("the simplon set shows keys and readbacks, slashes as underscores")
    func simplon() async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port) { $0.liveSource = .off }
        defer { bench.remove() }
        try await bench.untilIdle()
        let view = try bench.view("simplon")
        defer { view.close() }
        let setting = try #require(view.member("detector:config:threshold_1_energy"))
        _ = try await setting.put(.float(5000), origin: Bench.origin)
        #expect(view.member("detector:config:threshold_1_energy_RBV")?.sample.value == .float(5000))
        #expect(view.member("detector:status:state_RBV")?.sample.value == .string("idle"))
        await bench.stop()
    }
}
