// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Testing

@testable import EigerSimulator

/// The state machine against a table: one row per command, one column per state.
@Suite("Detector state machine")
struct DetectorMachineTests {
    /// `+` starts work, `.` succeeds without doing anything, `e` ends the series, `4` is refused as unknown, `-` is refused.
    static let table = """
        command            na initialize idle configure ready acquire error
        initialize         +  -          +    -         +     +       +
        arm                4  -          +    -         -     -       -
        trigger            4  -          -    -         +     -       -
        disarm             4  -          .    -         e     e       -
        cancel             4  -          .    e         e     e       -
        abort              .  .          .    e         e     e       .
        check_connections  4  -          .    -         -     -       -
        hv_reset           4  -          +    -         -     -       -
        status_update      4  -          .    -         .     -       .
        """

    @Test("every command in every state does what the table says")
    func commands() throws {
        let rows = Self.table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let states = try rows[0].dropFirst().map { try #require(DetectorState(rawValue: $0)) }
        #expect(states.count == DetectorState.allCases.count)
        #expect(rows.count - 1 == DetectorCommand.allCases.count)
        for row in rows.dropFirst() {
            let command = try #require(DetectorCommand(rawValue: row[0]))
            for (state, expected) in zip(states, row.dropFirst()) {
                let answer = DetectorMachine.answer(to: command, in: state, mode: .ints)
                #expect(Self.letter(answer) == expected, "\(command) in \(state)")
            }
        }
    }

    @Test("a software trigger is ignored when signals trigger", arguments: [TriggerMode.exts, .exte])
    func externalModes(mode: TriggerMode) {
        #expect(DetectorMachine.answer(to: .trigger, in: .ready, mode: mode) == .ignore)
        #expect(DetectorMachine.answer(to: .trigger, in: .acquire, mode: mode) == .ignore)
    }

    @Test("every event in every state leads where it should", arguments: DetectorState.allCases)
    func events(state: DetectorState) {
        for event in DetectorMachine.Event.allCases {
            var machine = Self.machine(in: state)
            machine.happened(event)
            let expected: DetectorState =
                switch (event, state) {
                case (.failed, _): .error
                case (.restarted, _): .na
                case (.initialized, .initialize): .idle
                case (.armed, .configure): .ready
                case (.triggerDone, .acquire): .ready
                case (.seriesEnded, .configure), (.seriesEnded, .ready), (.seriesEnded, .acquire): .idle
                default: state
                }
            #expect(machine.state == expected, "\(event) in \(state)")
        }
    }

    @Test("series numbers count up and start again at initialize and restart")
    func seriesNumbers() {
        var machine = Self.machine(in: .idle)
        for number in 1...3 {
            #expect(machine.accept(.arm, mode: .ints) == .start)
            machine.happened(.armed)
            #expect(machine.seriesNumber == number)
            machine.happened(.seriesEnded)
        }
        _ = machine.accept(.initialize, mode: .ints)
        machine.happened(.initialized)
        #expect(machine.seriesNumber == 0)
    }

    @Test("an edge counts only while the detector is ready")
    func edges() {
        for state in DetectorState.allCases {
            var machine = Self.machine(in: state)
            #expect(machine.electricalTrigger() == (state == .ready))
        }
    }

    private static func machine(in state: DetectorState) -> DetectorMachine {
        var machine = DetectorMachine()
        func go(_ command: DetectorCommand, _ event: DetectorMachine.Event?) {
            _ = machine.accept(command, mode: .ints)
            if let event { machine.happened(event) }
        }
        switch state {
        case .na: break
        case .initialize: go(.initialize, nil)
        case .idle: go(.initialize, .initialized)
        case .configure, .ready, .acquire:
            go(.initialize, .initialized)
            go(.arm, state == .configure ? nil : .armed)
            if state == .acquire { go(.trigger, nil) }
        case .error: machine.happened(.failed)
        }
        #expect(machine.state == state)
        return machine
    }

    private static func letter(_ answer: DetectorMachine.Answer) -> String {
        switch answer {
        case .start: "+"
        case .ignore: "."
        case .endSeries: "e"
        case .refuse(let refusal): refusal.status == 404 ? "4" : "-"
        }
    }
}
