// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("a camera that another program has")
struct TakenCameraTests {
    @Test("it is told as taken, and opened when the other program has closed it")
    func taken() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("locks-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let words = "speed=20 start=20 cameras=888:12859 lock=\(folder)"
        let first = try await Bench(words)
        try await first.untilIdle()
        let second = try await Bench(words)
        try await eventually("it is told") {
            try second.value("message").string?.contains("another program holds the camera") == true
        }
        // What helps when that program is gone: a crash leaves the camera initialised (D7).
        let message = try #require(try second.value("message").string)
        #expect(message.contains("reset the camera's USB device: unplug it and plug it in again"))
        #expect(message.contains("Initialize(") && message.hasSuffix("(20992, DRV_NOT_AVAILABLE)"))
        await first.stop()
        try await second.untilIdle()
        #expect(try second.value("serial_number") == .integer(12859))
        await second.stop()
    }

    @Test("words that the stand-in does not understand are told with the reason")
    func words() throws {
        let sim = try StandIn()
        for (words, reason) in [
            ("speed=fast", "not a number"), ("cameras=999:1", "no model"), ("start=20 colour=red", "no such word"),
        ] {
            do {
                try sim.library.configureSimulation(words)
                Issue.record("\(words) must be refused")
            } catch {
                #expect(error.message.contains(reason) && error.message.contains(words), "\(error.message)")
            }
        }
    }
}
