// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("the SDK's stand-in")
struct StandInTests {
    /// The table of notes that the Python driver's authors took at a real iXon Ultra 888.
    @Test("the circular buffer behaves as the notes say, row by row (E7.1)")
    func bufferTable() throws {
        let sim = try StandIn("manual=1")
        try sim.open()
        let cycle = sim.cycle
        try sim.library.set(.startAcquisition)
        #expect(try sim.newImages() == [20024, 0, 0])
        sim.advance(seconds: cycle * 1.01)
        #expect(try sim.newImages() == [20002, 1, 1])
        sim.advance(seconds: cycle)
        #expect(try sim.newImages() == [20002, 1, 2])
        sim.advance(seconds: cycle)
        #expect(try sim.newImages() == [20002, 1, 3])
        for (index, after) in [(1, [20002, 2, 3]), (2, [20002, 3, 3]), (3, [20024, 3, 3])] {
            let bytes = try #require(try sim.library.oldestImage16(pixels: 12))
            #expect(bytes[0] == UInt8(index))
            #expect(try sim.newImages() == after)
        }
        #expect(throws: DeviceError.self) { _ = try sim.library.oldestImage16(pixels: 12) }
        #expect(try sim.newImages() == [20024, 3, 3])
        sim.advance(seconds: cycle)
        #expect(try sim.newImages() == [20002, 4, 4])
        try sim.library.set(.abortAcquisition)
        try sim.library.set(.startAcquisition)
        #expect(try sim.newImages() == [20024, 0, 0])
    }

    @Test("a buffer of four that nobody reads for ten images has lost six, and says so in one way only (E7.2)")
    func overrun() throws {
        let sim = try StandIn("manual=1 buffer=96")
        try sim.open()
        try sim.library.set(.startAcquisition)
        sim.advance(seconds: sim.cycle * 10.5)
        #expect(try sim.newImages() == [20002, 7, 10])
        #expect(try sim.library.images16(6...6, pixels: 12) == nil)
        let four = try #require(try sim.library.images16(7...10, pixels: 12))
        #expect(stride(from: 0, to: four.count, by: 24).map { four[$0] } == [7, 8, 9, 10])
        #expect(sim.counter("lost") == 6)
        #expect(try sim.newImages() == [20024, 10, 10])
    }

    @Test("wrong sizes, null and impossible ranges have the SDK's own codes")
    func sizes() throws {
        let sim = try StandIn("manual=1")
        try sim.open()
        try sim.library.set(.startAcquisition)
        #expect(code { _ = try sim.library.images16(1...1, pixels: 12) } == 20024)
        sim.advance(seconds: sim.cycle * 3.1)
        #expect(code { _ = try sim.library.oldestImage16(pixels: 11) } == 20067)
        #expect(code { _ = try sim.library.images16(1...2, pixels: 11) } == 20069)
        #expect(try sim.library.images16(2...9, pixels: 12) == nil)
        #expect(code { try sim.library.set(.setReadMode, 4) } == 20072)
        try sim.library.set(.abortAcquisition)
        #expect(code { try sim.library.set(.abortAcquisition) } == 20073)
        #expect(code { try sim.library.set(.setImage, 1, 1, 1, 4, 1, 5000) } == 20077)
        #expect(code { try sim.library.set(.setImage, 1, 1, 1, 4, 0, 5) } == 20076)
        try sim.library.set(.setImage, 3, 1, 1, 4, 1, 3)
        #expect(code { try sim.library.set(.startAcquisition) } == 20099)
    }

    private func code(_ body: () throws -> Void) -> Int? {
        do {
            try body()
            return nil
        } catch {
            return (error as? DeviceError)?.vendorCode
        }
    }

    @Test(
        "frame rates are those of the data sheets",
        arguments: [
            ("888", 0, 0, 1024, 26.0), ("888", 1, 0, 1024, 17.5), ("888", 2, 0, 1024, 8.9), ("888", 0, 0, 512, 92.7),
            ("888", 0, 0, 128, 658), ("897", 0, 0, 512, 56.5),
        ] as [(String, Int, Int, Int, Double)])
    func rates(model: String, speed: Int, vertical: Int, size: Int, expected: Double) throws {
        let sim = try StandIn("manual=1 cameras=\(model):7")
        let full = ImageRegion(hend: model == "888" ? 1024 : 512, vend: model == "888" ? 1024 : 512)
        try sim.open(full, exposure: 0)
        try sim.library.set(.setHSSpeed, 0, speed)
        try sim.library.set(.setVSSpeed, vertical)
        try sim.library.set(.setFrameTransferMode, 1)
        if size < full.width { try sim.library.set(.setIsolatedCropMode, 1, size, size, 1, 1) }
        let readout = try sim.library.float(.getReadOutTime)
        #expect(abs(1 / readout - expected) / expected < 0.01)
    }

    @Test("the sensor cools at the model's rate, through the states of the regulation")
    func cooling() throws {
        let sim = try StandIn("manual=1")
        try sim.open()
        #expect(try sim.library.temperature().status == .temperatureOff)
        try sim.library.set(.setTemperature, -80)
        try sim.library.set(.coolerON)
        sim.advance(seconds: 60)
        let onTheWay = try sim.library.temperature()
        #expect(onTheWay.status == .temperatureNotReached)
        #expect(abs(onTheWay.celsius - 10) < 0.5)
        sim.advance(seconds: 9 * 60 + 30)
        #expect(try sim.library.temperature().status == .temperatureNotStabilized)
        sim.advance(seconds: 120)
        let cold = try sim.library.temperature()
        #expect(cold.status == .temperatureStabilized)
        #expect(abs(cold.celsius + 80) < 1)
        // Less air does not hold a colder set point: what was stable drifts, until a new set point is given (E4).
        try sim.library.set(.setTemperature, -95)
        sim.advance(seconds: 600)
        #expect(try sim.library.temperature().status == .temperatureStabilized)
        try sim.library.set(.setFanMode, 1)
        sim.advance(seconds: 120)
        #expect(try sim.library.temperature().status == .temperatureDrift)
        try sim.library.set(.setTemperature, -85)
        #expect(try sim.library.temperature().status != .temperatureDrift)
        try sim.library.set(.setFanMode, 2)
        sim.advance(seconds: 700)
        #expect(try sim.library.int(.getTECStatus) == 1)
        #expect(try sim.library.temperature().status == .temperatureOff)
    }

    @Test("external triggers during an exposure are counted and ignored; software triggers are refused")
    func triggers() throws {
        let sim = try StandIn("manual=1")
        try sim.open()
        try sim.library.set(.setTriggerMode, 1)
        try sim.library.set(.startAcquisition)
        sim.trigger()
        sim.advance(seconds: 0.001)
        sim.trigger()
        sim.advance(seconds: 1)
        #expect(try sim.newImages() == [20002, 1, 1])
        #expect(sim.counter("triggers_ignored") == 1)
        try sim.library.set(.abortAcquisition)
        #expect(code { try sim.library.set(.sendSoftwareTrigger) } == 20078)
        try sim.library.set(.setTriggerMode, 10)
        #expect(code { try sim.library.set(.sendSoftwareTrigger) } == 20073)
        try sim.library.set(.startAcquisition)
        try sim.library.set(.sendSoftwareTrigger)
        #expect(code { try sim.library.set(.sendSoftwareTrigger) } == 20013)
        sim.advance(seconds: 1)
        #expect(try sim.newImages() == [20002, 1, 1])
    }

    @Test("series end by themselves; a wait is ended by an image, its time or a cancellation")
    func seriesAndWaits() throws {
        let sim = try StandIn("speed=50")
        try sim.open()
        try sim.library.set(.setAcquisitionMode, 3)
        try sim.library.set(.setNumberKinetics, 5)
        #expect(sim.library.wait(handle: 100, milliseconds: 1) == .noNewData)
        try sim.library.set(.startAcquisition)
        var events = 0
        while try sim.library.int(.getStatus) == 20072 || sim.newImages()[2] < 5 {
            if sim.library.wait(handle: 100, milliseconds: 2000) == .success { events += 1 }
        }
        #expect(events >= 1 && events <= 5)
        #expect(try sim.library.int(.getTotalNumberImagesAcquired) == 5)
        let answer = Mutex<SDKStatus?>(nil)
        let waiter = Thread {
            let status = sim.library.wait(handle: 100, milliseconds: 600_000)
            answer.withLock { $0 = status }
        }
        waiter.start()
        while !waiter.isFinished {
            sim.library.cancelWait()
            usleep(1000)
        }
        #expect(answer.withLock { $0 } == .noNewData)
    }

    @Test("binning adds, sums of scans are exact in 32 bits and clipped in 16")
    func sums() throws {
        let sim = try StandIn("manual=1 pattern=ramp")
        try sim.open(ImageRegion(hbin: 2, vbin: 2, hstart: 1, hend: 4, vstart: 1, vend: 4))
        try sim.library.set(.startAcquisition)
        sim.advance(seconds: sim.cycle * 1.1)
        let image = try #require(try sim.library.images16(1...1, pixels: 4))
        let pixels = image.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
        let sums: [UInt16] = [12, 20, 20, 28]  // 2+3+3+4, 4+5+5+6, 4+5+5+6, 6+7+7+8
        #expect(pixels == sums)
        try sim.library.set(.abortAcquisition)
        try sim.library.set(.setAcquisitionMode, 2)
        try sim.library.set(.setNumberAccumulations, 10_000)
        try sim.library.set(.startAcquisition)
        sim.advance(seconds: sim.cycle * 1.1)
        let wide = try #require(try sim.library.images32(1...1, pixels: 4))
        #expect(wide.withUnsafeBytes { $0.bindMemory(to: Int32.self)[0] } == 120_000)
        let narrow = try #require(try sim.library.images16(1...1, pixels: 4))
        #expect(narrow.withUnsafeBytes { $0.bindMemory(to: UInt16.self)[0] } == 65535)
    }
}
