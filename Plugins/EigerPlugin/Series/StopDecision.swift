// Part of daqd
// SPDX-License-Identifier: MIT

/// How a running series is ended early.
enum StopDecision: String, Sendable, Equatable {
    /// The present image is finished, then the files are closed.
    case cancel
    /// At once; what is in the pipeline is dropped.
    case abort
    /// A series that waits for its next trigger is closed.
    case disarm

    /// Cancel when the present image ends soon, else abort.
    /// - Parameters:
    ///   - elapsedSeconds: Since the last trigger; `nil` when it is not known, then the whole frame counts as remaining.
    ///   - waitSeconds: How long an image may still take to be worth waiting for.
    static func decide(elapsedSeconds: Double?, frameSeconds: Double, waitSeconds: Double) -> StopDecision {
        guard frameSeconds.isFinite, frameSeconds > 0 else { return .cancel }
        guard let elapsed = elapsedSeconds, elapsed.isFinite, elapsed >= 0 else {
            return frameSeconds < waitSeconds ? .cancel : .abort
        }
        let remaining = frameSeconds - elapsed.truncatingRemainder(dividingBy: frameSeconds)
        return remaining < waitSeconds ? .cancel : .abort
    }
}
