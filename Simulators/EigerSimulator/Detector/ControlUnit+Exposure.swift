// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

extension ControlUnit {
    /// Starts the images of one software trigger; in `ints` the answer comes when they are taken.
    func trigger(_ exposureSeconds: Double?) async -> JSON {
        guard let serial = startExposure(exposureSeconds) else { return .object([]) }
        if series[serial]?.mode == .ints {
            await runExposure(serial)
        } else {
            Task { await runExposure(serial) }
        }
        return .object([])
    }

    /// An edge (`exts`) or a level of some length (`exte`) on the trigger input.
    ///
    /// - Returns: `false` when the detector did not wait for one, and so missed it.
    func electricalTrigger(widthSeconds: Double?) -> Bool {
        guard let mode = armedSeries?.mode, !mode.isSoftware, machine.electricalTrigger(),
            let serial = startExposure(mode == .exte ? widthSeconds : nil)
        else { return false }
        Task { await runExposure(serial) }
        return true
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
        if isCancelling || series[serial]?.hasAllTriggers == true {
            endSeries(aborted: false)
        } else {
            machine.happened(.triggerDone)
        }
        wakeAll()
    }

    /// Ends the running series with the images that are complete now.
    func endSeries(aborted: Bool) {
        guard let serial = armed else { return }
        series[serial]?.end(at: clock.now, aborted: aborted)
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
