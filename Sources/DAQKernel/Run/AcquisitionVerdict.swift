// Part of daqd
// SPDX-License-Identifier: MIT

/// The end that an acquisition deserves, and one sentence why.
///
/// The rule: an acquisition that got fewer frames than it asked for is never done. Pure, so that a test needs nothing.
public struct AcquisitionVerdict: Sendable, Equatable {
    /// `done`, `aborted` or `failed`.
    public let state: AcquisitionState
    /// One sentence for the record.
    public let sentence: String

    /// Makes a verdict; an unended state becomes `failed`.
    init(_ state: AcquisitionState, _ sentence: String) {
        self.state = state.isFinal ? state : .failed
        self.sentence = sentence
    }

    /// Judges.
    /// - Parameters:
    ///   - frames: The final count, frames that never came included.
    ///   - stop: The stop, if one was asked for.
    ///   - failure: The device's or the daemon's sentence, if something went wrong.
    public init(frames: FrameCount, stop: AcquisitionStop?, failure: String?) {
        let got = frames.isCounted ? frames.text : "frames not counted"
        if let failure {
            self.init(.failed, "\(failure); \(got)")
            return
        }
        let missing = frames.missing ?? 0
        let complete = frames.isCounted && missing == 0
        if let stop {
            if frames.expected == nil {
                if missing > 0 {
                    self.init(.failed, "\(Self.missing(frames)); \(got), \(stop.text)")
                } else {
                    self.init(.done, "\(got), \(stop.text)")
                }
            } else if complete {
                self.init(.done, "\(got); \(stop.text) after the last frame")
            } else if frames.isCounted {
                self.init(.aborted, "\(stop.text) after \(got)")
            } else {
                self.init(.aborted, "\(stop.text); frames not counted")
            }
        } else if missing > 0 {
            self.init(.failed, "\(Self.missing(frames)); \(got)")
        } else if let expected = frames.expected, let received = frames.received, received > expected {
            self.init(.done, "\(got), \(received - expected) more than asked for")
        } else {
            self.init(.done, got)
        }
    }

    /// The event that leads there from `finishing`.
    var event: AcquisitionState.Event {
        switch state {
        case .done: .succeed
        case .aborted: .abort
        case .failed, .idle, .preparing, .armed, .acquiring, .finishing: .fail
        }
    }

    private static func missing(_ frames: FrameCount) -> String {
        let missing = frames.missing ?? 0
        let number = missing == 1 ? "1 frame is missing" : "\(missing) frames are missing"
        return frames.gapText.isEmpty ? number : "\(number) (\(frames.gapText))"
    }
}
