// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

extension Exposure {
    /// Watches a series that electrical signals drive until the detector says that it is over, or somebody ends it.
    func watchSignals() async throws {
        var failures = 0
        var watch = SignalWatch(plan)
        var lastStatus = ContinuousClock.now
        while !control.isStopped {
            do {
                let state = try await look(&lastStatus)
                failures = 0
                if state == "idle" { return }
                try refuseDeadState(state)
                // Gates never disarm the detector; what it has written tells that all images are taken.
                if plan.triggerMode == "extg", let hasAllFiles, await hasAllFiles() { return }
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
}

/// Notices a detector that hangs in the middle of an exposure: no socket, no clock of its own.
struct SignalWatch: Sendable {
    private(set) var hasBegun = false
    private var state = ""
    private var since: ContinuousClock.Instant
    /// How long one exposure may last, in seconds; `nil` where the signal decides.
    private let limitSeconds: Double?

    init(_ plan: SeriesPlan, now: ContinuousClock.Instant = .now) {
        since = now
        limitSeconds = plan.triggerMode == "exts" ? plan.secondsPerTrigger + 30 : nil
    }

    /// Takes in a state.
    /// - Returns: What is wrong, as the rest of a sentence that begins with the device; `nil` when nothing is.
    mutating func saw(_ newState: String, now: ContinuousClock.Instant = .now) -> String? {
        if newState != state {
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
