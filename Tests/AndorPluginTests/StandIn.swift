// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import AndorPlugin
@testable import DAQKernel

/// A copy of the stand-in's library, so that each test has cameras of its own, and what only tests may ask of it.
final class StandIn: @unchecked Sendable {  // sound: immutable; the library guards itself
    let path: String
    let library: SDKLibrary
    private let handle: UnsafeMutableRawPointer

    init(_ words: String = "") throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("andor-\(UUID().uuidString).so").path
        try FileManager.default.copyItem(atPath: Self.built, toPath: path)
        library = try SDKLibrary(path: path)
        handle = try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL))
        try library.configureSimulation(words)
    }

    deinit { unlink(path) }

    /// `libandor_sim.so` beside the test bundle, or beside what runs it.
    static var built: String {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
            .standardizedFileURL
        let folders =
            Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent().path }
            + [URL(fileURLWithPath: executable).deletingLastPathComponent().path, root.path + "/.build/debug"]
        let candidates = folders.map { $0 + "/libandor_sim.so" }
        return candidates.first { FileManager.default.fileExists(atPath: $0) } ?? "libandor_sim.so"
    }

    private func symbol<Prototype>(_ name: String, _: Prototype.Type) -> Prototype {
        guard let address = dlsym(handle, name) else { fatalError("the stand-in has no \(name)") }
        return unsafeBitCast(address, to: Prototype.self)
    }

    func advance(seconds: Double) {
        symbol("AndorSim_Advance", (@convention(c) (Int64) -> Void).self)(Int64((seconds * 1e9).rounded()))
    }
    func trigger(_ handle: Int32 = 100, edge: Int32 = 1) {
        symbol("AndorSim_Trigger", (@convention(c) (Int32, Int32) -> Void).self)(handle, edge)
    }
    func fail(_ function: String, _ status: UInt32, _ count: Int32 = 1) {
        symbol("AndorSim_Fail", (@convention(c) (UnsafePointer<CChar>, UInt32, Int32) -> Void).self)(
            function, status, count)
    }
    func hang(_ function: String, milliseconds: Int32) {
        symbol("AndorSim_Hang", (@convention(c) (UnsafePointer<CChar>, Int32) -> Void).self)(function, milliseconds)
    }
    func unplug(_ handle: Int32 = 100, _ unplugged: Bool = true) {
        symbol("AndorSim_Unplug", (@convention(c) (Int32, Int32) -> Void).self)(handle, unplugged ? 1 : 0)
    }
    func drop(_ count: Int32, of handle: Int32 = 100) {
        symbol("AndorSim_DropFrames", (@convention(c) (Int32, Int32) -> Void).self)(handle, count)
    }
    func counter(_ name: String, of handle: Int32 = 100) -> Int {
        Int(symbol("AndorSim_Counter", (@convention(c) (Int32, UnsafePointer<CChar>) -> Int64).self)(handle, name))
    }
    func trace(_ path: String?) {
        let trace = symbol("AndorSim_Trace", (@convention(c) (UnsafePointer<CChar>?) -> Void).self)
        if let path { trace(path) } else { trace(nil) }
    }

    /// The first camera, initialised, taking images of that region till it is stopped.
    func open(_ region: ImageRegion = ImageRegion(hend: 4, vend: 3), exposure: Double = 0.01) throws {
        try library.set(.setCurrentCamera, 100)
        try library.initialize("")
        try library.set(.setReadMode, 4)
        try library.set(.setAcquisitionMode, 5)
        try library.set(.setTriggerMode, 0)
        try library.set(.setExposureTime, seconds: exposure)
        try library.set(.setImage, region.hbin, region.vbin, region.hstart, region.hend, region.vstart, region.vend)
    }

    /// Raw `GetNumberNewImages`: status, first, last.
    func newImages() throws -> [Int] {
        typealias Call = @convention(c) (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> UInt32
        var (first, last): (Int32, Int32) = (-1, -1)
        let status = try library.function(.getNumberNewImages, as: Call.self)(&first, &last)
        return [Int(status), Int(first), Int(last)]
    }

    /// Seconds from image to image.
    var cycle: Double { (try? library.timings().kinetic) ?? 0 }
}
