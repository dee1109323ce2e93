// Part of daqd
// SPDX-License-Identifier: MIT

/// What `detector/status/state` may say.
enum DetectorState: String, Sendable, CaseIterable {
    case na, initialize, idle, configure, ready, acquire, error
}

/// What `detector/command/…` takes.
enum DetectorCommand: String, Sendable, CaseIterable {
    case initialize, arm, trigger, disarm, cancel, abort
    case checkConnections = "check_connections"
    case hvReset = "hv_reset"
    case statusUpdate = "status_update"

    /// Whether the first generation has it.
    var isEarly: Bool { self != .checkConnections && self != .hvReset }
}

/// Which command is allowed in which state, and where it leads; no clock, no lock, no socket.
struct DetectorMachine: Sendable {
    /// Where the detector stands.
    private(set) var state = DetectorState.na
    /// The number of the series armed last; 0 after initialize.
    private(set) var seriesNumber = 0

    /// What a command leads to.
    enum Answer: Equatable, Sendable {
        /// The caller starts the work; the state has already changed.
        case start
        /// Nothing to do; the command succeeds.
        case ignore
        /// The caller ends the running series and then reports ``DetectorMachine/Event/seriesEnded``.
        case endSeries
        /// The state forbids it.
        case refuse(Refusal)
    }

    /// What happens to the detector by itself.
    enum Event: Sendable, CaseIterable {
        case initialized, armed, triggerDone, seriesEnded, failed, restarted
    }

    /// Judges a command in the present state and, if it starts work, enters the state of that work.
    mutating func accept(_ command: DetectorCommand, mode: TriggerMode) -> Answer {
        let answer = Self.answer(to: command, in: state, mode: mode)
        guard answer == .start else { return answer }
        switch command {
        case .initialize: state = .initialize
        case .arm: state = .configure
        case .trigger: state = .acquire
        case .disarm, .cancel, .abort, .checkConnections, .hvReset, .statusUpdate: break
        }
        return answer
    }

    /// The table of commands against states.
    static func answer(to command: DetectorCommand, in state: DetectorState, mode: TriggerMode) -> Answer {
        switch (command, state) {
        case (.initialize, .initialize): .refuse(.forbidden("initialize is already running"))
        case (.initialize, .configure): .refuse(.forbidden("initialize is not allowed while arming"))
        case (.initialize, .na), (.initialize, .idle), (.initialize, .ready), (.initialize, .acquire),
            (.initialize, .error):
            .start

        case (.abort, .na), (.abort, .initialize), (.abort, .idle), (.abort, .error): .ignore
        case (.abort, .configure), (.abort, .ready), (.abort, .acquire): .endSeries

        case (_, .na): .refuse(.missing("command \(command.rawValue): the detector is not initialized, it"))
        case (_, .initialize):
            .refuse(.forbidden("command \(command.rawValue) is not allowed in state initialize"))

        case (.arm, .idle): .start
        case (.trigger, .ready): mode.isSoftware ? .start : .ignore
        case (.trigger, .acquire): mode.isSoftware ? refusal(command, state) : .ignore
        case (.cancel, .idle), (.disarm, .idle): .ignore
        case (.cancel, .configure), (.cancel, .ready), (.cancel, .acquire): .endSeries
        case (.disarm, .ready), (.disarm, .acquire): .endSeries
        case (.statusUpdate, .idle), (.statusUpdate, .ready), (.statusUpdate, .error): .ignore
        case (.checkConnections, .idle): .ignore
        case (.hvReset, .idle): .start

        case (.arm, .configure), (.arm, .ready), (.arm, .acquire), (.arm, .error): refusal(command, state)
        case (.trigger, .idle), (.trigger, .configure), (.trigger, .error): refusal(command, state)
        case (.cancel, .error), (.disarm, .configure), (.disarm, .error): refusal(command, state)
        case (.statusUpdate, .configure), (.statusUpdate, .acquire): refusal(command, state)
        case (.checkConnections, .configure), (.checkConnections, .ready), (.checkConnections, .acquire),
            (.checkConnections, .error):
            refusal(command, state)
        case (.hvReset, .configure), (.hvReset, .ready), (.hvReset, .acquire), (.hvReset, .error):
            refusal(command, state)
        }
    }

    /// Follows what happened; an event that does not fit the state changes nothing.
    mutating func happened(_ event: Event) {
        switch (event, state) {
        case (.initialized, .initialize):
            state = .idle
            seriesNumber = 0
        case (.armed, .configure):
            state = .ready
            seriesNumber += 1
        case (.triggerDone, .acquire): state = .ready
        case (.seriesEnded, .configure), (.seriesEnded, .ready), (.seriesEnded, .acquire): state = .idle
        case (.failed, _): state = .error
        case (.restarted, _):
            state = .na
            seriesNumber = 0
        case (.initialized, _), (.armed, _), (.triggerDone, _), (.seriesEnded, _): break
        }
    }

    /// The numbers of series begin at 1 again.
    mutating func resetNumbers() { seriesNumber = 0 }

    /// An edge or level of an electrical trigger; `false` when the detector does not wait for one.
    mutating func electricalTrigger() -> Bool {
        guard state == .ready else { return false }
        state = .acquire
        return true
    }

    private static func refusal(_ command: DetectorCommand, _ state: DetectorState) -> Answer {
        .refuse(.forbidden("command \(command.rawValue) is not allowed in state \(state.rawValue)"))
    }
}
