// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import EigerSimulator

/// Which images are complete when, and which files they go into.
@Suite("Series and file plan")
struct SeriesTests {
    private static func series(_ mode: TriggerMode = .ints, images: Int = 10, triggers: Int = 2) -> Series {
        Series(
            number: 1, uniqueID: "A", mode: mode, imagesPerTrigger: images, triggers: triggers,
            countTime: .milliseconds(99), frameTime: .milliseconds(100), startDelay: .milliseconds(50))
    }

    @Test("images complete one frame time after another, after the start delay")
    func progress() {
        var series = Self.series()
        #expect(series.images(at: .seconds(99)) == 0)
        series.trigger(at: .seconds(1))
        #expect(series.images(at: .milliseconds(1149)) == 0)
        #expect(series.images(at: .milliseconds(1150)) == 1)
        #expect(series.images(at: .milliseconds(2049)) == 9)
        #expect(series.images(at: .seconds(100)) == 10)
        #expect(series.time(ofImages: 10) == .milliseconds(2050))
        #expect(series.time(ofImages: 11) == nil)
        series.finishExposure()
        #expect(!series.hasAllTriggers)
        series.trigger(at: .seconds(3))
        #expect(series.images(at: .milliseconds(3150)) == 11)
        #expect(series.hasAllTriggers)
    }

    @Test("a cancelled exposure ends with the image being taken, an aborted one with those complete")
    func ends() {
        var cancelled = Self.series()
        cancelled.trigger(at: .zero)
        #expect(cancelled.cancelExposure(at: .milliseconds(420)) == .milliseconds(450))
        cancelled.finishExposure()
        cancelled.end(at: .milliseconds(450), aborted: false)
        #expect(cancelled.images(at: .seconds(9)) == 4)
        var aborted = Self.series()
        aborted.trigger(at: .zero)
        aborted.end(at: .milliseconds(420), aborted: true)
        aborted.end(at: .seconds(5), aborted: false)
        #expect(aborted.images(at: .seconds(9)) == 3)
        #expect(aborted.wasAborted)
        var early = Self.series()
        early.trigger(at: .zero)
        #expect(early.cancelExposure(at: .milliseconds(10)) == .milliseconds(50))
        early.finishExposure()
        #expect(early.images(at: .seconds(9)) == 0)
    }

    @Test("one image per trigger, with the exposure that the trigger states")
    func enable() {
        var series = Self.series(.inte, images: 7, triggers: 3)
        #expect(series.plannedImages == 3)
        series.trigger(at: .zero, exposureTime: .seconds(2))
        #expect(series.time(ofImages: 1) == .seconds(2))
        series.finishExposure()
        series.trigger(at: .seconds(5))
        #expect(series.time(ofImages: 2) == .milliseconds(5099))
    }

    @Test("file names, counts and contents follow the pattern and the images per file")
    func plan() {
        let plan = FilePlan(
            pattern: "sub/run_$id_$id", series: 12, imagesPerFile: 1000, firstImage: 1, plannedImages: 2500)
        #expect(plan.masterName == "sub/run_12_12_master.h5")
        #expect(plan.dataFiles == 3)
        #expect(plan.dataName(2) == "sub/run_12_12_data_000003.h5")
        #expect(plan.localDataName(2) == "run_12_12_data_000003.h5")
        #expect(plan.images(ofFile: 2, taken: 2500) == 2000..<2500)
        #expect(plan.images(ofFile: 1, taken: 1500) == 1000..<1500)
        #expect(plan.images(ofFile: 2, taken: 1500).isEmpty)
        #expect(plan.imagesNeeded(forFile: 0) == 1000)
        #expect(plan.imagesNeeded(forFile: 2) == 2500)
        let inMaster = FilePlan(pattern: "x", series: 1, imagesPerFile: 0, firstImage: 1, plannedImages: 5)
        #expect(inMaster.dataFiles == 0)
    }

    @Test(
        "patterns that lead out of the folder are refused",
        arguments: ["", "/abs", "a//b", "../x", "a/../b", "a\nb", "a/"])
    func badPatterns(pattern: String) {
        #expect(FilePlan.problem(of: pattern) != nil)
    }

    @Test("a name pattern may hold a folder and any other characters")
    func goodPatterns() {
        for pattern in ["series_$id", "a/b/c_$id", "ü-ß $id", "..a"] { #expect(FilePlan.problem(of: pattern) == nil) }
    }
}
