// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// Images of every read mode, pixel for pixel: each pixel is the sum of the sensor's pixels that belong to it.
@Suite("read modes")
struct ReadModeTests {
    private static let (columns, rows) = (512, 512)

    /// The stand-in's ramp, summed over rows from 1; a column of each.
    private static func sum(_ rows: ClosedRange<Int>) -> [Int] {
        (1...columns).map { column in rows.reduce(0) { $0 + (column + $1) % 1000 } }
    }

    private static func bench(_ change: (inout CameraSettings) -> Void = { _ in }) async throws -> Bench {
        let bench = try await Bench("speed=100 start=20 cameras=897:1 pattern=ramp", change)
        try await bench.untilIdle()
        try await bench.set("acquisition/limit", .integer(1))
        return bench
    }

    /// One image as the watcher's client gets it.
    private static func expect(_ bench: Bench, _ wanted: [[Int]]) async throws {
        try await bench.call("acquire")
        guard case .array(let image) = try await bench.call("get_image", .float(30)) else {
            Issue.record("no image")
            return
        }
        #expect(image.shape == [wanted.count, wanted.first?.count ?? 0])
        let pixels =
            image.elements(as: UInt16.self).map { $0.map(Int.init) }
            ?? image.elements(as: Int32.self).map { $0.map(Int.init) }
        #expect(pixels == wanted.flatMap(\.self))
        #expect(try await bench.records().first?.state == .done)
    }

    @Test("full vertical binning: a row of sums, clipped at 16 bits, exact where scans are added")
    func fullVerticalBinning() async throws {
        let bench = try await Self.bench()
        try await bench.set("readout/mode", .string("full_vertical_binning"))
        let sums = Self.sum(1...Self.rows)
        #expect(sums.contains { $0 > 65535 })
        try await Self.expect(bench, [sums.map { min($0, 65535) }])
        try await bench.set("acquisition/mode", .string("accumulate"))
        try await bench.set("acquisition/accumulations", .integer(3))
        try await Self.expect(bench, [sums.map { 3 * $0 }])
        await bench.stop()
    }

    @Test("a single track: its rows are added")
    func singleTrack() async throws {
        let bench = try await Self.bench()
        try await bench.call("set_single_track", .integer(100), .integer(11))
        #expect(try bench.value("image/rows") == .integer(1))
        try await Self.expect(bench, [Self.sum(95...105)])
        try await bench.set("tracks/height", .integer(1))
        try await Self.expect(bench, [Self.sum(100...100)])
        await bench.stop()
    }

    @Test("several tracks lie where the SDK says that they lie", arguments: [0, 5])
    func multiTrack(offset: Int) async throws {
        let bench = try await Self.bench()
        try await bench.call("set_multi_track", .integer(4), .integer(20), .integer(Int64(offset)))
        #expect(try bench.value("image/rows") == .integer(4))
        let place = try bench.sim.library.setMultiTrack(number: 4, height: 20, offset: offset)
        let tracks = (0..<4).map { track in
            let first = place.bottom + track * (20 + place.gap)
            return Self.sum(first...first + 19)
        }
        try await Self.expect(bench, tracks)
        await bench.stop()
    }

    @Test(
        "columns are added in every mode without a region, and a number that does not divide the sensor is refused (C4)",
        arguments: [ReadMode.fullVerticalBinning, .singleTrack, .multiTrack, .randomTrack])
    func horizontalBinning(mode: ReadMode) async throws {
        let bench = try await Self.bench()
        try await bench.set("tracks/hbin", .integer(4))
        #expect(try bench.value("image/columns") == .integer(8))  // a region has its own
        try await bench.set("tracks/centre", .integer(50))
        try await bench.set("tracks/rows", .list([1, 2, 9, 9].map { .integer($0) }))
        try await bench.set("tracks/height", .integer(3))
        try await bench.set("tracks/number", .integer(2))
        try await bench.set("readout/mode", .string(mode.rawValue))
        #expect(try bench.value("image/columns") == .integer(128))
        // Where the tracks lie, the tests above show.
        let tracks: [ClosedRange<Int>]
        switch mode {
        case .fullVerticalBinning: tracks = [1...Self.rows]
        case .singleTrack: tracks = [49...51]
        case .randomTrack: tracks = [1...2, 9...9]
        case .multiTrack:
            let place = try bench.sim.library.setMultiTrack(number: 2, height: 3, offset: 0)
            tracks = (0..<2).map { track in
                let first = place.bottom + track * (3 + place.gap)
                return first...first + 2
            }
        case .image: tracks = []
        }
        let wanted = tracks.map { rows in
            let sums = Self.sum(rows)
            return (0..<128).map { min(65535, sums[4 * $0..<4 * $0 + 4].reduce(0, +)) }
        }
        try await Self.expect(bench, wanted)
        let odd = await #expect(throws: DeviceError.self) { try await bench.set("tracks/hbin", .integer(3)) }
        #expect(odd?.code == .outOfRange && odd?.message.contains("512 columns") == true)
        #expect(try bench.value("tracks/hbin") == .integer(4))
        try await bench.set("tracks/hbin", .integer(1))
        #expect(try bench.value("image/columns") == .integer(512))
        await bench.stop()
    }

    @Test("tracks by their rows")
    func randomTracks() async throws {
        let bench = try await Self.bench()
        let rows: [Int64] = [1, 1, 5, 6, 500, 512]
        try await bench.call("set_random_tracks", .list(rows.map { .integer($0) }))
        #expect(try bench.value("image/rows") == .integer(3))
        try await Self.expect(bench, [Self.sum(1...1), Self.sum(5...6), Self.sum(500...512)])
        let overlap = await #expect(throws: DeviceError.self) {
            try await bench.call("set_random_tracks", .list([1, 6, 5, 9].map { .integer($0) }))
        }
        #expect(overlap?.vendorCode == 20094)
        await bench.stop()
    }
}
