// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// Whole series over HTTP with a simulated detector.
@Suite("Measurement")
struct MeasurementTests {
    @Test("a series of ten frames: files here, verified, gone there, everything in the record")
    func series() async throws {
        try await withBench(exposure: 0.2, frame: 0.02) { simulated, bench in
            try await bench.set("series/images_per_file", .integer(4))
            try await bench.call("acquire")
            let record = try await bench.record()
            #expect(record.state == .done)
            #expect(record.frames.received == 10)
            #expect(record.frames.missing == 0)
            #expect(record.artifacts.count == 4)
            #expect(record.artifacts.allSatisfy { $0.verified == true && $0.sha256 != nil && $0.maker == "eiger1" })
            #expect(record.artifacts.last?.role == .master)
            let names = (1...3).map { "eiger_1_data_00000\($0).h5" } + ["eiger_1_master.h5"]
            #expect(bench.names == names)
            #expect(try await simulated.files() == [])
            #expect(try bench.value("files/latest") == .string("eiger_1_master.h5"))
            #expect(try #require(bench.value("files/latest_data").string).hasPrefix("eiger_1_data_00000"))
            #expect(try bench.value("files/stored") == .integer(4))
            let digest = try #require(record.configuration)
            let snapshot = try #require(try await bench.log.configuration(digest))
            #expect(snapshot["detector/config/nimages"]?.integer == 10)
            #expect(snapshot["filewriter/config/name_pattern"]?.string == "eiger_$id")
            // Ten different frames, in order, as any reader finds them.
            let path = bench.data + "/eiger_1_data_000003.h5"
            let shape = try await HDF5.run { try HDF5File.open(path).dataset("/entry/data/data").shape }
            #expect(shape.first == 2)
        }
    }

    @Test("requests go in the order that the detector needs, commands once, and never clear")
    func order() async throws {
        try await withBench(exposure: 0.2, frame: 0.02) { simulated, bench in
            try await bench.call("acquire")
            let requests = try await simulated.requests()
            let puts = requests.filter { $0.hasPrefix("PUT") }.map { String($0.split(separator: "/").last ?? "") }
            func place(_ name: String) throws -> Int {
                try #require(puts.firstIndex(of: name), "\(name) was not sent: \(puts)")
            }
            #expect(try place("photon_energy") < place("trigger_mode"))
            #expect(try place("trigger_mode") < place("nimages"))
            #expect(try place("nimages") < place("arm"))
            #expect(try place("name_pattern") < place("arm"))
            #expect(try place("arm") < place("trigger"))
            for command in ["initialize", "arm", "trigger"] {
                #expect(puts.filter { $0 == command }.count == 1, "\(command)")
            }
            #expect(!puts.contains("clear"))
            let deleted = requests.filter { $0.hasPrefix("DELETE") }
            #expect(deleted == ["DELETE /data/eiger_1_data_000001.h5", "DELETE /data/eiger_1_master.h5"])
        }
    }

    @Test("data files come while the series runs")
    func fetchesDuringTheSeries() async throws {
        try await withBench(exposure: 120, frame: 0.05) { _, bench in
            try await bench.set("series/images_per_file", .integer(10))
            let operation = try bench.start("acquire")
            try await eventually("two files are here") { bench.names.contains("eiger_1_data_000002.h5") }
            #expect(!operation.status.state.isFinal)
            #expect(try bench.value("detector/status/state") == .string("acquire"))
            #expect(try bench.value("series/phase") == .string("acquiring"))
            try await bench.call("stop")
            _ = try await operation.result()
            #expect(bench.names.contains("eiger_1_master.h5"))
        }
    }

    @Test("several triggers make one series")
    func triggers() async throws {
        try await withBench(exposure: 0.1, frame: 0.02) { simulated, bench in
            try await bench.set("series/triggers", .integer(3))
            try await bench.call("acquire")
            let record = try await bench.record()
            #expect(record.frames.expected == 15)
            #expect(record.frames.received == 15)
            #expect(try await simulated.requests().filter { $0.hasSuffix("command/trigger") }.count == 3)
        }
    }

    @Test("abort ends an exposure at once; the caller of the series succeeds, the record says aborted")
    func abort() async throws {
        try await withBench(exposure: 120, frame: 0.1) { simulated, bench in
            try await bench.set("series/images_per_file", .integer(5))
            let operation = try bench.start("acquire")
            try await bench.untilExposing()
            try await eventually("the first file is here") { bench.names.contains("eiger_1_data_000001.h5") }
            try await bench.call("abort")
            let status = await operation.end()
            #expect(status.state == .succeeded, "\(String(describing: status.error))")
            let record = try await bench.record()
            #expect(record.state == .aborted)
            #expect(record.stop?.origin?.user == "alice")
            #expect(record.frames.expected == 1200)
            #expect((record.frames.received ?? 0) >= 5)
            #expect(record.artifacts.contains { $0.role == .master })
            #expect(try await simulated.files() == [])
            try await bench.untilIdle()
        }
    }

    @Test("stop waits for a short image and aborts a long one", arguments: [(0.1, "cancel"), (100.0, "abort")])
    func stop(frame: Double, command: String) async throws {
        try await withBench(exposure: 120, frame: frame) { simulated, bench in
            let operation = try bench.start("acquire")
            try await bench.untilExposing()
            try await bench.call("stop")
            _ = try await operation.result()
            #expect(try await bench.record().state == .aborted)
            let requests = try await simulated.requests()
            #expect(requests.filter { $0.hasSuffix("command/\(command)") }.count == 1)
        }
    }

    @Test("cancelling the operation ends the series in order, too")
    func cancelOperation() async throws {
        try await withBench(exposure: 120, frame: 0.1) { _, bench in
            let operation = try bench.start("acquire")
            try await bench.untilExposing()
            operation.cancel()
            _ = await operation.end()
            let record = try await bench.record()
            #expect(record.state == .aborted)
            #expect(record.stop?.kind == .cancelled)
            try await bench.untilIdle()
        }
    }

    @Test("a second series is refused while one runs, and nothing of it is sent")
    func busy() async throws {
        try await withBench(exposure: 120, frame: 0.1) { simulated, bench in
            let operation = try bench.start("acquire")
            try await bench.untilExposing()
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.code == .busy)
            let refusal = await #expect(throws: DeviceError.self) {
                try await bench.set("detector/config/count_time", .float(0.05))
            }
            #expect(refusal?.code == .wrongState)
            try await bench.call("abort")
            _ = try await operation.result()
            #expect(try await simulated.requests().filter { $0.hasSuffix("command/arm") }.count == 1)
        }
    }

    @Test("a file that never comes makes the series failed, with the missing frames counted, and nothing is lost")
    func missingFile() async throws {
        try await withBench(exposure: 0.2, frame: 0.02) { simulated, bench in
            try await bench.set("series/images_per_file", .integer(5))
            try await simulated.fault(#"{"fault":"file_missing","path":"*_data_000002.h5"}"#)
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.message.contains("eiger_1_data_000002.h5") == true, "\(String(describing: error))")
            let record = try await bench.record()
            #expect(record.state == .failed)
            #expect(record.frames.missing == 5)
            #expect(record.result?.contains("expected 3 files, 2 found") == true)
            #expect(bench.names == ["eiger_1_data_000001.h5", "eiger_1_master.h5"])
        }
    }

    @Test("broken transfers are continued by range")
    func brokenTransfer() async throws {
        try await withBench(exposure: 0.2, frame: 0.02) { simulated, bench in
            try await simulated.fault(#"{"fault":"truncate","path":"*_data_*","bytes":100000,"times":2}"#)
            try await bench.call("acquire")
            #expect(try await bench.record().state == .done)
            #expect(bench.logText.contains("continued"))
        }
    }

    @Test("names that exist here with other content send the whole set into a folder of its own")
    func nameConflict() async throws {
        try await withBench(exposure: 0.2, frame: 0.02) { _, bench in
            try FileManager.default.createDirectory(atPath: bench.data, withIntermediateDirectories: true)
            try Data("precious".utf8).write(to: URL(fileURLWithPath: bench.data + "/eiger_1_master.h5"))
            try await bench.call("acquire")
            let record = try await bench.record()
            #expect(record.state == .done)
            #expect(try String(contentsOfFile: bench.data + "/eiger_1_master.h5", encoding: .utf8) == "precious")
            #expect(
                bench.names == [
                    record.id, record.id + "/eiger_1_data_000001.h5", record.id + "/eiger_1_master.h5",
                    "eiger_1_master.h5",
                ])
            #expect(try bench.value("files/folder") == .string(bench.data + "/" + record.id))
        }
    }

    @Test("files of an earlier series on the detector are never overwritten")
    func wouldOverwrite() async throws {
        try await withBench(exposure: 0.2, frame: 0.02, settings: { $0.removal = .never }) { simulated, bench in
            try await bench.call("acquire")
            let before = try await simulated.files()
            #expect(before.count == 2)
            // Numbers begin at 1 again after an initialize.
            try await bench.call("initialize")
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.message.contains("overwrite") == true, "\(String(describing: error))")
            #expect(try await simulated.files() == before)
            try await bench.untilIdle()
        }
    }

    @Test("an arm that fails is told, once, and leaves the detector idle")
    func armFails() async throws {
        try await withBench(exposure: 0.2, frame: 0.02) { simulated, bench in
            try await simulated.fault(#"{"fault":"arm_fails","times":1}"#)
            let error = await #expect(throws: DeviceError.self) { try await bench.call("acquire") }
            #expect(error?.vendorCode == 500)
            #expect(try await simulated.requests().filter { $0.hasSuffix("command/arm") }.count == 1)
            #expect(try await bench.record().state == .failed)
            try await bench.call("acquire")
            #expect(try await bench.record().state == .done)
        }
    }

    @Test("a trigger whose connection breaks is not repeated; the state decides")
    func brokenTrigger() async throws {
        try await withBench(exposure: 1, frame: 0.1) { simulated, bench in
            try await simulated.fault(#"{"fault":"close","path":"*/command/trigger","execute":true,"times":1}"#)
            try await bench.call("acquire")
            let record = try await bench.record()
            #expect(record.state == .done, "\(record.result ?? "")")
            #expect(try await simulated.requests().filter { $0.hasSuffix("command/trigger") }.count == 1)
        }
    }

    @Test("a detector that somebody else armed is disarmed first")
    func foreignArm() async throws {
        try await withBench(exposure: 0.2, frame: 0.02) { simulated, bench in
            try await simulated.put("/detector/api/1.8.0/command/arm")
            try await bench.call("acquire")
            #expect(try await bench.record().state == .done)
        }
    }
}
