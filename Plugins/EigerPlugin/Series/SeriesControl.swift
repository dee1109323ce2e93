// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// What the running series shares with the commands that end it.
final class SeriesControl: Sendable {
    private struct State {
        var stop: AcquisitionStop?
        /// What was sent to the detector already.
        var sent: StopDecision?
        var mustAbort = false
        var triggeredAt: ContinuousClock.Instant?
        var acquisition: Acquisition?
    }

    private let state = Mutex(State())

    /// Who wanted the series to end, if anybody.
    var stop: AcquisitionStop? { state.withLock { $0.stop } }
    var isStopped: Bool { stop != nil }

    /// Asks for the end; the first one counts.
    /// - Parameters:
    ///   - mustAbort: Nothing is waited for.
    ///   - sent: What the caller itself sends to the detector.
    func request(_ stop: AcquisitionStop, mustAbort: Bool = false, sent: StopDecision? = nil) {
        let acquisition = state.withLock { state in
            if state.stop == nil { state.stop = stop }
            state.mustAbort = state.mustAbort || mustAbort
            if let sent { state.sent = sent }
            return state.acquisition
        }
        if let acquisition { Task { try? await acquisition.requestStop(stop) } }
    }

    /// The series is in the run log; a stop of before is noted there.
    func attach(_ acquisition: Acquisition) async {
        let stop = state.withLock { state in
            state.acquisition = acquisition
            return state.stop
        }
        if let stop { try? await acquisition.requestStop(stop) }
    }

    func triggered() { state.withLock { $0.triggeredAt = .now } }

    /// What has to be sent to the detector now: `nil` when nobody stopped or it was sent already.
    func takeDecision(frameSeconds: Double, waitSeconds: Double) -> StopDecision? {
        state.withLock { state in
            guard state.stop != nil, state.sent == nil else { return nil }
            let elapsed = state.triggeredAt.map { $0.duration(to: .now).seconds }
            let decision =
                state.mustAbort
                ? .abort
                : StopDecision.decide(elapsedSeconds: elapsed, frameSeconds: frameSeconds, waitSeconds: waitSeconds)
            state.sent = decision
            return decision
        }
    }
}

extension Duration {
    /// As a number of seconds.
    var seconds: Double {
        let (whole, attoseconds) = components
        return Double(whole) + Double(attoseconds) * 1e-18
    }
}
