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
            options: options, isNewFormat: format.contains("v20"), resumes: resumes, monitor: monitor.files,
            logger: context.logger)
        return FileCollector(
            files, fetcher: fetcher, client: client, logger: context.logger, monitor: monitor.files, health: health)
    }

    /// What is left to do for an interrupted acquisition once the detector is free.
    private enum Rest: Sendable {
        /// Files may be there.
        case collect(SeriesNotes, resumes: Bool)
        /// Nothing more can come; one sentence why.
        case nothing(String)
        case failure(any Error)
    }

    /// Ends the acquisitions that an earlier process left: waits for the detector, collects what it holds, and judges.
    ///
    /// The detector is freed of all of them first, so that no file of one is awaited while another one still blocks the filewriter.
    /// To be called once the detector answers; ends however that goes, except by a cancellation, which leaves them for the next start.
    func recover(_ acquisitions: [Acquisition]) async {
        var rests: [(Acquisition, Rest)] = []
        for acquisition in acquisitions {
            context.logger.notice("An interrupted series is taken up", ["acquisition": .string(acquisition.id)])
            do {
                rests.append((acquisition, try await free(acquisition)))
            } catch is CancellationError {
                return
            } catch {
                rests.append((acquisition, .failure(error)))
            }
        }
        // From here on new series may begin: nothing of the following touches more than files.
        for acquisition in acquisitions { settled(acquisition) }
        for (acquisition, rest) in rests where !Task.isCancelled { await conclude(acquisition, rest) }
    }

    /// Makes sure that the detector takes no more images for an acquisition, and finds its number.
    private func free(_ acquisition: Acquisition) async throws -> Rest {
        let ended = "daqd ended without warning while the acquisition was \(acquisition.record.state.rawValue)"
        guard var notes = acquisition.notes.flatMap(SeriesNotes.init) else { return .nothing(ended) }
        guard settings.retrieve == .filewriter else {
            acquisition.cannotCount()
            return .nothing(ended)
        }
        if notes.phase == .collecting { return .collect(notes, resumes: true) }
        try await settle(notes)
        if notes.number == nil {
            let listed = try await client.files()
            guard let number = notes.number(from: listed) else {
                return .nothing("\(ended); the detector holds no file of it")
            }
            notes.number = number
        }
        notes.phase = .collecting
        try await acquisition.note(notes.json)
        // What was fetched while the series ran is fetched again: the file may have grown since.
        return .collect(notes, resumes: false)
    }

    private func conclude(_ acquisition: Acquisition, _ rest: Rest) async {
        do {
            var failure: (any Error)?
            switch rest {
            case .collect(let notes, let resumes):
                let sentence = try await collect(acquisition, notes, resumes: resumes)
                failure = sentence.map { DeviceError(.failed, $0) }
            case .nothing(let sentence): failure = DeviceError(.failed, sentence)
            case .failure(let error): failure = error
            }
            _ = try await acquisition.finish(failure: failure)
        } catch is CancellationError {
            return
        } catch {
            context.logger.error(
                "An interrupted series could not be completed", ["error": .string(String(describing: error))])
            _ = try? await acquisition.finish(failure: error)
        }
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
        guard options.removes.value, !artifacts.isEmpty else { return }
        let listed = Set(try await client.files())
        for artifact in artifacts where listed.contains(artifact.name) {
            guard try await client.size(of: artifact.name) == artifact.size else { continue }
            try await client.delete(artifact.name)
        }
    }
}
