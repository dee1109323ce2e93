// Part of daqd
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// What goes wrong in the detector itself while a series runs: one clear end, one line in the log, and nothing lost.
@Suite("Upheavals in a series")
struct UpheavalTests {
    /// One misbehaviour, when it is ordered, and what must follow.
    struct Case: Sendable, CustomStringConvertible {
        /// What `POST /sim/fault` is told.
        let order: String
        /// Whether it comes only once the detector exposes.
        let isLate: Bool
        /// How the series ends.
        let ends: AcquisitionState
        /// What its record says, in part.
        let says: String
        /// Whether the same detector takes a good series afterwards.
        var recovers = true

        var description: String { order }
    }

    static let cases = [
        Case(
            order: #"{"fault":"file_missing","path":"*_data_000002.h5"}"#, isLate: false, ends: .failed,
            says: "expected 3 files, 2 found"),
        Case(
            order: #"{"fault":"file_missing","path":"*_master.h5"}"#, isLate: false, ends: .failed, says: "_master.h5"),
        Case(order: #"{"fault":"file_missing","path":"*"}"#, isLate: false, ends: .failed, says: "expected 3 files"),
        Case(order: #"{"fault":"file_late","path":"*","seconds":0.5}"#, isLate: false, ends: .done, says: ""),
        Case(order: #"{"fault":"file_growing","path":"*","seconds":0.5}"#, isLate: false, ends: .done, says: ""),
        Case(
            order: #"{"fault":"file_truncated","path":"*_data_000001.h5","bytes":3000}"#, isLate: false, ends: .failed,
            says: "_data_000001.h5"),
        Case(order: #"{"fault":"truncate","path":"*","bytes":20000,"times":6}"#, isLate: false, ends: .done, says: ""),
        Case(
            order: #"{"fault":"slow","path":"*_data_*","bytes_per_second":900000}"#, isLate: false, ends: .done,
            says: ""),
        Case(order: #"{"fault":"trigger_reply","text":""}"#, isLate: false, ends: .done, says: ""),
        Case(order: #"{"fault":"trigger_reply","text":"{\"sequence id\": -1}"}"#, isLate: false, ends: .done, says: ""),
        Case(
            order: #"{"fault":"trigger_reply","text":"{\"sequence id\": $id}"}"#, isLate: false, ends: .done, says: ""),
        Case(order: #"{"fault":"state_error"}"#, isLate: true, ends: .failed, says: "error"),
        Case(order: #"{"fault":"buffer_limit","bytes":60000}"#, isLate: true, ends: .failed, says: "expected 3 files"),
        Case(order: #"{"fault":"restart"}"#, isLate: true, ends: .failed, says: ""),
        Case(order: #"{"fault":"power_off","seconds":1}"#, isLate: true, ends: .failed, says: ""),
        Case(order: #"{"fault":"reset_ids"}"#, isLate: true, ends: .done, says: ""),
    ]

    @Test("a fault of the detector in a series, and the series after it", arguments: cases)
    func upheaval(of what: Case) async throws {
        let simulated = try SimulatedDetector()
        let bench = try await Bench(port: simulated.port)
        defer { bench.remove() }
        // What strikes in the exposure has time to get there.
        let frame = what.isLate ? 1.5 : 0.1
        try await bench.set("series/exposure_time", .float(4 * frame))
        try await bench.set("series/frame_time", .float(frame))
        try await bench.set("series/images_per_file", .integer(2))
        try await bench.set("series/file_prefix", .string("first_"))
        try await bench.untilIdle()
        if !what.isLate { try await simulated.fault(what.order) }
        let operation = try bench.start("acquire")
        if what.isLate {
            try await FaultMatrixTests.untilExposing(simulated)
            try await simulated.fault(what.order)
        }
        let status = try await FaultMatrixTests.end(of: operation, what.order)
        let record = try #require(try await bench.records().first)
        let place = "\(record.result ?? "") \(String(describing: status.error))"
        #expect(record.state == what.ends, "\(place)")
        #expect((status.state == .succeeded) == (what.ends == .done), "\(place)")
        #expect(what.says.isEmpty || record.result?.contains(what.says) == true, "\(place)")
        try FaultMatrixTests.judgeAlarms(bench, record, status, place)
        if what.ends == .failed {
            #expect(bench.logText.contains("warning eiger1") || bench.logText.contains("error eiger1"), "\(place)")
        }
        try await FaultMatrixTests.judge(bench, simulated, place, isLossy: what.isLate)
        try await simulated.heal()
        try await simulated.fault(#"{"fault":"buffer_limit","bytes":1000000000}"#)
        if bench.node.deviceState != .connected || (try? bench.value("detector/status/state")) != .string("idle") {
            _ = try? await bench.call("initialize")
        }
        try await bench.untilIdle()
        try await bench.set("series/file_prefix", .string("second_"))
        try await bench.call("acquire")
        #expect(try #require(try await bench.records().first).state == .done)
        try await eventually("\(place): every alarm has gone") {
            FaultMatrixTests.faultyConditions(bench).isEmpty
                && bench.node.parameter("health/no_data")?.sample.alarm.isActive == false
        }
        await bench.stop()
    }
}
