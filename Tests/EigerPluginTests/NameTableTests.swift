// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel
@testable import EigerPlugin

/// The tables of names by themselves, against what their clients expect.
@Suite("Name tables")
struct NameTableTests {
    private static let sets = [
        SeedNames.set, PackageNames.set, AreaDetectorNames.set, SIMPLONNames.set(discovered: []),
    ]

    @Test("no name is there twice", arguments: sets.indices)
    func unique(index: Int) {
        var seen: Set<String> = []
        let twice = Self.sets[index].entries.map(\.name).filter { !seen.insert($0).inserted }
        #expect(twice.isEmpty)
    }

    @Test("the seed IOC's 25 process variables, in its order")
    func seedNames() {
        #expect(
            SeedNames.set.entries.map(\.name) == [
                "DetectorState", "DetectorTemperature", "DetectorTime", "CountTime_RBV", "FrameTime_RBV",
                "ThresholdEnergy", "PhotonEnergy", "FrameTime", "CountTime", "CountRateCorrection",
                "FlatFieldCorrection", "PixelMaskCorrection", "Restart", "Restart_RBV", "Initialize", "Initialize_RBV",
                "Configure", "Configure_RBV", "Trigger", "Trigger_RBV", "OutputFilePrefix", "LatestFile",
                "LatestFileData", "LatestFileMain", "SecondsRemaining",
            ])
    }

    @Test("every process variable that ophyd's EigerDetectorCam asks for")
    func ophydNames() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/ophyd-1.11.2-EigerDetectorCam.txt")
        let wanted = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(wanted.count == 217)
        let present = Set(AreaDetectorNames.set.entries.map(\.name))
        #expect(wanted.filter { !present.contains($0) } == [])
    }

    @Test("every readback has its setting before it, and every areaDetector name a type and a first value")
    func readbacks() {
        var before: Set<String> = []
        for entry in AreaDetectorNames.set.entries {
            if case .name(let other) = entry.source { #expect(before.contains(other), "\(entry.name)") }
            before.insert(entry.name)
            guard case .command = entry.source else {
                if entry.name == "ArrayData" { continue }  // of the detector's own type, and without an image empty
                #expect(entry.type != nil && entry.initial != nil, "\(entry.name)")
                #expect(entry.outOfRange == .clamp)
                continue
            }
            #expect(entry.dwellSeconds >= 1)
        }
    }

    @Test("the digits that ophyd's set().wait() needs")
    func precision() {
        let digits = Dictionary(
            AreaDetectorNames.set.entries.map { ($0.name, $0.precision) }, uniquingKeysWith: { first, _ in first })
        for name in ["AcquireTime", "AcquireTime_RBV", "AcquirePeriod", "AcquirePeriod_RBV"] {
            #expect(digits[name] == 3)
        }
    }

    @Test("the seed's and areaDetector's names clash, so that they need prefixes of their own")
    func clash() {
        let seed = Set(SeedNames.set.entries.map(\.name))
        let common = seed.intersection(AreaDetectorNames.set.entries.map(\.name))
        #expect(common.isSuperset(of: ["Trigger", "Initialize", "Restart", "PhotonEnergy", "ThresholdEnergy"]))
    }

    @Test("keys that the detector listed get their names too")
    func discovered() {
        let set = SIMPLONNames.set(discovered: [.detector("brand/new"), .detector("count_time")])
        let names = Set(set.entries.map(\.name))
        #expect(names.isSuperset(of: ["detector:config:brand_new", "detector:config:brand_new_RBV"]))
        #expect(names.contains("detector:command:arm"))
    }
}
