// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// The steps of one series, in order.
///
/// Nothing here is undone by a cancelled task: whoever wants the end asks for it through the series' control.
struct RunningSeries: Sendable {
    private let runner: SeriesRunner
    private let acquisition: Acquisition
    private let control: SeriesControl
    private let progress: Progress
    private var client: SIMPLONClient { runner.client }
    private var keys: KeyService { runner.lifecycle.keys }
    private var context: DeviceContext { runner.context }
    init(_ runner: SeriesRunner, _ acquisition: Acquisition, _ control: SeriesControl, _ progress: Progress) {
        self.runner = runner
        self.acquisition = acquisition
        self.control = control
        self.progress = progress
    }

    /// Takes the series.
    /// - Parameter expected: How many images the run log was told.
    /// - Returns: What was wrong although everything was tried; `nil` when nothing was.
    /// - Throws: What ended it before it was armed.
    func take(_ order: SeriesOrder, expecting expected: Int64) async throws -> (any Error)? {
        report(0, "Preparing")
        try await runner.lifecycle.makeIdle(mayInitialize: order.mayInitialize)
        if let wish = order.wish { try await runner.configurator.configure(wish, progress: progress) }
        let facts = try await checkedFacts(expecting: expected)
        try await acquisition.configure(keys.table.snapshot)
        try await keys.untilClean(within: .seconds(3))
        if control.isStopped { return nil }
        var notes = try await announce(facts)
        guard try await arm(&notes, facts) else { return nil }
        let collector = try makeCollector(notes, facts)
        let collection = collector.map { collector in Task { await collector.run() } }
        control.whenLeft { collection?.cancel() }
        var failure: (any Error)?
        do {
            try await expose(facts, collector)
        } catch {
            failure = error
        }
        control.endImages()
        do {
            try await end(facts, failed: failure != nil)
            notes.phase = .collecting
            try await acquisition.note(notes.json)
            try await acquisition.finishing()
        } catch {
            failure = failure ?? error
        }
        runner.monitor.enter(.collecting)
        report(0.85, "Collecting files")
        collector?.end(afterStop: control.isStopped)
        let outcome = await collection?.value
        if control.isLeft, outcome?.missingCount ?? 0 > 0 {
            context.logger.notice(
                "The rest of the series' files stays on the detector until daqd starts again",
                ["missing": .integer(Int64(outcome?.missingCount ?? 0))])
            try await acquisition.leaveForNextStart()
            control.leftAcquisition()
            return nil
        }
        if let failure { return failure }
        return outcome?.sentence.map { DeviceError(.failed, $0) }
    }

    private func expose(_ facts: SeriesFacts, _ collector: FileCollector?) async throws {
        try await acquisition.armed()
        runner.monitor.enter(.armed)
        if control.isManual, facts.plan.hasSoftwareTriggers { control.acceptTriggers(facts.plan.ntrigger) }
        control.armed.resolve(.success(runner.monitor.seriesNumber.value))
        try await acquisition.acquiring()
        let hasAllFiles: (@Sendable () async -> Bool)? = collector.map { collector in
            { @Sendable in await collector.hasSettledData() }
        }
        try await Exposure(runner, control, facts.plan, hasAllFiles: hasAllFiles, report: report).run()
    }

    /// What the detector itself says that it will do; a series that is not what the run log expects is not armed.
    private func checkedFacts(expecting expected: Int64) async throws -> SeriesFacts {
        let facts = try await SeriesFacts.read(keys, device: context.name)
        guard facts.plan.totalImages == expected else {
            throw DeviceError(
                .vendor,
                "\(context.name) is set to \(facts.plan.totalImages) images (\(facts.plan.nimages) × \(facts.plan.ntrigger) triggers, mode "
                    + "\(facts.plan.triggerMode)) where \(expected) were asked for; it was not armed")
        }
        if runner.options.fetches.value, !facts.writesFiles {
            context.logger.warning("The detector's filewriter is off; the series leaves no files")
        }
        return facts
    }

    private func report(_ fraction: Double, _ message: String) {
        progress.report(fraction, message)
        runner.monitor.message.publish(message)
    }

    // MARK: - Before

    /// Checks that there is room, and writes down what a restart of the daemon would have to know.
    private func announce(_ facts: SeriesFacts) async throws -> SeriesNotes {
        var before: [String] = []
        if writesFiles(facts) {
            if facts.namePattern.contains("/") {
                throw DeviceError(
                    .badArguments,
                    "\(context.name) has the name pattern \(facts.namePattern); patterns with a folder cannot be fetched"
                )
            }
            before = try await client.files()
            try await makeRoom(facts)
        }
        let notes = SeriesNotes(
            phase: .arming, pattern: facts.namePattern, images: facts.plan.totalImages,
            imagesPerFile: facts.imagesPerFile, folder: runner.options.directory.value,
            hasSoftwareTriggers: facts.plan.hasSoftwareTriggers, before: before)
        try await acquisition.note(notes.json)
        return notes
    }

    private func writesFiles(_ facts: SeriesFacts) -> Bool {
        runner.options.fetches.value && facts.writesFiles
    }

    /// Refuses a series for which there is no room, here or on the detector.
    private func makeRoom(_ facts: SeriesFacts) async throws {
        let folder = runner.options.directory.value
        try SafePath.makeFolders(folder)
        let need = DetectorMemory.estimate(facts.plan.totalImages, keys.table)
        do throws(FileError) {
            try FreeSpace.require(need, at: folder)
        } catch {
            runner.health.diskIsFull("no room for the series' files: \(error.message); make room", needed: need)
            throw error
        }
        runner.health.clear(.diskFull)
        if keys.table.has(DetectorMemory.key) { _ = try? await keys.refresh(DetectorMemory.key) }
        guard let free = DetectorMemory.free(keys.table) else { return }
        let image = DetectorMemory.estimate(1, keys.table)
        guard free >= image else {
            let text = "the detector's memory for files is full (\(free) bytes free); fetch and delete files there"
            runner.health.raise(.bufferFull, text)
            throw DeviceError(.storage, "\(context.name) is not armed: \(text)")
        }
        if free < need {
            context.logger.warning(
                "The detector's memory may be too small for the series",
                ["free": .integer(free), "estimate": .integer(need)])
        }
    }

    /// - Returns: Whether it is armed; `false` when a stop came first.
    private func arm(_ notes: inout SeriesNotes, _ facts: SeriesFacts) async throws -> Bool {
        report(0.1, "Arming")
        let reply: JSON
        do {
            reply = try await client.command("arm", within: client.limits.arm)
        } catch {
            // Never armed a second time blindly: if the first one worked after all, it is taken back.
            let state = try? await keys.state()
            if state == "ready" { await abort() }
            // An abort that reaches the detector in the meantime makes it refuse the arm.
            if control.isStopped, state == "idle", (error as? DeviceError)?.code == .vendor { return false }
            throw error
        }
        notes.number = SIMPLONReplies.sequenceID(reply)
        notes.phase = .running
        runner.monitor.seriesNumber.publish(notes.number ?? -1)
        do {
            try await accept(&notes, facts)
        } catch {
            await abort()
            throw error
        }
        return true
    }

    private func accept(_ notes: inout SeriesNotes, _ facts: SeriesFacts) async throws {
        guard writesFiles(facts) else { return try await acquisition.note(notes.json) }
        guard let files = notes.files else {
            throw DeviceError(.vendor, "\(context.name) was armed but did not say the number of the series")
        }
        if let taken = notes.before.first(where: files.owns) {
            throw DeviceError(
                .wrongState,
                "\(context.name) still holds \(taken) of an earlier series, which this one would overwrite; fetch and delete it, or "
                    + "choose another file prefix")
        }
        notes.folder = try Self.folder(for: files, in: notes.folder, acquisition.id)
        try await acquisition.note(notes.json)
        runner.monitor.files.begin(expected: files.count, folder: notes.folder)
    }

    /// The folder for the whole set: one of its own where any of its names exists already.
    private static func folder(for files: SeriesFiles, in folder: String, _ id: String) throws -> String {
        let names = [files.master] + (1...max(1, min(files.dataFileCount, 1000))).map(files.dataFile)
        let isTaken = names.contains { unsafe access(folder + "/" + $0, F_OK) == 0 }
        guard isTaken else { return folder }
        let own = folder + "/" + id
        try SafePath.makeFolders(own)
        return own
    }

    private func makeCollector(_ notes: SeriesNotes, _ facts: SeriesFacts) throws -> FileCollector? {
        guard writesFiles(facts) else { return nil }
        return runner.collector(for: acquisition, notes, resumes: true)
    }

    // MARK: - After

    /// Brings the detector back to idle and lets it close its files.
    private func end(_ facts: SeriesFacts, failed: Bool) async throws {
        if failed { await abort() }
        let state = try await runner.lifecycle.restingState(within: .seconds(2))
        if state != "idle", !(await isDisarmedByClient()) {
            // A stopped series was cancelled or aborted already; a disarm before that hangs some firmware.
            _ = try? await client.command("disarm", within: client.limits.stop)
            try await runner.lifecycle.waitForIdle(within: client.limits.stop)
        }
        if writesFiles(facts) {
            try await runner.lifecycle.waitForFiles(within: .seconds(60 + facts.plan.seconds / 10))
        }
    }

    /// Whether a client's own disarm, which may still be on its way, brings the detector to idle.
    private func isDisarmedByClient() async -> Bool {
        guard control.sent == .disarm else { return false }
        return (try? await runner.lifecycle.waitForIdle(within: client.limits.stop)) != nil
    }

    private func abort() async {
        do {
            try await client.command("abort", within: client.limits.stop)
        } catch {
            context.logger.error("The abort failed", ["error": .string(String(describing: error))])
        }
    }
}
