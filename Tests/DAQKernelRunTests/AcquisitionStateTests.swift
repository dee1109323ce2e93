// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel

@Suite("Acquisition states")
struct AcquisitionStateTests {
    /// Every legal step; all others must be refused.
    static let legal: [String: AcquisitionState] = [
        "idle prepare": .preparing, "preparing arm": .armed, "armed start": .acquiring,
        "preparing finish": .finishing, "armed finish": .finishing, "acquiring finish": .finishing,
        "finishing succeed": .done, "finishing abort": .aborted, "finishing fail": .failed, "done refute": .failed,
    ]

    @Test("every state × every event", arguments: AcquisitionState.allCases, AcquisitionState.Event.allCases)
    func step(state: AcquisitionState, event: AcquisitionState.Event) {
        #expect(state.after(event) == Self.legal["\(state.rawValue) \(event.rawValue)"])
    }

    @Test(
        "a final state is never active, and nothing but a refutation leaves one", arguments: AcquisitionState.allCases)
    func finals(state: AcquisitionState) {
        #expect(!(state.isFinal && state.isActive))
        guard state.isFinal else { return }
        for event in AcquisitionState.Event.allCases {
            if let next = state.after(event) { #expect(next == .failed && event == .refute) }
        }
    }
}

@Suite("Acquisition verdicts")
struct AcquisitionVerdictTests {
    static let counts: [FrameCount] = [Int64?.none, 0, 1, 10].flatMap { expected in
        [Int64?.none, 0, 1, 9, 10, 12].flatMap { received in
            [Int64(0), 1, 3].map { gaps in
                let missing = received.map { max(gaps, (expected ?? 0) - $0) }
                return FrameCount(expected: expected, received: received, missing: missing)
            }
        }
    }

    @Test("never done with a frame missing, never aborted without a stop, always a sentence", arguments: counts)
    func rule(frames: FrameCount) {
        for stop in [AcquisitionStop?.none, AcquisitionStop(.user), AcquisitionStop(.shutdown)] {
            for failure in [String?.none, "the detector burnt"] {
                let verdict = AcquisitionVerdict(frames: frames, stop: stop, failure: failure)
                #expect(verdict.state.isFinal)
                #expect(!verdict.sentence.isEmpty)
                if (frames.missing ?? 0) > 0 { #expect(verdict.state != .done) }
                if failure != nil { #expect(verdict.state == .failed) }
                if verdict.state == .aborted { #expect(stop != nil && frames.expected != nil) }
                if !frames.isCounted { #expect(verdict.sentence.contains("not counted")) }
            }
        }
    }

    func verdict(
        _ expected: Int64?, _ received: Int64?, _ missing: Int64? = nil, stop: AcquisitionStop? = nil,
        failure: String? = nil
    ) -> AcquisitionVerdict {
        let lost = received.map { max(missing ?? 0, (expected ?? 0) - $0) }
        return AcquisitionVerdict(
            frames: FrameCount(expected: expected, received: received, missing: lost), stop: stop, failure: failure)
    }

    @Test("the sentences")
    func sentences() {
        let stop = AcquisitionStop(.user, origin: Origin(frontend: "rest", user: "alice", host: "10.0.0.7"))
        let cases: [(AcquisitionVerdict, AcquisitionState, String)] = [
            (verdict(10, 10), .done, "10 of 10 frames"),
            (verdict(1, 1), .done, "1 of 1 frame"),
            (verdict(10, 12), .done, "12 of 10 frames, 2 more than asked for"),
            (verdict(10, 8), .failed, "2 frames are missing; 8 of 10 frames"),
            (verdict(10, nil), .done, "frames not counted"),
            (verdict(nil, 7), .done, "7 frames"),
            (verdict(nil, 7, stop: stop), .done, "7 frames, stopped by rest alice@10.0.0.7"),
            (verdict(nil, 7, 1, stop: stop), .failed, "1 frame is missing; 7 frames, stopped by rest alice@10.0.0.7"),
            (verdict(10, 5, stop: stop), .aborted, "stopped by rest alice@10.0.0.7 after 5 of 10 frames"),
            (
                verdict(10, 10, stop: stop), .done,
                "10 of 10 frames; stopped by rest alice@10.0.0.7 after the last frame"
            ),
            (verdict(10, nil, stop: stop), .aborted, "stopped by rest alice@10.0.0.7; frames not counted"),
            (verdict(10, 5, failure: "no answer"), .failed, "no answer; 5 of 10 frames"),
            (verdict(10, nil, failure: "no answer"), .failed, "no answer; frames not counted"),
        ]
        for (verdict, state, sentence) in cases {
            #expect(verdict.state == state, "\(sentence)")
            #expect(verdict.sentence == sentence)
        }
    }
}
