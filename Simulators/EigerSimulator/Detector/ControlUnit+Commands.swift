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
        case (.monitor, "initialize"): monitor.reset()
        case (.monitor, "clear"): break
        case (.stream, "initialize"): stream.reset()
        case (.system, "restart"): await restart()
        default: throw Refusal.missing("command \(name)")
        }
        return .object([])
    }

    private func detector(_ command: DetectorCommand, argument: JSON?) async throws -> JSON {
        let exposure = try exposureTime(argument, for: command)
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
        case .initialize, .arm, .trigger, .hvReset, .statusUpdate: return .object([])
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
        machine.happened(.initialized)
        wakeAll()
        return .object([])
    }

    /// The service starts anew: everything in memory is lost.
    private func restart() async {
        epoch += 1
        serviceEpoch += 1
        endSeries(aborted: true)
        writing = [:]
        series = [:]
        machine.happened(.restarted)
        store.removeAll(fate: "lost")
        for subsystem in Subsystem.allCases { reset(subsystem) }
        fileWriterErrors = []
        wakeAll()
        await wait(seconds: options.restartSeconds)
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
        guard configuredSeries(number: 0, uniqueID: "").plannedTime <= Series.longest else {
            machine.happened(.seriesEnded)
            throw Refusal(status: 500, text: "arm failed: the series would take longer than one week")
        }
        let ring: FrameRing
        let mask: [UInt32]
        do {
            ring = try await self.ring(imageFormat)
            mask = await framePattern().mask
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
        startWriter(serial, made, ring, mask: mask)
        wakeAll()
        return sequenceID
    }

    /// The series that the present configuration describes.
    private func configuredSeries(number: Int, uniqueID: String) -> Series {
        let keys = configuration.store
        return Series(
            number: number, uniqueID: uniqueID, mode: triggerMode, imagesPerTrigger: keys.count("nimages"),
            triggers: keys.count("ntrigger"), countTime: .seconds(keys.number("count_time")),
            frameTime: .seconds(keys.number("frame_time")), startDelay: .seconds(keys.number("trigger_start_delay")))
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
