// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel
@testable import EigerPlugin

@Suite("Files of a series")
struct FileLedgerTests {
    private let files = SeriesFiles(pattern: "run_$id", number: 12, images: 2500, imagesPerFile: 1000)

    @Test("names, counts, roles and images")
    func names() {
        #expect(files.master == "run_12_master.h5")
        #expect(files.dataFileCount == 3)
        #expect(files.count == 4)
        #expect(files.dataFile(3) == "run_12_data_000003.h5")
        #expect(files.imageRange(of: files.dataFile(3)) == 2000..<2500)
        #expect(files.imageRange(of: files.master) == nil)
        #expect(files.role(of: files.master) == .master)
        #expect(files.role(of: files.dataFile(1)) == .data)
        #expect(files.dataFile(12_345_678) == "run_12_data_12345678.h5")
    }

    @Test("images in the master")
    func inMaster() {
        let files = SeriesFiles(pattern: "m", number: 1, images: 7, imagesPerFile: 0)
        #expect(files.count == 1)
        #expect(files.imageRange(of: files.master) == 0..<7)
    }

    @Test("a prefix that looks like a file's kind confuses nobody")
    func confusingPrefix() {
        let files = SeriesFiles(pattern: "data_master_$id", number: 1, images: 1, imagesPerFile: 1)
        #expect(files.role(of: "data_master_1_data_000001.h5") == .data)
        #expect(files.role(of: "data_master_1_master.h5") == .master)
    }

    @Test(
        "names of others are not ours",
        arguments: [
            "run_1_data_000001.h5", "run_12_data_1.h5", "run_12_data_000000.h5", "run_12_data_0000001.h5",
            "run_12_data_00000x.h5",
            "run_12_data_.h5", "run_12_data_+00001.h5", "run_123_master.h5", "xrun_12_master.h5", "",
            "run_12_data_99999999999999999999.h5",
        ])
    func foreign(name: String) {
        #expect(!files.owns(name))
    }

    @Test("while the series runs a file is due once a later one is listed; the master comes last")
    func due() {
        var ledger = FileLedger(files)
        let all = [files.master] + (1...3).map(files.dataFile)
        #expect(ledger.due(listed: [files.master]) == [])
        #expect(ledger.due(listed: [files.master, files.dataFile(1)]) == [])
        #expect(ledger.due(listed: Array(all.prefix(3))) == [files.dataFile(1)])
        ledger.begin(files.dataFile(1))
        #expect(ledger.due(listed: Array(all.prefix(3))) == [])
        ledger.finish(files.dataFile(1), stored: false)
        #expect(ledger.due(listed: Array(all.prefix(3))) == [files.dataFile(1)])
        ledger.finish(files.dataFile(1), stored: true)
        ledger.end()
        #expect(ledger.due(listed: all) == [files.dataFile(2), files.dataFile(3)])
        ledger.begin(files.dataFile(2))
        ledger.finish(files.dataFile(3), stored: true)
        #expect(ledger.due(listed: all) == [])
        ledger.finish(files.dataFile(2), stored: true)
        #expect(ledger.due(listed: all) == [files.master])
        #expect(!ledger.isComplete)
        #expect(ledger.firstMissing(limit: 3) == [files.master])
        ledger.finish(files.master, stored: true)
        #expect(ledger.isComplete)
        #expect(ledger.missingCount == 0)
    }

    @Test("a hole is missing, and named")
    func missing() {
        var ledger = FileLedger(files)
        ledger.end()
        for name in [files.dataFile(1), files.dataFile(3), files.master] { ledger.finish(name, stored: true) }
        #expect(!ledger.isComplete)
        #expect(ledger.firstMissing(limit: 3) == [files.dataFile(2)])
        #expect(ledger.missingCount == 1)
    }

    @Test("a million files cost nothing until they are asked for")
    func many() {
        var ledger = FileLedger(SeriesFiles(pattern: "x", number: 1, images: 1 << 48, imagesPerFile: 1_000_000))
        ledger.end()
        #expect(ledger.firstMissing(limit: 2) == ["x_data_000001.h5", "x_data_000002.h5"])
        #expect(!ledger.isComplete)
    }
}

@Suite("State of the connection")
struct LinkStateTests {
    @Test("two failures in a row are a loss, one is not")
    func loss() {
        var link = LinkState()
        #expect(link.answered("idle") == [.connected, .discover])
        #expect(link.failed("a") == [])
        #expect(link.answered("idle") == [])
        #expect(link.failed("a") == [])
        #expect(link.failed("b") == [.disconnected("b")])
        #expect(!link.isConnected)
        #expect(link.answered("idle") == [.connected, .discover])
    }

    @Test("before the first answer each failure is told")
    func absent() {
        var link = LinkState()
        #expect(link.failed("a") == [.disconnected("a")])
        #expect(link.failed("b") == [.disconnected("b")])
    }

    @Test("an uninitialized detector is told once; its keys are read after the initialize")
    func uninitialized() {
        var link = LinkState()
        #expect(link.answered("na") == [.connected, .uninitialized])
        #expect(link.answered("na") == [])
        #expect(link.answered("initialize") == [])
        #expect(link.answered("idle") == [.discover])
        #expect(link.answered("acquire") == [])
    }

    @Test("a detector that falls back to na was started anew, also while it was away")
    func restarted() {
        var link = LinkState()
        _ = link.answered("idle")
        #expect(link.answered("na") == [.restarted, .uninitialized])
        #expect(link.answered("idle") == [.discover])
        _ = link.failed("x")
        _ = link.failed("x")
        #expect(link.answered("na") == [.connected, .restarted, .uninitialized])
    }

    @Test("the pause grows to 30 s and no further")
    func backOff() {
        var link = LinkState()
        var pauses: [Double] = []
        for _ in 0..<12 {
            _ = link.failed("x")
            pauses.append(link.backOffSeconds)
        }
        #expect(pauses.prefix(6) == [1, 1, 2, 4, 8, 16])
        #expect(pauses.last == 30)
    }
}
