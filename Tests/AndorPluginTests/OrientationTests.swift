// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("turned and mirrored images")
struct OrientationTests {
    /// The ramp of the sensor's columns 1…8 and rows 1…6, turned and then mirrored.
    private func expected(_ rotation: String, _ horizontal: Bool, _ vertical: Bool) -> [[UInt16]] {
        let plain = (1...6).map { row in (1...8).map { UInt16($0 + row) } }
        var image =
            switch rotation {
            case "clockwise": (0..<8).map { column in plain.reversed().map { $0[column] } }
            case "anticlockwise": (0..<8).reversed().map { column in plain.map { $0[column] } }
            default: plain
            }
        if horizontal { image = image.map { $0.reversed() } }
        if vertical { image.reverse() }
        return image
    }

    @Test(
        "an image is turned and then mirrored, and its shape says so (A7-3)",
        arguments: Rotation.allCases.map(\.rawValue))
    func orientation(rotation: String) async throws {
        let bench = try await Bench("speed=20 start=20 pattern=ramp")
        try await bench.untilIdle()
        try await bench.set("acquisition/limit", .integer(1))
        try await bench.set("image/rotation", .string(rotation))
        for (horizontal, vertical) in [(false, false), (true, false), (false, true), (true, true)] {
            try await bench.set("image/flip_horizontal", .bool(horizontal))
            try await bench.set("image/flip_vertical", .bool(vertical))
            try await bench.call("acquire")
            guard case .array(let images) = try await bench.call("get_images", .integer(10)) else {
                Issue.record("no image")
                continue
            }
            let wanted = expected(rotation, horizontal, vertical)
            #expect(images.shape == [1, wanted.count, wanted[0].count])
            #expect(images.elements(as: UInt16.self) == wanted.flatMap { $0 })
            #expect(try bench.value("image/rows") == .integer(Int64(wanted.count)))
        }
        await bench.stop()
    }
}
