// Part of daqd
// SPDX-License-Identifier: MIT

/// One operation of a device's chain, as configured.
public struct PostOperationEntry: Sendable {
    /// Name of the entry in the configuration; how the run log finds it again after a restart.
    public let name: String
    /// What does the work.
    public let operation: any PostOperation
    /// Time-out, repetitions, what a failure means.
    public let rules: PostOperationRules
    /// Whether the first attempt comes before the acquisition's busy flag falls.
    public let waits: Bool
    /// Why it cannot run now; its jobs wait until a start or reload at which it can.
    let absence: String?

    /// Makes an entry.
    /// - Parameter waitsByDefault: What holds where the configuration does not say: true for `verify` only.
    public init(_ name: String, _ operation: any PostOperation, rules: PostOperationRules, waitsByDefault: Bool = false)
    {
        self.name = name
        self.operation = operation
        self.rules = rules
        waits = rules.wait ?? waitsByDefault
        absence = nil
    }

    /// Makes an entry for an operation that could not be made: its jobs are queued, seen as blocked with the reason, and wait.
    /// - Parameter reason: One sentence: the plugin was refused, the settings are wrong.
    public init(_ name: String, absent reason: String, rules: PostOperationRules) {
        self.name = name
        operation = AbsentOperation(reason: reason)
        self.rules = rules
        waits = false
        absence = reason
    }

    private struct AbsentOperation: PostOperation {
        let reason: String
        func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
            throw PostOperationError(.temporary, reason)
        }
    }
}
