// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// A site with one fake camera, as the frontend's directory shows it.
final class SiteFixture: Sendable {
    enum Mode: String, Choice { case closed, open, moving }

    let folder: URL
    let site: Site
    let node: DeviceNode
    let logs = Mutex<[String]>([])
    let events = Mutex<[DirectoryEvent]>([])
    let notes = Mutex<[PutNote]>([])
    let exposure = Parameter<Double>(
        "detector/exposure", "Time of one frame", unit: "s", limits: 0.001...3600, precision: 3, initial: 0.1)
    let temperature = Parameter<Double>("temperature", "Of the sensor", unit: "degree", access: .read, precision: 1)
    let mode = Parameter<Mode>("mode", "Where the blade is", initial: .closed)
    let enabled = Parameter<Bool>("enabled", "Whether it is on", initial: false)
    let title = Parameter<String>("title", "Of the series", initial: "first")
    let wave = Parameter<[Int16]>("wave", "Any numbers", initial: [1, 2, 3])
    let serial = Parameter<Int64>("serial", "Serial number", access: .read, initial: 5_000_000_000)
    let slow = Parameter<Int32>("slow", "Written by the device", limits: 0...100, initial: 1)
    let gate = AsyncStream.makeStream(of: Void.self)

    init(sets: [NameSet] = []) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("daqd-ca-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let quiet = Logger(component: "test", level: .error) { _ in }
        let log = try RunLog(path: folder.appendingPathComponent("runlog.sqlite").path)
        site = Site(name: "test", registry: Registry(), acquisitions: AcquisitionCoordinator(log: log, logger: quiet))
        node = site.makeNode(name: "cam1", type: "fake", summary: "A fake camera")
        for parameter in [exposure, temperature, mode, enabled, title, wave, serial, slow] as [AnyParameter] {
            try node.add(parameter)
        }
        slow.onWrite { [gate, weak slow] value, _ in
            for await _ in gate.stream { break }
            if value == 13 { throw DeviceError(.vendor, "cam1 does not like 13", vendorCode: 500) }
            slow?.publish(value)
        }
        try node.add(
            Command<Void>("acquire", "Takes a series") { [gate] _ in for await _ in gate.stream { break } })
        try node.add(
            Command<Void>("fail", "Fails", policy: CommandPolicy(.parallel)) { _ in
                throw DeviceError(.wrongState, "cam1 is not armed")
            })
        node.set(nameSets: sets)
        site.add(node)
        node.set(.connected)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Lets one write or command end.
    func release() { gate.continuation.yield() }

    var logger: Logger {
        Logger(component: "ca") { [weak self] record in self?.logs.withLock { $0.append(record.text) } }
    }

    /// The names of the site.
    func directory(_ plan: NamePlan = NamePlan(), rules: AccessRules = AccessRules(), file: String? = nil) throws
        -> PVDirectory
    {
        let directory = PVDirectory(
            site: site, plan: plan, access: try AccessControl(rules, file: file, logger: logger), logger: logger,
            log: { [weak self] note in self?.notes.withLock { $0.append(note) } })
        directory.observe { [weak self] event in self?.events.withLock { $0.append(event) } }
        directory.open()
        events.withLock { $0 = [] }
        return directory
    }

    static let origin = Origin(frontend: "ca", user: "alice", host: "pc")
}

extension PVDirectory {
    func variable(_ name: String) -> ProcessVariable? { variable(Array(name.utf8).span) }

    func contains(_ name: String) -> Bool { contains(Array(name.utf8).span) }
}

extension ProcessVariable {
    /// The payload of the present value.
    func payload(_ type: UInt16, count: Int = 0) -> [UInt8] {
        let buffer = WireBuffer()
        _ = encode(sample(), as: DBRType(rawValue: type), count: count, limit: 1 << 30, into: buffer)
        return WireBufferTests.bytes(of: buffer)
    }

    /// The present value as text.
    var text: String { String(decoding: payload(0, count: 1).prefix { $0 != 0 }, as: UTF8.self) }

    /// A write of a text, as caput does it.
    func putNow(_ text: String) -> PutResult? {
        putNow(DBRType(rawValue: 0), count: 1, payload: (Array(text.utf8) + [0]).span, origin: SiteFixture.origin)
    }

    /// A write that ends when the name's promise is kept.
    func put(_ text: String) async -> PutResult {
        await withCheckedContinuation { continuation in
            put(
                DBRType(rawValue: 0), count: 1, payload: (Array(text.utf8) + [0]).span, origin: SiteFixture.origin
            ) { continuation.resume(returning: $0) }
        }
    }
}
