// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQStorage
internal import Glibc

/// Finds the frames in the HDF5 files of an acquisition.
///
/// Every file is looked at in a turn of its own on the HDF5 thread, so that simulators and writers go on between.
struct SeriesSurvey {
    private var series = FrameSeries()
    private var seen: Set<String> = []
    private var surveyed: Set<String> = []

    /// Looks at the given files and at those beside them that they link to.
    static func survey(_ files: [String]) async throws -> FrameSeries {
        var survey = SeriesSurvey()
        for file in files.sorted() {
            try Task.checkCancellation()
            try await survey.look(at: file)
        }
        survey.series.parts.sort {
            ($0.firstNumber ?? 0, $0.file, $0.dataset) < ($1.firstNumber ?? 0, $1.file, $1.dataset)
        }
        return survey.series
    }

    private mutating func look(at file: String) async throws {
        guard surveyed.insert(file).inserted else { return }
        let finding: Finding
        do {
            try await HDF5File.probe(file)
            finding = try await HDF5.run { try Finding(file) }
        } catch {
            try note(error, file)
            return
        }
        if series.master == nil, finding.describesDetector { series.master = file }
        for part in finding.parts { add(part) }
        for error in finding.errors { try note(error, file) }
        for link in finding.links { try await follow(link, from: file) }
    }

    /// Follows a link of a master to a file beside it; names that lead elsewhere are not followed.
    private mutating func follow(_ link: Finding.Link, from master: String) async throws {
        let folder = SafePath.parent(of: master)
        guard let file = try? SafePath.join(folder, link.file) else {
            series.damaged.append("\(master) links to \(link.file), which is not a file beside it")
            return
        }
        var status = stat()
        guard unsafe stat(file, &status) == 0 else {
            if !series.absent.contains(file) { series.absent.append(file) }
            return
        }
        guard !seen.contains(file + ":" + link.path) else { return }
        do {
            try await HDF5File.probe(file)
            let part = try await HDF5.run {
                try Finding.part(try HDF5File.open(file).dataset(link.path), file, link.path)
            }
            add(part)
        } catch {
            try note(error, file)
        }
    }

    private mutating func add(_ part: FrameSeries.Part) {
        let path = part.dataset.hasPrefix("/") ? part.dataset : "/" + part.dataset
        guard seen.insert(part.file + ":" + path).inserted else { return }
        series.parts.append(part)
    }

    /// Files that cannot be read are a finding; a cancelled task and a system in trouble are not.
    private mutating func note(_ error: any Error, _ file: String) throws {
        guard let error = error as? StorageError, error.code != .system else { throw error }
        if error.code == .newerFormat {
            if !series.newer.contains(file) { series.newer.append(file) }
        } else {
            series.damaged.append("\(error)")
        }
    }
}

/// What one file holds.
@HDF5
private struct Finding: Sendable {
    struct Link: Sendable {
        var file: String
        var path: String
    }

    var parts: [FrameSeries.Part] = []
    var links: [Link] = []
    var errors: [StorageError] = []
    var describesDetector = false

    /// The groups that detectors keep their frames in.
    private static let groups = ["/entry/data"]

    init(_ path: String) throws {
        let file = try HDF5File.open(path)
        describesDetector = file.has("/entry/instrument/detector")
        for name in Self.groups where file.has(name) {
            let group = try file.group(name)
            for link in try group.links() where link.name.hasPrefix("data") {
                switch link.target {
                case .external(let other, let dataset):
                    links.append(Link(file: other, path: dataset))
                    describesDetector = true
                case .object: look(at: link.name, in: group, "\(name)/\(link.name)", path)
                case .path: continue
                @unknown default: continue
                }
            }
        }
    }

    private mutating func look(at name: String, in group: HDF5Group, _ dataset: String, _ file: String) {
        do throws(StorageError) {
            let found = try group.dataset(name)
            // A virtual dataset repeats the frames of others.
            if try found.storage == .virtual { return }
            parts.append(try Self.part(found, file, dataset))
        } catch {
            errors.append(error)
        }
    }

    static func part(_ dataset: HDF5Dataset, _ file: String, _ path: String) throws(StorageError) -> FrameSeries.Part {
        FrameSeries.Part(
            file: file, dataset: path, frames: try dataset.writtenFrames, announced: try dataset.shape.first ?? 0,
            firstNumber: try dataset.attribute("image_nr_low", as: UInt64.self)?.first)
    }
}
