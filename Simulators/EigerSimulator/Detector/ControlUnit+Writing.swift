// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel
internal import DAQStorage

/// What the file writer needs to know of one series.
struct WritingJob: Sendable {
    let serial: Int
    let plan: FilePlan
    let ring: FrameRing
    let metadata: SeriesMetadata
    /// In which life of the service it began.
    let serviceEpoch: Int
}

/// How far the writing of one series is.
struct WritingProgress: Sendable {
    let ring: FrameRing
    /// Images that are in published files.
    var imagesFiled = 0
}

extension ControlUnit {
    /// Begins to write the files of a series, if the file writer is on; its work goes on beside the detector's.
    func startWriter(_ serial: Int, _ made: Series, _ ring: FrameRing, _ metadata: SeriesMetadata) {
        guard fileWriter.text("mode") == "enabled" else { return }
        let plan = FilePlan(
            pattern: fileWriter.text("name_pattern"), series: made.number,
            imagesPerFile: fileWriter.count("nimages_per_file"), firstImage: metadata.firstImage,
            plannedImages: made.plannedImages)
        let job = WritingJob(serial: serial, plan: plan, ring: ring, metadata: metadata, serviceEpoch: serviceEpoch)
        let previous = lastWriter
        writing[serial] = WritingProgress(ring: ring)
        fileWriterErrors = []
        lastWriter = Task {
            await previous?.value
            await write(job)
            series[serial] = nil
            writing[serial] = nil
            wakeAll()
        }
    }

    /// Whether the service was restarted since the series was armed.
    private func isStale(_ job: WritingJob) -> Bool { serviceEpoch != job.serviceEpoch }

    private func write(_ job: WritingJob) async {
        let early = MasterFile(metadata: job.metadata, links: [], images: 0)
        await publish(job.plan.masterName, job, images: 0, size: early.expectedSize, isComplete: false) {
            try await early.make(job.plan.masterName)
        }
        var index = 0
        while index < job.plan.dataFiles {
            let needed = job.plan.imagesNeeded(forFile: index)
            let taken = await imagesTaken(job.serial, atLeast: needed)
            let range = job.plan.images(ofFile: index, taken: taken)
            if range.isEmpty || isStale(job) { break }
            let name = job.plan.dataName(index)
            let size = DataFile.expectedSize(range, job.ring)
            await publish(name, job, images: range.count, size: size, isComplete: true) {
                try await DataFile.make(name, images: range, of: job.metadata, from: job.ring)
            }
            writing[job.serial]?.imagesFiled = range.upperBound
            index += 1
        }
        await finishMaster(job, dataFiles: index)
    }

    /// Completes the master once the series is over.
    private func finishMaster(_ job: WritingJob, dataFiles: Int) async {
        let taken = await imagesTaken(job.serial, atLeast: .max)
        let wasAborted = series[job.serial]?.wasAborted ?? true
        let linked = wasAborted ? job.plan.dataFiles : dataFiles
        let holdsImages = job.plan.imagesPerFile == 0 && taken > 0
        let held = holdsImages ? 0..<taken : nil
        let size =
            MasterFile.expectedSize(job.metadata, links: linked, images: taken)
            + (held.map { DataFile.expectedSize($0, job.ring) } ?? 0)
        await publish(job.plan.masterName, job, images: held?.count ?? 0, size: size, isComplete: true) {
            let links = (0..<linked).map(job.plan.localDataName)
            let counts = (0..<linked).map { job.plan.images(ofFile: $0, taken: taken).count }
            return try await MasterFile(metadata: job.metadata, links: links, images: taken, linkedImages: counts)
                .make(job.plan.masterName, images: held, from: holdsImages ? job.ring : nil)
        }
    }

    /// Waits until that many images are complete or the series is over; returns how many there are.
    private func imagesTaken(_ serial: Int, atLeast needed: Int) async -> Int {
        while let now = series[serial], now.finalImages == nil, now.images(at: clock.now) < needed {
            await pause(until: now.time(ofImages: needed))
        }
        return series[serial]?.images(at: clock.now) ?? 0
    }

    /// Makes one file and puts it into the memory, unless a fault or the lack of memory forbids it.
    private func publish(
        _ name: String, _ job: WritingJob, images: Int, size: Int, isComplete: Bool,
        _ make: () async throws -> [UInt8]
    ) async {
        guard !isStale(job) else { return }
        // Twice: an estimate must not refuse what fits; it only keeps a hopeless file from being made at all.
        guard size / 2 <= store.limit else {
            fileWriterErrors.append("buffer full: \(name) was not written")
            return
        }
        do {
            var bytes = try await make()
            for fault in isComplete ? faults.take(.file, path: name) : [] {
                switch fault.kind.name {
                case "file_missing":
                    store.forget(name)
                    return
                case "file_truncated": bytes = Array(bytes.prefix(fault.count("bytes")))
                case "file_growing":
                    if let half = MemoryFile(Array(bytes.prefix(bytes.count / 2))), !isStale(job) {
                        _ = store.put(name, half, record: nil)
                        wakeAll()
                    }
                    await wait(seconds: fault.number("seconds"))
                default: await wait(seconds: fault.number("seconds"))
                }
            }
            let record = isComplete ? await Self.record(name, bytes, job, images: images) : nil
            guard !isStale(job) else { return }
            guard let content = MemoryFile(bytes), store.put(name, content, record: record) else {
                fileWriterErrors.append("buffer full: \(name) was not written")
                return
            }
        } catch {
            fileWriterErrors.append("\(name) was not written: \(error)")
        }
        wakeAll()
    }

    @concurrent
    private static func record(_ name: String, _ bytes: [UInt8], _ job: WritingJob, images: Int) async -> FileRecord {
        FileRecord(
            name: name, size: bytes.count, sha256: SHA256.hash(bytes).hex, series: job.metadata.uniqueID,
            seriesNumber: job.metadata.seriesNumber, images: images, written: DateText.milliseconds())
    }

    /// What the file writer says of itself.
    var fileWriterState: String {
        if !fileWriterErrors.isEmpty { return "error" }
        if !writing.isEmpty { return "acquire" }
        return fileWriter.text("mode") == "enabled" ? "ready" : "disabled"
    }

    /// Bytes that are free once the images taken so far are in files, about.
    var freeBytes: Int {
        let now = clock.now
        let pending = writing.reduce(0) { sum, entry in
            let taken = series[entry.key]?.images(at: now) ?? 0
            return sum + entry.value.ring.size(ofImages: max(0, taken - entry.value.imagesFiled))
        }
        return max(0, store.free - pending)
    }
}
