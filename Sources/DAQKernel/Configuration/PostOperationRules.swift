// Part of daqd
// SPDX-License-Identifier: MIT

/// How a post-operation is repeated and what its failure means; from the settings common to all of them.
public struct PostOperationRules: Hashable, Sendable {
    /// What happens with the rest of a chain.
    public enum OnFailure: String, Hashable, Sendable {
        /// The next one runs.
        case `continue`
        /// The rest of the chain is not run.
        case stop
    }

    /// How long one attempt may take.
    public var timeout: Duration = .seconds(600)
    /// How often a failed attempt is repeated.
    public var retries = 3
    /// The pause before the first repetition; each further one doubles it.
    public var backoff: Duration = .seconds(5)
    /// What happens with the rest of the chain when all attempts failed.
    public var onFailure: OnFailure = .stop
    /// Whether the acquisition counts as busy until the first attempt ended; `nil` where the type decides.
    public var wait: Bool?

    /// The usual rules.
    public init() {}

    /// The rules of a configured post-operation.
    public init(_ component: ComponentConfiguration) {
        let common = component.common
        timeout = common.given("timeout") ?? timeout
        retries = common.given("retries") ?? retries
        backoff = common.given("backoff") ?? backoff
        onFailure = (common.given("on_failure") as String?).flatMap(OnFailure.init(rawValue:)) ?? onFailure
        wait = common.given("wait")
    }
}
