// Part of daqd
// SPDX-License-Identifier: MIT

/// Why the simulated control unit refuses a request: an HTTP status and its plain text.
struct Refusal: Error, Equatable, Sendable {
    var status: Int
    var text: String

    /// The key, command, file or resource is not there.
    static func missing(_ what: String) -> Refusal { Refusal(status: 404, text: "\(what) does not exist") }

    /// The value is of the wrong type, out of range or not one of the choices.
    static func badValue(_ text: String) -> Refusal { Refusal(status: 400, text: text) }

    /// The state forbids it.
    static func forbidden(_ text: String) -> Refusal { Refusal(status: 400, text: text) }
}
