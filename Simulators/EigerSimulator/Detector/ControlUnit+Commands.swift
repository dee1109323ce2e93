// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

extension ControlUnit {
    /// Carries out a command and answers when the detector would: after the action.
    func command(_ subsystem: Subsystem, _ name: String, argument: JSON?) async throws -> JSON {
        switch (subsystem, name) {
        case (.detector, _):
            guard let command = DetectorCommand(rawValue: name) else { throw Refusal.missing("command \(name)") }
            return try await detector(command, argument: argument)
        case (.filewriter, "clear"):
            store.removeAll(fate: "cleared")
            fileWriterErrors = []
        case (.filewriter, "initialize"):
            store.removeAll(fate: "cleared")
            fileWriterErrors = []
            fileWriter.reset()
        case (.monitor, "initialize"):
            monitor.reset()
            monitorBuffer = MonitorBuffer()
        case (.monitor, "clear"): monitorBuffer.clear()
        case (.stream, "initialize"): stream.reset()
        case (.system, "restart"): await restart()
        case (.system, "reboot"): powerOff(seconds: options.rebootSeconds)
        case (.system, "shutdown"): powerOff(seconds: 0)
        case (.system, "create_log_tarball"), (.system, "delete_logs"): break
        default: throw Refusal.missing("command \(name)")
        }
        return .object([])
    }

    private func detector(_ command: DetectorCommand, argument: JSON?) async throws -> JSON {
        let exposure = try exposureTime(argument, for: command)
        if command == .trigger, let series = armedSeries, series.mode.isSoftware, series.hasAllTriggers,
            machine.state == .ready
        {
            throw Refusal.forbidden("command trigger: the series has had all its \(series.triggers) triggers")
        }
        switch machine.accept(command, mode: armedSeries?.mode ?? triggerMode) {
        case .refuse(let refusal): throw refusal
        case .ignore: return try await idleReply(command)
        case .endSeries: return await endSeries(by: command)
        case .start: break
        }
        switch command {
        case .initialize: return try await initialize()
        case .arm: return try await arm()
        case .trigger: return await trigger(exposure)
        case .hvReset:
            await wait(seconds: argument?["value"]?.double ?? 30)
            return .object([])
        case .disarm, .cancel, .abort, .checkConnections, .statusUpdate: return .object([])
        }
    }

    /// The series that is armed now.
    var armedSeries: Series? { armed.flatMap { series[$0] } }

    /// The reply of a command that had nothing to do.
    private func idleReply(_ command: DetectorCommand) async throws -> JSON {
        switch command {
        case .disarm:
            while !writing.isEmpty { await pause(until: nil) }
            return sequenceID
        case .cancel, .abort: return sequenceID
        case .checkConnections: return .array([])
        case .statusUpdate:
            statusTime = clock.now
            return .object([])
        case .initialize, .arm, .trigger, .hvReset: return .object([])
        }
    }

    private var sequenceID: JSON { .object([("sequence id", .integer(Int64(machine.seriesNumber)))]) }

    private func exposureTime(_ argument: JSON?, for command: DetectorCommand) throws(Refusal) -> Double? {
        guard let value = argument?["value"], command == .trigger, triggerMode.takesOneImagePerTrigger else {
            return nil
        }
        guard let seconds = value.double, DetectorKeys.countTimes.contains(seconds) else {
            let limits = DetectorKeys.countTimes
            throw .badValue(
                "command trigger: the count time must be between \(limits.lowerBound) and \(limits.upperBound) s")
        }
        return seconds
    }

    // MARK: - Initialize and restart

    private func initialize() async throws -> JSON {
        epoch += 1
        let mine = epoch
        endSeries(aborted: true)
        wakeAll()
        _ = await framePattern()
        await wait(seconds: options.initializeSeconds)
        guard epoch == mine else { throw Refusal(status: 500, text: "initialize was interrupted") }
        configuration.reset()
        configuration.setExcludedPixels(await framePattern().excludedPixels)
        customArrays = customArrays.filter { $0.key.hasSuffix("pixel_mask") }
        hasAnsweredEnergy = false
        statusTime = nil
        machine.happened(.initialized)
        wakeAll()
        return .object([])
    }

    /// The service starts anew, which takes its time.
    private func restart() async {
        loseEverything()
        await wait(seconds: options.restartSeconds)
    }

    /// What a restart of the service does at once: everything in memory is lost.
    func loseEverything() {
        epoch += 1
        serviceEpoch += 1
        endSeries(aborted: true)
        writing = [:]
        series = [:]
        machine.happened(.restarted)
        store.removeAll(fate: "lost")
        for subsystem in Subsystem.allCases { reset(subsystem) }
        fileWriterErrors = []
        monitorBuffer = MonitorBuffer()
        monitorFeed = nil
        wakeAll()
    }

    private func reset(_ subsystem: Subsystem) {
        switch subsystem {
        case .detector: configuration.reset()
        case .filewriter: fileWriter.reset()
        case .monitor: monitor.reset()
        case .stream: stream.reset()
        case .system: break
        }
    }

    // MARK: - Arm

    private func arm() async throws -> JSON {
        let mine = epoch
        wakeAll()
        if let problem = problemOfSeries() {
            machine.happened(.seriesEnded)
            throw Refusal(status: 500, text: "arm failed: \(problem)")
        }
        let ring: FrameRing
        let mask: [UInt32]
        do {
            ring = try await self.ring(imageFormat)
            mask = await self.mask()
        } catch {
            machine.happened(.failed)
            throw Refusal(status: 500, text: "arm failed: \(error)")
        }
        await wait(seconds: options.armSeconds)
        guard epoch == mine, machine.state == .configure else {
            throw Refusal(status: 500, text: "arm was interrupted")
        }
        machine.happened(.armed)
        configuration.setCollectionDate(DateText.seconds())
        let (serial, uniqueID) = nextSeries()
        let made = configuredSeries(number: machine.seriesNumber, uniqueID: uniqueID)
        series[serial] = made
        armed = serial
        isCancelling = false
        let metadata = metadata(of: made, ring, mask: mask)
        startWriter(serial, made, ring, metadata)
        startMonitor(serial, made, ring, metadata)
        wakeAll()
        return sequenceID
    }

    /// Why the configured series cannot be armed, if so.
    private func problemOfSeries() -> String? {
        let made = configuredSeries(number: 0, uniqueID: "")
        if made.plannedTime > Series.longest { return "the series would take longer than one week" }
        guard made.mode == .extg, configuration.store.text("extg_mode") == "double" else { return nil }
        if made.triggers != 1 { return "extg_mode double needs ntrigger 1" }
        return made.imagesPerTrigger % 2 == 0 ? nil : "extg_mode double needs an even number of images"
    }

    /// What the files and images of a series say about it.
    private func metadata(of made: Series, _ ring: FrameRing, mask: [UInt32]) -> SeriesMetadata {
        SeriesMetadata(
            keys: configuration.store, uniqueID: made.uniqueID, seriesNumber: made.number,
            triggerMode: made.mode.rawValue, mask: mask, rows: model.rows, columns: model.columns,
            format: ring.format, firstImage: fileWriter.count("image_nr_start"),
            layout: FileLayout(rawValue: fileWriter.text("format")) ?? .legacy)
    }

    /// The series that the present configuration describes.
    private func configuredSeries(number: Int, uniqueID: String) -> Series {
        let keys = configuration.store
        return Series(
            number: number, uniqueID: uniqueID, mode: triggerMode, imagesPerTrigger: keys.count("nimages"),
            triggers: keys.count("ntrigger"), countTime: .seconds(keys.number("count_time")),
            frameTime: .seconds(keys.number("frame_time")), startDelay: .seconds(keys.number("trigger_start_delay")),
            gatesPerImage: keys.count("nexpi"))
    }

    /// What images of the present configuration look like on disk.
    private var imageFormat: FrameFormat {
        let keys = configuration.store
        let compresses = fileWriter.isOn("compression_enabled")
        return FrameFormat(
            bits: keys.count("bit_depth_image"),
            codec: compresses ? PixelCodec(rawValue: keys.text("compression")) ?? .bslz4 : .none,
            masksToZero: keys.isOn("mask_to_zero") || !keys.isOn("pixel_mask_applied"))
    }
}
