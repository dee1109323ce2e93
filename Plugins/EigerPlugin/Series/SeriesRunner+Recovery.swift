// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

extension SeriesRunner {
    /// What collects the files of a series.
    /// - Parameter resumes: Whether partial files of an earlier process are continued.
    func collector(for acquisition: Acquisition, _ notes: SeriesNotes, resumes: Bool) -> FileCollector? {
        guard let files = notes.files else { return nil }
        let format = lifecycle.keys.table.value(.filewriter("format"))?.string ?? ""
        let fetcher = FileFetcher(
            files, folder: notes.folder, client: client, acquisition: acquisition,
            removes: settings.removal == .verified,
            isNewFormat: format.contains("v20"), resumes: resumes, monitor: monitor.files, logger: context.logger)
        return FileCollector(files, fetcher: fetcher, client: client, logger: context.logger, monitor: monitor.files)
    }

    /// Ends an acquisition that an earlier process left: waits for the detector, collects what it holds, and judges.
    ///
    /// To be called once the detector answers; ends however that goes, except by a cancellation, which leaves it for the next start.
    func recover(_ acquisition: Acquisition) async {
        context.logger.notice("An interrupted series is taken up", ["acquisition": .string(acquisition.id)])
        defer { settled(acquisition) }
        do {
            let sentence = try await collectRest(of: acquisition)
            _ = try await acquisition.finish(failure: sentence.map { DeviceError(.failed, $0) })
        } catch is CancellationError {
            return
        } catch {
            context.logger.error(
                "An interrupted series could not be completed", ["error": .string(String(describing: error))])
            _ = try? await acquisition.finish(failure: error)
        }
    }

    /// What is wrong with it; `nil` when nothing is.
    private func collectRest(of acquisition: Acquisition) async throws -> String? {
        let ended = "daqd ended without warning while the acquisition was \(acquisition.record.state.rawValue)"
        guard var notes = acquisition.notes.flatMap(SeriesNotes.init) else { return ended }
        guard settings.retrieve == .filewriter else {
            acquisition.cannotCount()
            return ended
        }
        let wasCollecting = notes.phase == .collecting
        if !wasCollecting { try await settle(notes) }
        settled(acquisition)
        if notes.number == nil {
            let listed = try await client.files()
            guard let number = notes.number(from: listed) else { return "\(ended); the detector holds no file of it" }
            notes.number = number
        }
        notes.phase = .collecting
        try await acquisition.note(notes.json)
        return try await collect(acquisition, notes, resumes: wasCollecting)
    }

    /// Waits until the detector takes no more images for a series that nobody leads any more.
    private func settle(_ notes: SeriesNotes) async throws {
        while true {
            try Task.checkCancellation()
            switch try await lifecycle.keys.state() {
            case "acquire", "configure": break
            case "ready":
                guard notes.hasSoftwareTriggers || notes.phase == .arming else { break }
                // Its triggers would have come from the process that is gone.
                try await client.command("disarm", within: client.limits.stop)
            default:
                return try await lifecycle.waitForFiles(within: .seconds(600))
            }
            try await Task.sleep(for: settings.pollAcquiring)
        }
    }

    private func collect(_ acquisition: Acquisition, _ notes: SeriesNotes, resumes: Bool) async throws -> String? {
        guard let files = notes.files, let collector = collector(for: acquisition, notes, resumes: resumes) else {
            return nil
        }
        try SafePath.makeFolders(notes.folder)
        let isCounted = acquisition.record.state == .finishing
        try await acquisition.finishing()
        monitor.files.begin(expected: files.count, folder: notes.folder)
        let stored = acquisition.record.artifacts.filter { files.owns($0.name) && $0.verified != false }
        for artifact in stored where !isCounted {
            guard let range = files.imageRange(of: artifact.name) else { continue }
            if case .good(let images?) = try await FileCheck.check(artifact.path, holdsImages: true, isNewFormat: false)
            {
                acquisition.frames(indexes: range.lowerBound..<(range.lowerBound + min(images, Int64(range.count))))
            }
        }
        try await removeStored(stored)
        collector.knowStored(stored.map(\.name))
        collector.end(afterStop: acquisition.stop != nil)
        let outcome = await collector.run()
        try Task.checkCancellation()
        return outcome.sentence
    }

    /// Files that were in the run log when the daemon died, but not yet removed from the detector.
    private func removeStored(_ artifacts: [Artifact]) async throws {
        guard settings.removal == .verified, !artifacts.isEmpty else { return }
        let listed = Set(try await client.files())
        for artifact in artifacts where listed.contains(artifact.name) {
            guard try await client.size(of: artifact.name) == artifact.size else { continue }
            try await client.delete(artifact.name)
        }
    }
}
