// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

extension Exposure {
    /// Watches a series that electrical signals drive until the detector says that it is over, or somebody ends it.
    func watchSignals() async throws {
        var failures = 0
        var watch = SignalWatch(plan)
        var lastStatus = ContinuousClock.now
        var lastFiles = ContinuousClock.now
        while !control.isStopped {
            do {
                let state = try await look(&lastStatus)
                failures = 0
                if state == "idle" { return }
                try refuseDeadState(state)
                if await isOver(state, watch, &lastFiles) { return }
                if let objection = watch.saw(state) { throw DeviceError(.failed, "\(device) \(objection)") }
                if watch.hasBegun {
                    if runner.monitor.phase.value == .armed { runner.monitor.enter(.acquiring) }
                    publishRemaining(0)
                } else {
                    report(0.1, "Waiting for triggers")
                }
            } catch let error as DeviceError where error.code == .disconnected || error.code == .timeout {
                failures += 1
                guard failures < 60 else { throw error }
            }
            await pause(runner.settings.pollAcquiring)
        }
    }

    /// Whether all images are taken although the detector stays armed: with gates always, with the first generation in every mode.
    private func isOver(_ state: String, _ watch: SignalWatch, _ lastFiles: inout ContinuousClock.Instant) async -> Bool
    {
        if watch.hasAllTriggers { return true }
        guard plan.triggerMode == "extg" || state == "ready", let hasAllFiles,
            lastFiles.duration(to: .now) > .seconds(1)
        else { return false }
        lastFiles = .now
        // What the detector has written is the only other sign.
        return await hasAllFiles()
    }
}

/// Notices a detector that hangs in the middle of an exposure: no socket, no clock of its own.
struct SignalWatch: Sendable {
    private(set) var hasBegun = false
    private var state = ""
    private var since: ContinuousClock.Instant
    /// How long one exposure may last, in seconds; `nil` where the signal decides.
    private let limitSeconds: Double?
    /// How many exposures there are to see; `nil` where a state does not stand for a trigger.
    private let triggers: Int?
    private var exposures = 0

    init(_ plan: SeriesPlan, now: ContinuousClock.Instant = .now) {
        since = now
        limitSeconds = plan.triggerMode == "exts" ? plan.secondsPerTrigger + 30 : nil
        triggers = ["exts", "exte"].contains(plan.triggerMode) ? plan.ntrigger : nil
    }

    /// Whether every trigger's exposure was seen to end; one that was too short to be seen does not count.
    var hasAllTriggers: Bool { triggers.map { exposures >= $0 } ?? false }

    /// Takes in a state.
    /// - Returns: What is wrong, as the rest of a sentence that begins with the device; `nil` when nothing is.
    mutating func saw(_ newState: String, now: ContinuousClock.Instant = .now) -> String? {
        if newState != state {
            if state == "acquire", newState == "ready" { exposures += 1 }
            state = newState
            since = now
        }
        guard state == "acquire" else { return nil }
        hasBegun = true
        guard let limitSeconds, since.duration(to: now).seconds > limitSeconds else { return nil }
        return
            "has been acquiring for \(Int(limitSeconds)) s without a change of its state; its images should be long done"
    }
}
