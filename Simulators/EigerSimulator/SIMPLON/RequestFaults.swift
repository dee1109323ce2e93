// Part of daqd
// SPDX-License-Identifier: MIT

/// What the faults that struck a request do to it, in the order in which they were ordered.
struct RequestFaults: Sendable {
    /// An answer without any effect.
    enum Refused: Sendable {
        case reply(status: Int, text: String)
        case closed
    }

    /// Seconds before the request is served.
    private(set) var delay = 0.0
    /// Why it has no effect.
    private(set) var refused: Refused?
    /// Closes the connection once it had its effect.
    private(set) var closesAfterEffect = false
    /// Closes the connection once it was answered.
    private(set) var closesAfterReply = false
    /// The answer instead of the true one.
    private(set) var replacement: (status: Int, text: String)?
    /// What happens to the body.
    let spoiling: Spoiling?

    init(_ faults: [Fault]) {
        spoiling = Spoiling(faults)
        for fault in faults {
            if refused != nil { break }
            add(fault)
        }
    }

    private mutating func add(_ fault: Fault) {
        switch fault.kind.name {
        case "delay": delay += fault.number("seconds")
        case "status", "arm_fails": refused = .reply(status: fault.count("status"), text: fault.text("text"))
        case "reply", "trigger_reply": replacement = (fault.count("status"), fault.text("text"))
        case "close":
            delay += fault.number("seconds")
            if fault.isOn("after_reply") {
                closesAfterReply = true
            } else if fault.isOn("execute") {
                closesAfterEffect = true
            } else {
                refused = .closed
            }
        default: break
        }
    }
}
