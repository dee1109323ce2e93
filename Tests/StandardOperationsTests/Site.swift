// Part of daqd
// SPDX-License-Identifier: MIT
@testable import DAQKernel
import DAQStorage
import Foundation
import HTTPTesting
import Synchronization
import Testing

@testable import StandardOperations

/// A folder with a series of real HDF5 files, the acquisition that made it, and operations configured from real YAML.
final class Site: Sendable {
    static let rows = 40
    static let columns = 60
    let folder: TemporaryDirectory
    let log = Mutex<[LogRecord]>([])

    init() throws { folder = try TemporaryDirectory() }

    /// The folder, and the path of a file in it.
    var root: String { folder.url.path }
    var rootName: String { folder.url.lastPathComponent }
    func path(_ name: String) -> String { folder.path(name) }

    /// What was logged, as text.
    var logged: String { log.withLock { "\($0)" } }

    var logger: Logger { Logger(component: "op") { record in self.log.withLock { $0.append(record) } } }

    // MARK: - Operations

    /// Makes an operation as the daemon does: the plugin registers, the configuration is decoded, the factory makes.
    func operation(_ yaml: String) throws -> any PostOperation {
        try #require(try check("post_operations:\n  op: \(yaml)\n")["op"])
    }

    /// Decodes the section `post_operations` of a text and makes every operation in it.
    @discardableResult
    func check(_ text: String) throws -> [String: any PostOperation] {
        let registry = Registry()
        let visit = registry.lend { StandardOperations.register($0) }
        #expect(visit == .own && registry.endPlugin().registered.count == 5 && registry.endPlugin().problems == [])
        let catalog = ComponentCatalog(
            registry.types(.postOperation).map { type, summary in
                ComponentType(
                    .postOperation, type, summary: summary,
                    settings: registry.settings(.postOperation, type) ?? [])
            } + [ComponentType(.device, "eiger", summary: "A device", settings: [])])
        let text = "site: {name: test, state: \(path("state")), data: \(root)}\n" + text
        let environment = Environment(["HOME": root, "LOGBOOK_TOKEN": "s3cret"])
        let document = try ConfigurationDocument.parse(
            Array(text.utf8), file: path("plugins.conf"), environment: environment)
        let configuration = try ConfigurationDraft(document, environment: environment).resolve(catalog)
        var made: [String: any PostOperation] = [:]
        for component in configuration.postOperations {
            let factory = try #require(registry.postOperation(component.type))
            made[component.name] = try factory.make(
                component.settings, PostOperationSetup(name: component.name, logger: logger, dataRoot: root))
        }
        return made
    }

    /// The sentence with which a configuration is refused.
    func refusal(_ yaml: String) -> String {
        do {
            _ = try operation(yaml)
            return "accepted"
        } catch { return "\(error)" }
    }

    func run(_ operation: any PostOperation, _ record: AcquisitionRecord, attempt: Int = 1) async throws
        -> PostOperationResult
    {
        try await operation.run(
            PostOperationJob(acquisition: record, name: "op", attempt: attempt),
            PostOperationContext(logger: logger, timeout: .seconds(60)))
    }

    /// The failure of an operation; a success fails the test.
    func failure(_ operation: any PostOperation, _ record: AcquisitionRecord) async -> PostOperationError {
        do {
            let result = try await run(operation, record)
            Issue.record("no failure but “\(result.note)”")
            return PostOperationError(.temporary, "no failure")
        } catch let error as PostOperationError {
            return error
        } catch { return PostOperationError(.temporary, "\(error)") }
    }

    // MARK: - Files

    /// Pixels of frame `index`: counts below 20, one bright spot per frame, one masked column.
    static func frame(_ index: Int) -> [UInt32] {
        (0..<rows * columns).map { (pixel: Int) -> UInt32 in
            if pixel % columns == 7 { return .max }
            if pixel == 1000 + index { return 9000 }
            return UInt32((pixel * 7 + index) % 20)
        }
    }

    /// Writes a master and data files of so many frames each, as a detector does, and describes them.
    func series(_ name: String, frames: [Int], linked: Int? = nil, filter: HDF5Filter = .bitshuffleLZ4) async throws
        -> [Artifact]
    {
        let base = path(name)
        let linked = linked ?? frames.count
        try await HDF5.run {
            let master = try HDF5File.create("\(base)_master.h5")
            let detector = try master.createGroup("entry/instrument/detector", nexusClass: "NXdetector")
            try detector.write("saturation_value", UInt32(10_000))
            let data = try master.createGroup("entry/data", nexusClass: "NXdata")
            for number in 1...max(1, linked) where linked > 0 {
                let file = "\(name)_data_\(String(format: "%06d", number)).h5"
                try data.link("data_\(String(format: "%06d", number))", toFile: file, path: "/entry/data/data")
            }
            try master.close()
        }
        var first = 0
        for (index, count) in frames.enumerated() {
            let (path, start) = ("\(base)_data_\(String(format: "%06d", index + 1)).h5", first)
            try await HDF5.run {
                let file = try HDF5File.create(path)
                let dataset = try file.createDataset(
                    "entry/data/data",
                    .frames(.uint32, count: count, rows: Site.rows, columns: Site.columns, filter: filter))
                for frame in 0..<count {
                    let pixels = Site.frame(start + frame)
                    let chunk =
                        filter == .none
                        ? pixels.withUnsafeBytes { Array($0) } : try BitshuffleLZ4.encode(pixels)
                    try dataset.writeChunk(at: [frame, 0, 0], chunk)
                }
                try dataset.setAttribute("image_nr_low", UInt64(start + 1))
                try file.close()
            }
            first += count
        }
        let names =
            ["\(name)_master.h5"]
            + (1...max(1, frames.count)).prefix(frames.count).map {
                "\(name)_data_\(String(format: "%06d", $0)).h5"
            }
        var artifacts: [Artifact] = []
        for (index, name) in names.enumerated() {
            artifacts.append(try await artifact(name, index == 0 ? .master : .data))
        }
        return artifacts
    }

    /// Describes a file of the folder as it is now.
    func artifact(_ name: String, _ role: Artifact.Role) async throws -> Artifact {
        let found = try await SHA256.hashFile(at: path(name))
        return Artifact(path: path(name), role: role, size: found.size, sha256: found.digest)
    }

    func record(
        _ artifacts: [Artifact], expected: Int64?, received: Int64?, state: AcquisitionState = .done,
        stop: AcquisitionStop? = nil, name: String = "run_1"
    ) -> AcquisitionRecord {
        AcquisitionRecord(
            id: "20261121-021530-123-k3f9", device: "eiger1", name: name, state: state,
            transitions: [
                .init(.preparing, at: Timestamp(nanoseconds: 1_795_227_330_123_000_000)), .init(state, at: .now()),
            ],
            frames: FrameCount(
                expected: expected, received: received, missing: expected.flatMap { e in received.map { e - $0 } }),
            firstIndex: 0, stop: stop, result: "10 of 10 frames", verdict: nil, origin: nil, configuration: nil,
            notes: nil, artifacts: artifacts)
    }

    func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

    func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }
}
