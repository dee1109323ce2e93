// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// One write by a client, for the put log.
struct PutNote: Sendable {
    var time: Timestamp
    /// The name as the client wrote it.
    var name: String
    var old: DataValue
    var new: DataValue
    var origin: Origin
    var outcome: PutResult

    /// One line of JSON, without its end.
    var line: String {
        var members: [(String, JSON)] = [
            ("time", .string(time.description)), ("pv", .string(name)), ("user", .string(origin.user)),
            ("host", .string(origin.host)), ("address", .string(origin.address)), ("old", Self.short(old)),
            ("new", Self.short(new)),
            ("status", .integer(Int64(outcome.status.rawValue))),
        ]
        if !outcome.message.isEmpty { members.append(("error", .string(outcome.message))) }
        return JSON.object(members).text
    }

    /// Arrays by their size: a line stays a line.
    private static func short(_ value: DataValue) -> JSON {
        switch value {
        case .array(let array) where array.count > 16: .string("\(array.count) numbers")
        case .bytes(let bytes): .string("\(bytes.count) bytes")
        case .string(let text) where text.utf8.count > 512: .string(String(text.prefix(512)) + "…")
        default: value.json
        }
    }
}
