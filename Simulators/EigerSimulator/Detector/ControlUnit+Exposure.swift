// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

extension ControlUnit {
    /// Starts the images of one software trigger; in `ints` the answer comes when they are taken.
    func trigger(_ exposureSeconds: Double?) async -> JSON {
        guard let serial = startExposure(exposureSeconds) else { return triggerReply }
        if series[serial]?.mode == .ints {
            await runExposure(serial)
        } else {
            Task { await runExposure(serial) }
        }
        return triggerReply
    }

    /// The first generation answered a trigger with a number that says nothing.
    private var triggerReply: JSON { firmware == .v16 ? .object([("sequence id", -1)]) : .object([]) }

    /// An edge (`exts`, `eies`), a level of some length (`exte`) or a gate (`extg`) on the trigger input.
    ///
    /// - Returns: `false` when the detector did not wait for one, and so missed it.
    func electricalTrigger(widthSeconds: Double?) -> Bool {
        guard let serial = armed, let series = armedSeries, !series.mode.isSoftware, !series.hasAllTriggers else {
            return false
        }
        if series.mode == .eies { return edge(serial) }
        guard machine.electricalTrigger() else { return false }
        if series.mode == .extg {
            let width = widthSeconds.map { Duration.seconds($0) } ?? series.countTime
            self.series[serial]?.gate(at: clock.now, width: width)
            wakeAll()
        } else {
            _ = startExposure(series.mode == .exte ? widthSeconds : nil)
        }
        Task { await runExposure(serial) }
        return true
    }

    /// An edge between two images; the detector exposes from the first one on.
    private func edge(_ serial: Int) -> Bool {
        guard machine.electricalTrigger() || machine.state == .acquire else { return false }
        series[serial]?.edge()
        feedMonitor()
        if let series = series[serial], series.hasAllTriggers { finish(series) }
        wakeAll()
        return true
    }

    /// What happens after the last image: most modes disarm by themselves.
    private func finish(_ series: Series) {
        if series.mode.disarmsItself(firmware) {
            endSeries(aborted: false)
        } else {
            machine.happened(.triggerDone)
        }
    }

    private func startExposure(_ seconds: Double?) -> Int? {
        guard let serial = armed else { return nil }
        series[serial]?.trigger(at: clock.now, exposureTime: seconds.map { .seconds($0) })
        wakeAll()
        return serial
    }

    /// Waits for the end of the running exposure, which a cancel or abort may move, and goes on from there.
    private func runExposure(_ serial: Int) async {
        while let end = series[serial]?.exposure?.end, armed == serial, clock.now < end { await pause(until: end) }
        guard armed == serial, series[serial]?.exposure != nil else { return }
        series[serial]?.finishExposure()
        feedMonitor()
        if isCancelling {
            endSeries(aborted: false)
        } else if let series = series[serial], series.hasAllTriggers {
            finish(series)
        } else {
            machine.happened(.triggerDone)
        }
        wakeAll()
    }

    /// Ends the running series with the images that are complete now.
    func endSeries(aborted: Bool) {
        guard let serial = armed else { return }
        series[serial]?.end(at: clock.now, aborted: aborted)
        feedMonitor()
        if writing[serial] == nil { series[serial] = nil }
        armed = nil
        isCancelling = false
        machine.happened(.seriesEnded)
        wakeAll()
    }

    /// Ends the series as `abort`, `cancel` or `disarm` does, each with the time that it takes.
    func endSeries(by command: DetectorCommand) async -> JSON {
        let number = machine.seriesNumber
        if machine.state == .configure {
            epoch += 1
            machine.happened(.seriesEnded)
            wakeAll()
        } else if command == .abort || armedSeries?.exposure == nil {
            endSeries(aborted: command == .abort)
        } else if let serial = armed {
            isCancelling = true
            _ = series[serial]?.cancelExposure(at: clock.now)
            wakeAll()
            while armed == serial { await pause(until: nil) }
        }
        if command == .disarm {
            while !writing.isEmpty { await pause(until: nil) }
        }
        return .object([("sequence id", .integer(Int64(number)))])
    }
}
