// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Settings of a configuration that the camera refuses at its present temperature; they are sent again as it gets cold.
///
/// The Python driver waits half an hour until the sensor is cold before it sets the gain; here nobody waits, and nothing is lost.
struct PostponedSettings: Sendable {
    private let wanted: CameraSetup
    private var refusals: [(name: String, message: String)]
    /// Whether the temperature has changed since they were refused.
    var isDue = false

    /// - Returns: `nil` when nothing has to be sent again.
    init?(_ wanted: CameraSetup, _ outcomes: [SetupWriter.Outcome]) {
        self.wanted = wanted
        refusals = outcomes.compactMap { outcome in
            guard outcome.isForLater, let error = outcome.error else { return nil }
            return (outcome.name, error.message)
        }
        if refusals.isEmpty { return nil }
    }

    /// For the person on shift.
    var message: String {
        refusals.map { "\($0.name): \($0.message)" }.joined(separator: "; ") + "; sent again as the sensor gets cold"
    }

    private var steps: [SetupStep] {
        SetupWriter.steps.filter { step in refusals.contains { $0.name == step.name } }
    }

    /// The setup with what is still to come.
    func over(_ setup: CameraSetup) -> CameraSetup {
        var setup = setup
        for step in steps { step.keep(&setup, wanted) }
        return setup
    }

    /// Without what a change decides anew: who sets a value by hand does not get another one later.
    func without(_ change: (inout CameraSetup) throws -> Void, over setup: CameraSetup) rethrows -> PostponedSettings? {
        let before = over(setup)
        var after = before
        try change(&after)
        let decided = steps.filter { $0.differs(before, after) }.map(\.name)
        var rest = self
        rest.refusals.removeAll { decided.contains($0.name) }
        return rest.refusals.isEmpty ? nil : rest
    }
}

extension CameraCore {
    /// Takes the last message back; what the camera is still to be told stays.
    func clearMessage() {
        guard let postponed = state.withLock({ $0.postponed }) else { return say("") }
        say(postponed.message, alarm: Alarm(.minor, .configuration, postponed.message))
    }

    /// Says the present state of what is postponed where its former one is the last message.
    func refreshMessage(_ before: String?) {
        guard let before, state.withLock({ $0.postponed?.message }) != before else { return }
        if parameters.message.value.hasSuffix(before) { clearMessage() }
    }

    /// The range of the EM gain, which follows the temperature, as it is now.
    func show(emRange range: [Int]) {
        let hasChanged = state.withLock { state in
            defer { state.readback.emRange = range }
            if state.readback.emRange != range { state.postponed?.isDue = true }
            return state.readback.emRange != range
        }
        if hasChanged { parameters.emRange.publish(range) }
    }

    /// Sends what was refused before the temperature changed; nothing while the camera exposes.
    func sendPostponed() async throws {
        guard !isAcquiring, let old = state.withLock({ $0.postponed }), old.isDue else { return }
        let outcomes = try await call("configure") { [self] sdk, facts -> [SetupWriter.Outcome] in
            // One may have been started, or all of them set by hand, meanwhile.
            guard !isAcquiring, let postponed = state.withLock({ $0.postponed }) else { return [] }
            let wanted = postponed.over(setup)
            let outcomes = send(wanted, all: false, sdk, facts)
            state.withLock { $0.postponed = PostponedSettings(wanted, outcomes) }
            return outcomes
        }
        guard !outcomes.isEmpty else { return }
        show()
        for outcome in outcomes where outcome.error == nil {
            logger.notice("A setting that was refused is applied now", ["setting": .string(outcome.name)])
        }
        refreshMessage(old.message)
        // What is refused for another reason is refused for good.
        let refused = outcomes.filter { !$0.isForLater }.compactMap(\.sentence)
        for sentence in refused { logger.warning("A setting was refused", ["reason": .string(sentence)]) }
        let text = refused.joined(separator: "; ")
        if !refused.isEmpty { say(text, alarm: Alarm(.minor, .configuration, text)) }
    }
}
