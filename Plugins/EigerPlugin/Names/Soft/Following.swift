// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// Works something out anew whenever one of some parameters changes, for as long as it is kept.
///
/// The work is done on the thread of the change and must be quick. Changes that come meanwhile lead to one more round, so that
/// the last word is always that of the last change.
final class Following: Sendable {
    private let rounds = Mutex((isRunning: false, isWanted: false))
    private let subscription = Mutex<Subscription?>(nil)
    private let work: @Sendable () -> Void

    init(_ parameters: [AnyParameter] = [], _ work: @escaping @Sendable () -> Void) {
        self.work = work
        let subscription = Subscription(capacity: 16) { [weak self] in self?.heard() }
        self.subscription.withLock { $0 = subscription }
        for parameter in parameters { subscription.add(parameter) }
    }

    deinit { subscription.withLock { $0 }?.cancel() }

    private func heard() {
        subscription.withLock { $0 }?.drain { _ in }
        round()
    }

    /// Does the work now, or once more after the round that runs.
    func round() {
        let isMine = rounds.withLock { rounds in
            rounds.isWanted = true
            defer { rounds.isRunning = true }
            return !rounds.isRunning
        }
        guard isMine else { return }
        while takeRound() { work() }
    }

    private func takeRound() -> Bool {
        rounds.withLock { rounds in
            defer { rounds.isWanted = false }
            rounds.isRunning = rounds.isWanted
            return rounds.isWanted
        }
    }
}

extension Following {
    /// Keeps a flag on while one of some commands runs; in alarm after one that failed.
    static func flag(_ flag: Parameter<Bool>, of commands: [AnyCommand]) -> Following {
        Following(commands.map(\.busy)) {
            let samples = commands.map(\.busy.sample)
            let isBusy = samples.contains { $0.value == .bool(true) }
            let last = samples.max { $0.timestamp < $1.timestamp }
            let alarm = isBusy ? Alarm.none : last?.alarm ?? .none
            let present = flag.sample
            if present.value != .bool(isBusy) || present.alarm != alarm {
                flag.publish(isBusy, alarm: alarm, at: .now())
            }
        }
    }
}
