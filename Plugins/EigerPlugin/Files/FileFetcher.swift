// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports
import Glibc
import Synchronization

/// Brings one file after the other from the detector to its final place, and removes it there once that is safe.
final class FileFetcher: Sendable {
    let files: SeriesFiles
    private let client: SIMPLONClient
    private let acquisition: Acquisition
    private let options: FileOptions
    private let isNewFormat: Bool
    /// Whether partial files of an earlier process may be continued; not while the series could still change them.
    private let resumes: Bool
    private let folder: Mutex<String>
    private let monitor: FileMonitor
    private let logger: Logger

    /// Broken transfers in a row, without a byte in between, until a file is left for later.
    private static let attempts = 4

    init(
        _ files: SeriesFiles, folder: String, client: SIMPLONClient, acquisition: Acquisition, options: FileOptions,
        isNewFormat: Bool,
        resumes: Bool, monitor: FileMonitor, logger: Logger
    ) {
        self.files = files
        self.client = client
        self.acquisition = acquisition
        self.options = options
        self.isNewFormat = isNewFormat
        self.resumes = resumes
        self.folder = Mutex(folder)
        self.monitor = monitor
        self.logger = logger
    }

    /// A file that is here for good.
    struct Stored: Sendable {
        var size: Int64
        /// Why its content is in doubt, in spite of its being whole; `nil` when it is not.
        var problem: String?
    }

    /// Brings one file.
    /// - Parameters:
    ///   - isFinal: The series has ended: the file will not change any more.
    ///   - progressed: Called while bytes come.
    func fetch(_ name: String, isFinal: Bool, progressed: @escaping @Sendable () -> Void) async throws -> Stored {
        let folder = folder.withLock { $0 }
        let path = try SafePath.join(folder, name)
        guard let announced = try await client.size(of: name) else {
            throw DeviceError(.notFound, "\(client.device) lists \(name) but does not have it")
        }
        try FreeSpace.require(announced, at: folder)
        let tag = acquisition.id
        let resumes = resumes
        let file = try await BlockingCall.run("daqd-resume") { try DurableFile(path: path, tag: tag, resume: resumes) }
        let wasResumed = file.resumed > 0
        defer { file.close() }
        try await download(name, into: file, progressed)
        var finding = try await inspect(name, file)
        if wasResumed, case .damaged = finding {
            // The rest of a file that had changed in the meantime does not fit its beginning: all of it once more.
            try file.restart()
            try await download(name, into: file, progressed)
            finding = try await inspect(name, file)
        }
        try await refuseGrowing(name, file, finding, isFinal: isFinal)
        return try await store(name, file, finding)
    }

    private func inspect(_ name: String, _ file: DurableFile) async throws -> FileCheck.Finding {
        try await FileCheck.check(
            file.partialPath, holdsImages: files.imageRange(of: name) != nil, isNewFormat: isNewFormat)
    }

    /// Downloads, continuing after broken transfers.
    private func download(
        _ name: String, into file: DurableFile, _ progressed: @escaping @Sendable () -> Void
    ) async throws {
        let monitor = monitor
        let before = Mutex(file.size)
        let sink = DownloadSink(file) { count in
            let added = before.withLock { before in
                defer { before = count }
                return max(0, count - before)
            }
            monitor.received(added)
            progressed()
        }
        var failures = 0
        while true {
            let start = sink.count
            do {
                let download = try await client.download(name, into: sink)
                logger.debug("File fetched", ["file": .string(name), "bytes": .integer(download.size)])
                return
            } catch let error as DeviceError {
                failures = sink.count > start ? 1 : failures + 1
                let isHopeless = error.code == .notFound || error.code == .storage || error.code == .cancelled
                guard !isHopeless, failures < Self.attempts else { throw error }
                logger.info(
                    "A transfer broke and is continued",
                    ["file": .string(name), "at": .integer(sink.count), "error": .string(error.message)])
                try await Task.sleep(for: .milliseconds(100 << failures))
            }
        }
    }

    /// Refuses a file that has changed since, or that the detector has not finished; what came of it is thrown away.
    private func refuseGrowing(
        _ name: String, _ file: DurableFile, _ finding: FileCheck.Finding, isFinal: Bool
    ) async throws {
        let size = try await client.size(of: name)
        if size == file.size {
            guard !isFinal, let range = files.imageRange(of: name) else { return }
            if case .good(let images?) = finding, images >= Int64(range.count) { return }
            if finding == .opaque { return }
        }
        file.discard()
        throw DeviceError(.busy, "\(client.device) still changes \(name)")
    }

    /// Syncs, renames, records; then, and only then, removes the detector's copy.
    private func store(_ name: String, _ file: DurableFile, _ finding: FileCheck.Finding) async throws -> Stored {
        let commit = try await commit(name, file)
        options.setMode(of: commit.path)
        var artifact = Artifact(commit, role: files.role(of: name))
        switch finding {
        case .good(let images):
            artifact.verified = true
            if let images, let range = files.imageRange(of: name) {
                let end = range.lowerBound + min(images, Int64(range.count))
                acquisition.frames(indexes: range.lowerBound..<end)
            }
        case .opaque:
            artifact.verified = nil
            if files.imageRange(of: name) != nil { acquisition.cannotCount() }
        case .damaged:
            artifact.verified = false
        }
        try await acquisition.add(artifact)
        monitor.latest(name, files)
        if case .damaged(let reason) = finding {
            return Stored(size: commit.size, problem: "\(name) came whole, but \(reason); the detector keeps its copy")
        }
        await remove(name)
        return Stored(size: commit.size, problem: nil)
    }

    private func remove(_ name: String) async {
        guard options.removes.value else { return }
        do {
            try await client.delete(name)
        } catch {
            // The copy is safe; a file too many on the detector harms nobody.
            logger.warning(
                "A fetched file stays on the detector",
                ["file": .string(name), "error": .string(String(describing: error))])
        }
    }

    private func commit(_ name: String, _ file: DurableFile) async throws -> DurableFile.Commit {
        do {
            return try await file.commitInBackground(size: file.size)
        } catch let error as FileError where error.code == .nameTaken {
            let folder = try moveToOwnFolder()
            logger.warning(
                "A file of that name exists; the series goes into a folder of its own", ["folder": .string(folder)])
            return try await file.commitInBackground(as: try SafePath.join(folder, name), size: file.size)
        }
    }

    /// Continues in a folder of the series' own, where the files stored so far appear too, so that the set stays whole.
    private func moveToOwnFolder() throws -> String {
        try folder.withLock { folder in
            let suffix = "/" + acquisition.id
            if folder.hasSuffix(suffix) { return folder }
            let own = folder + suffix
            try SafePath.makeFolders(own)
            for artifact in acquisition.record.artifacts {
                _ = unsafe link(artifact.path, own + "/" + artifact.name)
            }
            folder = own
            return own
        }
    }
}
