// Part of daqd
// SPDX-License-Identifier: MIT

/// How one attempt ended.
enum PostOperationOutcome: Sendable {
    case succeeded(PostOperationResult)
    case failed(PostOperationError)
    /// It was cancelled at its time-out and ended.
    case timedOut(Duration)
    /// It was cancelled at its time-out and did not end: a second attempt could meet the first.
    case ranAway(Duration)
    /// daqd ended during the attempt, in order.
    case putBack
    /// daqd ended during the attempt, without warning.
    case crashed
}

/// What becomes of a post-operation after an attempt; pure, without clock and queue.
struct PostOperationDecision: Equatable {
    /// Pauses never grow beyond this.
    static let longestPause = Duration.seconds(600)

    var state: PostOperationState
    /// The attempts that count from now on.
    var attempts: Int
    /// Until the next attempt.
    var pause: Duration?
    var error: String?

    /// - Parameter attempts: Attempts begun, this one included.
    init(after outcome: PostOperationOutcome, attempts: Int, rules: PostOperationRules) {
        switch outcome {
        case .succeeded: self.init(state: .succeeded, attempts: attempts)
        case .putBack: self.init(state: .waiting, attempts: max(0, attempts - 1))
        case .failed(let error):
            self.init(error.message, again: error.kind == .temporary, attempts, rules)
        case .timedOut(let limit):
            self.init("no end within \(limit.secondsText) s", again: true, attempts, rules)
        case .ranAway(let limit):
            let text = "no end within \(limit.secondsText) s, nor after it was cancelled"
            self.init("\(text); it may still be running and is not repeated", again: false, attempts, rules)
        case .crashed:
            self.init("daqd ended without warning during attempt \(attempts)", again: true, attempts, rules)
        }
    }

    private init(state: PostOperationState, attempts: Int, pause: Duration? = nil, error: String? = nil) {
        self.state = state
        self.attempts = attempts
        self.pause = pause
        self.error = error
    }

    private init(_ error: String, again: Bool, _ attempts: Int, _ rules: PostOperationRules) {
        if again, attempts <= rules.retries {
            self.init(state: .retrying, attempts: attempts, pause: Self.pause(before: attempts, rules), error: error)
        } else {
            self.init(state: .failed, attempts: attempts, error: error)
        }
    }

    /// The configured pause, doubled with each failure.
    static func pause(before retry: Int, _ rules: PostOperationRules) -> Duration {
        var pause = rules.backoff
        for _ in 1..<max(1, min(retry, 32)) where pause < longestPause { pause *= 2 }
        return min(pause, longestPause)
    }
}

extension Duration {
    /// For messages: seconds with up to three decimals.
    fileprivate var secondsText: String {
        let (seconds, attoseconds) = components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        return milliseconds == 0 ? String(seconds) : String(Double(seconds) + Double(milliseconds) / 1000)
    }
}
