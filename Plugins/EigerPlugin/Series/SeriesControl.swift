// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// What a running series shares with the commands that trigger and end it.
final class SeriesControl: Sendable {
    /// A trigger that somebody gave by hand.
    struct ManualTrigger: Sendable {
        /// Counted from 0.
        var number: Int
        /// Exposure of one image in mode `inte`; `nil`: the detector's own count time.
        var exposureSeconds: Double?
        /// Resolved when the detector has taken the trigger's images.
        var done: OneShot<Void>
    }

    private struct State {
        var stop: AcquisitionStop?
        /// What was sent to the detector already.
        var sent: StopDecision?
        var mustAbort = false
        var triggeredAt: ContinuousClock.Instant?
        var isExposing = false
        var acquisition: Acquisition?
        /// Triggers that may be given by hand; `nil` while none may.
        var manualTriggers: Int?
        var given = 0
        var waiting: [ManualTrigger] = []
        var isOver = false
        var isLeft = false
        var isAcquisitionLeft = false
        var onLeave: (@Sendable () -> Void)?
    }

    /// Whether triggers come by the command `trigger` rather than by themselves.
    let isManual: Bool
    /// Rings when something changes that the running series waits for.
    let wake = Wake()
    /// The series' number, once it is armed.
    let armed = OneShot<Int64>()
    /// The end of everything, files included.
    let ended = OneShot<Void>()
    private let state = Mutex(State())

    init(isManual: Bool = false) { self.isManual = isManual }

    // MARK: - The end

    /// Who wanted the series to end, if anybody.
    var stop: AcquisitionStop? { state.withLock { $0.stop } }
    var isStopped: Bool { stop != nil }
    /// What ends it at the detector, once that is sent.
    var sent: StopDecision? { state.withLock { $0.sent } }

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
        wake.ring()
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

    /// Images of a trigger are being taken.
    func triggered() {
        state.withLock { state in
            state.triggeredAt = .now
            state.isExposing = true
        }
    }

    /// They are taken; the next trigger is awaited.
    func rested() { state.withLock { $0.isExposing = false } }

    /// What has to be sent to the detector now: `nil` when nobody stopped or it was sent already.
    /// - Parameter mayExpose: Whether images may be taken although no trigger came from here.
    func takeDecision(frameSeconds: Double, waitSeconds: Double, mayExpose: Bool) -> StopDecision? {
        state.withLock { state in
            guard state.stop != nil, state.sent == nil else { return nil }
            let decision: StopDecision
            if state.mustAbort {
                decision = .abort
            } else if !state.isExposing && !mayExpose {
                decision = .cancel
            } else {
                let elapsed = state.triggeredAt.map { $0.duration(to: .now).seconds }
                decision = .decide(elapsedSeconds: elapsed, frameSeconds: frameSeconds, waitSeconds: waitSeconds)
            }
            state.sent = decision
            return decision
        }
    }

    /// No more images come: from here on only files are awaited.
    var imagesAreOver: Bool { state.withLock { $0.isOver } }

    func endImages() {
        let waiting = state.withLock { state in
            state.isOver = true
            state.manualTriggers = nil
            defer { state.waiting = [] }
            return state.waiting
        }
        for trigger in waiting {
            trigger.done.resolve(.failure(DeviceError(.wrongState, "the series ended before this trigger was given")))
        }
    }

    /// Whether what is not here yet is left to the next start of the daemon.
    var isLeft: Bool { state.withLock { $0.isLeft } }

    /// The acquisition is not ended by this process.
    func leftAcquisition() { state.withLock { $0.isAcquisitionLeft = true } }
    var isAcquisitionLeft: Bool { state.withLock { $0.isAcquisitionLeft } }

    /// Leaves the rest of the files to the next start of the daemon.
    func leave() {
        let handler = state.withLock { state in
            state.isLeft = true
            return state.onLeave
        }
        handler?()
    }

    /// What ends the collection of files; called at once if that was asked for already.
    func whenLeft(_ handler: @escaping @Sendable () -> Void) {
        let isLeft = state.withLock { state in
            state.onLeave = handler
            return state.isLeft
        }
        if isLeft { handler() }
    }

    // MARK: - Triggers by hand

    /// From now on so many triggers may be given.
    func acceptTriggers(_ count: Int) { state.withLock { $0.manualTriggers = count } }

    /// Triggers that were given so far, those that still wait among them.
    var givenTriggers: Int { state.withLock { $0.given } }

    /// Queues a trigger.
    /// - Throws: ``DeviceError/Code/wrongState`` when the series takes none, or has all.
    func give(exposureSeconds: Double?, device: String) throws(DeviceError) -> ManualTrigger {
        let outcome = state.withLock { state -> Result<ManualTrigger, DeviceError> in
            guard let expected = state.manualTriggers else {
                return .failure(
                    DeviceError(.wrongState, "\(device) takes no trigger now: its series is not waiting for one"))
            }
            guard state.given < expected else {
                return .failure(
                    DeviceError(.wrongState, "\(device) refused a trigger: all \(expected) of the series were given"))
            }
            let trigger = ManualTrigger(number: state.given, exposureSeconds: exposureSeconds, done: OneShot())
            state.given += 1
            state.waiting.append(trigger)
            return .success(trigger)
        }
        wake.ring()
        return try outcome.get()
    }

    /// The next trigger that was given; `nil` when none waits.
    func nextTrigger() -> ManualTrigger? {
        state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    }
}

extension Duration {
    /// As a number of seconds.
    var seconds: Double {
        let (whole, attoseconds) = components
        return Double(whole) + Double(attoseconds) * 1e-18
    }
}
