// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The answers to one question, asked at even intervals.
public struct LinePolling: AsyncSequence, Sendable {
    /// One answer.
    public typealias Element = String

    let transport: LineTransport
    let question: String
    let period: Duration

    /// Starts asking.
    public func makeAsyncIterator() -> Iterator { Iterator(polling: self) }

    /// Asks when it is time.
    public struct Iterator: AsyncIteratorProtocol {
        let polling: LinePolling
        private var due: ContinuousClock.Instant?

        init(polling: LinePolling) { self.polling = polling }

        /// Waits until the question is due, asks it and returns the answer.
        /// - Throws: What ``LineTransport/ask(_:timeout:priority:)`` throws.
        public mutating func next() async throws -> String? {
            let clock = ContinuousClock()
            if let due {
                try await clock.sleep(until: due)
                // A slow answer moves the next question, instead of asking several at once.
                self.due = Swift.max(due + polling.period, clock.now)
            } else {
                due = clock.now + polling.period
            }
            return try await polling.transport.ask(polling.question, priority: .status)
        }
    }
}
