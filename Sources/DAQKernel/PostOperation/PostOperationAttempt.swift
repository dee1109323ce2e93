// Part of daqd
// SPDX-License-Identifier: MIT

/// One attempt of one post-operation, with its time-out and its way to be called off.
final class PostOperationAttempt: Sendable {
    private enum Signal: Sendable {
        case ended(Result<PostOperationResult, any Error>)
        case timeOut
        case callOff(grace: Duration)
        case graceOver
    }

    /// How long an operation may take to end after it was cancelled at its time-out.
    static let grace = Duration.seconds(10)

    private let entry: PostOperationEntry
    private let clock: RunClock
    private let signals: AsyncStream<Signal>
    private let send: AsyncStream<Signal>.Continuation

    init(_ entry: PostOperationEntry, clock: RunClock) {
        self.entry = entry
        self.clock = clock
        (signals, send) = AsyncStream.makeStream()
    }

    /// Cancels the operation because daqd ends.
    func callOff(grace: Duration) { send.yield(.callOff(grace: grace)) }

    /// Runs the operation; returns within its time-out and grace whatever it does.
    func run(_ job: PostOperationJob, logger: Logger) async -> PostOperationOutcome {
        let limit = entry.rules.timeout
        let context = PostOperationContext(logger: logger, timeout: limit)
        let work = Task { [entry, send] in
            do {
                send.yield(.ended(.success(try await entry.operation.run(job, context))))
            } catch {
                send.yield(.ended(.failure(error)))
            }
        }
        let timer = timer(limit, .timeOut)
        var graceTimer: Task<Void, Never>?
        defer {
            timer.cancel()
            graceTimer?.cancel()
        }
        var isTimedOut = false
        var isCalledOff = false
        for await signal in signals {
            switch signal {
            case .timeOut:
                if isTimedOut || isCalledOff { break }
                isTimedOut = true
                work.cancel()
                graceTimer = self.timer(Self.grace, .graceOver)
            case .callOff(let grace):
                isCalledOff = true
                work.cancel()
                graceTimer?.cancel()
                graceTimer = self.timer(grace, .graceOver)
            case .graceOver: return isCalledOff ? .putBack : .ranAway(limit)
            case .ended(.success(let result)): return .succeeded(result)
            case .ended(.failure(let error)):
                let known = error as? PostOperationError
                if let known, known.kind == .dataWrong { return .failed(known) }
                if isCalledOff { return .putBack }
                if isTimedOut { return .timedOut(limit) }
                return .failed(known ?? PostOperationError(.temporary, String(describing: error)))
            }
        }
        return .putBack
    }

    private func timer(_ duration: Duration, _ signal: Signal) -> Task<Void, Never> {
        Task { [clock, send] in
            guard (try? await clock.sleep(duration)) != nil else { return }
            send.yield(signal)
        }
    }
}
