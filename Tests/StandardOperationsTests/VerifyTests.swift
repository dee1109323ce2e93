// Part of daqd
// SPDX-License-Identifier: MIT
@testable import DAQKernel
import DAQStorage
import Foundation
import Testing

@testable import StandardOperations

@Suite("verify")
struct VerifyTests {
    let site: Site
    init() throws { site = try Site() }

    @Test("a whole series: counted, summed, every file marked; also a second time")
    func whole() async throws {
        let files = try await site.series("run_1", frames: [4, 4, 2])
        let verify = try site.operation("{type: verify}")
        for attempt in 1...2 {
            let result = try await site.run(verify, site.record(files, expected: 10, received: 10), attempt: attempt)
            #expect(result.note == "expected 10, found 10 in 3 datasets; 4 files, all sums right")
            #expect(result.artifacts.map(\.path) == files.map(\.path))
            #expect(result.artifacts.allSatisfy { $0.verified == true })
        }
    }

    @Test("frames in the master itself, and uncompressed ones")
    func inMaster() async throws {
        let path = site.path("one_master.h5")
        try await HDF5.run {
            let file = try HDF5File.create(path)
            try file.createGroup("entry/instrument/detector")
            let data = try file.createDataset(
                "entry/data/data", .frames(.uint32, count: 3, rows: Site.rows, columns: Site.columns, filter: .none))
            for frame in 0..<3 {
                try data.writeChunk(at: [frame, 0, 0], Site.frame(frame).withUnsafeBytes { Array($0) })
            }
            try file.close()
        }
        let record = site.record([try await site.artifact("one_master.h5", .master)], expected: 3, received: 3)
        let note = try await site.run(try site.operation("{type: verify}"), record).note
        #expect(note == "expected 3, found 3 in 1 dataset; 1 file, all sums right")
    }

    @Test("a data file that is not there is named, with the counts")
    func missingFile() async throws {
        let files = try await site.series("run_1", frames: [4, 4], linked: 3)
        let record = site.record(files, expected: 10, received: 10)
        let error = await site.failure(try site.operation("{type: verify}"), record)
        #expect(error.kind == .dataWrong)
        #expect(error.message == "expected 10 frames, found 8; linked but absent: run_1_data_000003.h5")
        try FileManager.default.removeItem(atPath: files[2].path)
        let gone = await site.failure(try site.operation("{type: verify}"), record)
        #expect(
            gone.message.hasPrefix("\(files[2].path) is gone; expected 10 frames, found 4; linked but absent: run_1"))
        #expect(gone.artifacts.map(\.verified) == [true, true, false])
    }

    @Test("after an abort the links to files that never were do not matter")
    func aborted() async throws {
        let files = try await site.series("run_1", frames: [4, 3], linked: 5)
        let stop = AcquisitionStop(.user)
        let verify = try site.operation("{type: verify}")
        let record = site.record(files, expected: 20, received: 7, state: .aborted, stop: stop)
        #expect(try await site.run(verify, record).note.hasPrefix("expected 7, found 7 in 2 datasets"))
        let unknown = site.record(files, expected: 20, received: nil, state: .aborted, stop: stop)
        #expect(try await site.run(verify, unknown).note.hasPrefix("found 7 frames in 2 datasets, nothing known"))
        let lost = site.record(files, expected: 20, received: 8, state: .aborted, stop: stop)
        #expect(await site.failure(verify, lost).message.hasPrefix("expected 8 frames, found 7"))
    }

    @Test("a chunk that was announced and never written does not count")
    func hole() async throws {
        let path = site.path("hole_data_000001.h5")
        try await HDF5.run {
            let file = try HDF5File.create(path)
            let data = try file.createDataset(
                "entry/data/data",
                .frames(.uint32, count: 5, rows: Site.rows, columns: Site.columns, filter: .bitshuffleLZ4))
            for frame in [0, 1, 4] {
                try data.writeChunk(at: [frame, 0, 0], try BitshuffleLZ4.encode(Site.frame(frame)))
            }
            try file.close()
        }
        let record = site.record([try await site.artifact("hole_data_000001.h5", .data)], expected: 5, received: 5)
        let error = await site.failure(try site.operation("{type: verify}"), record)
        #expect(error.message == "expected 5 frames, found 3; hole_data_000001.h5 announces 5 and holds 3")
    }

    @Test("one changed byte, a cut file, a grown file and a file that is no HDF5")
    func damaged() async throws {
        let verify = try site.operation("{type: verify}")
        for (name, change, expected) in [
            ("flip", { (bytes: inout [UInt8]) in bytes[bytes.count / 2] ^= 1 }, "has the SHA-256"),
            ("cut", { $0.removeLast(100) }, "bytes where the run log has"),
            ("grown", { $0.append(0) }, "bytes where the run log has"),
            (
                "text", { $0 = Array("no HDF5, but of the right size".utf8) + $0.dropFirst(30) },
                "does not begin as an HDF5"
            ),
        ] {
            let files = try await site.series(name, frames: [2])
            var bytes = try site.bytes(files[1].path)
            change(&bytes)
            try site.write(bytes, files[1].path)
            let error = await site.failure(verify, site.record(files, expected: 2, received: 2))
            #expect(error.kind == .dataWrong)
            #expect(error.message.contains(expected), "\(error)")
            #expect(error.artifacts.map(\.verified) == [true, false])
        }
    }

    @Test("a file whose inside is damaged is named when no sum was known")
    func damagedInside() async throws {
        let files = try await site.series("run_1", frames: [3])
        var bytes = try site.bytes(files[1].path)
        for index in 96..<min(2000, bytes.count) { bytes[index] = 0xA5 }
        try site.write(bytes, files[1].path)
        var unknown = files
        unknown[1].sha256 = nil
        let error = await site.failure(
            try site.operation("{type: verify}"), site.record(unknown, expected: 3, received: 3))
        #expect(error.kind == .dataWrong)
        #expect(error.message.contains("run_1_data_000001.h5"), "\(error)")
    }

    @Test("a file over which libhdf5 itself crashes is called damaged, and this process lives")
    func crashing() async throws {
        let files = try await site.series("run_1", frames: [3])
        let good = try site.bytes(files[1].path)
        var generator = SystemRandomNumberGenerator()
        let verify = try site.operation("{type: verify, checksums: false}")
        var refused = 0
        for _ in 0..<200 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...40, using: &generator) {
                bytes[.random(in: 8..<min(4096, bytes.count), using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            try site.write(bytes, files[1].path)
            do {
                _ = try await site.run(verify, site.record(files, expected: 3, received: 3))
            } catch let error as PostOperationError {
                #expect(error.kind == .dataWrong, "\(error)")
                refused += 1
            }
        }
        #expect(refused > 20)
    }

    @Test("a file that may not be read is no proof of wrong data", .enabled(if: getuid() != 0))
    func unreadable() async throws {
        let files = try await site.series("run_1", frames: [1])
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: files[1].path)
        let error = await site.failure(
            try site.operation("{type: verify}"), site.record(files, expected: 1, received: 1))
        #expect(error.kind == .temporary)
        #expect(error.message == "cannot open \(files[1].path): Permission denied")
    }

    @Test("a cancelled check says nothing about the data")
    func cancelled() async throws {
        let files = try await site.series("run_1", frames: [1])
        let record = site.record(files, expected: 1, received: 1)
        let verify = try site.operation("{type: verify}")
        for delay in [0, 1, 2, 4] {
            let task = Task { try await site.run(verify, record) }
            if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
            task.cancel()
            do {
                #expect(try await task.value.note.hasPrefix("expected 1, found 1"))
            } catch { #expect(error is CancellationError, "\(error)") }
        }
    }

    @Test("no files, other files, no sums, no counting")
    func other() async throws {
        let verify = try site.operation("{type: verify}")
        let none = await site.failure(verify, site.record([], expected: 3, received: 3))
        #expect(none.message == "the acquisition has no files to verify")
        try site.write([1, 2, 3], site.path("run.raw"))
        let raw = try await site.artifact("run.raw", .data)
        let note = try await site.run(verify, site.record([raw], expected: 3, received: 3)).note
        #expect(note == "frames not counted: no HDF5 file among them; 1 file, all sums right")
        var files = try await site.series("run_1", frames: [2])
        let uncounted = try site.operation("{type: verify, count_frames: false}")
        #expect(
            try await site.run(uncounted, site.record(files, expected: 9, received: 9)).note.hasPrefix(
                "frames not counted;"))
        for index in files.indices { files[index].sha256 = nil }
        let noSums = try await site.run(verify, site.record(files, expected: 2, received: 2)).note
        #expect(noSums == "expected 2, found 2 in 1 dataset; 2 files, size checked, no sums known")
    }

    @Test("links that lead out of the folder are not followed")
    func escapes() async throws {
        let outside = try Site()
        _ = try await outside.series("run_1", frames: [4])
        let master = site.path("evil_master.h5")
        for target in [outside.path("run_1_data_000001.h5"), "../\(outside.rootName)/run_1_data_000001.h5"] {
            try? FileManager.default.removeItem(atPath: master)
            try await HDF5.run {
                let file = try HDF5File.create(master)
                try file.createGroup("entry/data").link("data_000001", toFile: target, path: "/entry/data/data")
                try file.close()
            }
            let record = site.record([try await site.artifact("evil_master.h5", .master)], expected: 4, received: 4)
            let error = await site.failure(try site.operation("{type: verify}"), record)
            #expect(error.message.contains("which is not a file beside it"), "\(error)")
        }
    }

    @Test("files of the 2024 format, made by a newer library: size and signature only, and it says so")
    func newerFormat() async throws {
        try Python.run("newer.py", [site.path("new_master.h5"), site.path("new_data_000001.h5")])
        let files = [
            try await site.artifact("new_master.h5", .master), try await site.artifact("new_data_000001.h5", .data),
        ]
        let note = try await site.run(
            try site.operation("{type: verify}"), site.record(files, expected: 4, received: 4)
        ).note
        #expect(note.hasPrefix("frames not counted: "), "\(note)")
        #expect(note.contains("in a format newer than HDF5 1.10"))
        #expect(note.hasSuffix("; 2 files, all sums right"))
    }
}
