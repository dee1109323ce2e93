// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// What a client reads of a command's name: on from the write until the command has ended and its dwell time passed.
///
/// Clients such as ophyd write 1 and then wait to read 1 back; a command that ends at once must still be seen. It follows its
/// command from the first time that somebody reads, watches or writes the name: most names of commands are only called.
final class CommandFace: Sendable {
    /// On or off, once ``begin()`` was called.
    let parameter: Parameter<Bool>
    private let dwell: Duration
    private let command: AnyCommand
    private let state = Mutex(State())
    private let subscription = Mutex<Subscription?>(nil)
    private let isFollowing = Atomic<Bool>(false)
    private let isClosed = Atomic<Bool>(false)

    private struct State {
        var isBusy = false
        var until = ContinuousClock.now
        var isWaiting = false
    }

    init(_ command: AnyCommand, dwellSeconds: Double) {
        self.command = command
        dwell = .seconds(max(0, dwellSeconds))
        parameter = Parameter(command.name, command.description, initial: false)
    }

    /// Follows the command, if it does not yet.
    func begin() {
        guard !isFollowing.load(ordering: .acquiring), !isFollowing.exchange(true, ordering: .acquiringAndReleasing)
        else { return }
        let subscription = Subscription { [weak self] in self?.follow() }
        self.subscription.withLock { $0 = subscription }
        subscription.add(command.busy)
        if isClosed.load(ordering: .sequentiallyConsistent) { subscription.cancel() }
    }

    /// Whether it shows that command, not one of the same path that went.
    func belongs(to other: AnyCommand) -> Bool { command === other }

    /// Reads back as on for the dwell time, also when the command refused: its client waits to see it.
    func touched() {
        begin()
        state.withLock { $0.until = .now + dwell }
        show()
    }

    /// Ends the subscription.
    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        subscription.withLock { $0 }?.cancel()
    }

    private func follow() {
        let isBusy = state.withLock { state in
            subscription.withLock { $0 }?.drain { update in state.isBusy = update.sample.value == .bool(true) }
            if state.isBusy { state.until = max(state.until, .now + dwell) }
            return state.isBusy
        }
        if isBusy || dwell == .zero { parameter.publish(isBusy, alarm: command.busy.sample.alarm, at: .now()) }
        if !isBusy { show() }
    }

    /// Publishes how it stands, and again when the dwell time is over.
    private func show() {
        let (isOn, wait): (Bool, Duration?) = state.withLock { state in
            let left = state.until - ContinuousClock.now
            let isOn = state.isBusy || left > .zero
            guard isOn, !state.isBusy, !state.isWaiting else { return (isOn, nil) }
            state.isWaiting = true
            return (isOn, left)
        }
        if parameter.value != isOn { parameter.publish(isOn, alarm: command.busy.sample.alarm, at: .now()) }
        guard let wait else { return }
        Task { [weak self] in
            try? await Task.sleep(for: wait)
            self?.state.withLock { $0.isWaiting = false }
            self?.show()
        }
    }
}
