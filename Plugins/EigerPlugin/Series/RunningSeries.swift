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
    private var writesFiles: Bool { runner.settings.retrieve == .filewriter }

    init(_ runner: SeriesRunner, _ acquisition: Acquisition, _ control: SeriesControl, _ progress: Progress) {
        self.runner = runner
        self.acquisition = acquisition
        self.control = control
        self.progress = progress
    }

    /// Takes the series.
    /// - Returns: What was wrong although everything was tried; `nil` when nothing was.
    /// - Throws: What ended it before it was armed.
    func take(_ wish: SeriesWish) async throws -> (any Error)? {
        report(0, "Preparing")
        try await runner.lifecycle.makeIdle()
        let plan = try await runner.configurator.configure(wish, progress: progress)
        try await acquisition.configure(keys.table.snapshot)
        try await keys.untilClean(within: .seconds(3))
        if control.isStopped { return nil }
        var notes = try await announce(wish, plan)
        try await arm(&notes)
        let collector = try makeCollector(notes)
        let collection = collector.map { collector in Task { await collector.run() } }
        var failure: (any Error)?
        do {
            try await acquisition.armed()
            try await acquisition.acquiring()
            try await Exposure(runner, control, plan, report: report).run()
        } catch {
            failure = error
        }
        do {
            try await end(plan, failed: failure != nil)
            notes.phase = .collecting
            try await acquisition.note(notes.json)
            try await acquisition.finishing()
        } catch {
            failure = failure ?? error
        }
        report(0.85, "Collecting files")
        collector?.end(afterStop: control.isStopped)
        let outcome = await collection?.value
        if let failure { return failure }
        return outcome?.sentence.map { DeviceError(.failed, $0) }
    }

    private func report(_ fraction: Double, _ message: String) {
        progress.report(fraction, message)
        runner.monitor.message.publish(message)
    }

    // MARK: - Before

    /// Checks that there is room, and writes down what a restart of the daemon would have to know.
    private func announce(_ wish: SeriesWish, _ plan: SeriesPlan) async throws -> SeriesNotes {
        var before: [String] = []
        if writesFiles {
            before = try await client.files()
            try makeRoom(plan)
        }
        let notes = SeriesNotes(
            phase: .arming, pattern: wish.filePrefix + "$id", images: plan.totalImages,
            imagesPerFile: wish.imagesPerFile,
            folder: runner.settings.folder, hasSoftwareTriggers: plan.hasSoftwareTriggers, before: before)
        try await acquisition.note(notes.json)
        return notes
    }

    private func makeRoom(_ plan: SeriesPlan) throws {
        let folder = runner.settings.folder
        try SafePath.makeFolders(folder)
        let table = keys.table
        let columns = table.value(.detector("x_pixels_in_detector"))?.double ?? 0
        let rows = table.value(.detector("y_pixels_in_detector"))?.double ?? 0
        let bytes = (table.value(.detector("bit_depth_image"))?.double ?? 32) / 8
        // Half of the plain size: what compression leaves of the worst pictures.
        let estimate = Double(plan.totalImages) * columns * rows * bytes / 2
        try FreeSpace.require(Int64(min(estimate, 1e18)), at: folder)
        let key = SIMPLONKey(.filewriter, .status, "buffer_free")
        guard let free = table.value(key)?.double else { return }
        // The first generation counts in kilobytes.
        let room = client.version.hasPrefix("1.6") ? free * 1000 : free
        if room < estimate {
            context.logger.warning(
                "The detector's memory may be too small for the series",
                ["free": .number(room), "estimate": .number(estimate)])
        }
    }

    private func arm(_ notes: inout SeriesNotes) async throws {
        report(0.1, "Arming")
        let reply: JSON
        do {
            reply = try await client.command("arm", within: client.limits.arm)
        } catch {
            // Never armed a second time blindly: if the first one worked after all, it is taken back.
            if let state = try? await keys.state(), state == "ready" { await abort() }
            throw error
        }
        notes.number = SIMPLONReplies.sequenceID(reply)
        notes.phase = .running
        do {
            try await accept(&notes)
        } catch {
            await abort()
            throw error
        }
        runner.monitor.seriesNumber.publish(notes.number ?? -1)
    }

    private func accept(_ notes: inout SeriesNotes) async throws {
        guard writesFiles else { return try await acquisition.note(notes.json) }
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

    private func makeCollector(_ notes: SeriesNotes) throws -> FileCollector? {
        guard writesFiles else { return nil }
        return runner.collector(for: acquisition, notes, resumes: true)
    }

    // MARK: - After

    /// Brings the detector back to idle and lets it close its files.
    private func end(_ plan: SeriesPlan, failed: Bool) async throws {
        if failed { await abort() }
        let state = try await keys.state()
        if state != "idle" {
            // A stopped series was cancelled or aborted already; a disarm before that hangs some firmware.
            _ = try? await client.command("disarm", within: client.limits.stop)
            try await runner.lifecycle.waitForIdle(within: client.limits.stop)
        }
        if writesFiles {
            let limit = Duration.seconds(60 + plan.seconds / 10)
            try await runner.lifecycle.waitForFiles(within: limit)
        }
    }

    private func abort() async {
        do {
            try await client.command("abort", within: client.limits.stop)
        } catch {
            context.logger.error("The abort failed", ["error": .string(String(describing: error))])
        }
    }
}
