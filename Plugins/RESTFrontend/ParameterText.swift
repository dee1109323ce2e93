// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// A parameter as JSON: the sample between two pieces of text that change only with the metadata.
struct ParameterText: Sendable {
    let parameter: AnyParameter
    private let head: [UInt8]
    private let tail: [UInt8]

    init(_ parameter: AnyParameter, device: String) {
        self.parameter = parameter
        var head: [UInt8] = Array(#"{"device":"#.utf8)
        JSON.write(device, to: &head)
        head += Array(#","name":"#.utf8)
        JSON.write(parameter.name, to: &head)
        head += Array(#","value":"#.utf8)
        self.head = head
        var tail: [UInt8] = []
        for (name, value) in Self.details(parameter, device: device) {
            tail.append(UInt8(ascii: ","))
            JSON.write(name, to: &tail)
            tail.append(UInt8(ascii: ":"))
            value.write(to: &tail)
        }
        tail.append(UInt8(ascii: "}"))
        self.tail = tail
    }

    private static func details(_ parameter: AnyParameter, device: String) -> [(String, JSON)] {
        let metadata = parameter.metadata
        func range(_ range: ClosedRange<Double>?) -> JSON {
            range.map { .object([("low", .number($0.lowerBound)), ("high", .number($0.upperBound))]) } ?? .null
        }
        return [
            ("type", .string(metadata.type.name)), ("unit", .string(metadata.unit)),
            ("access", .string(metadata.access.word)), ("description", .string(metadata.description)),
            ("limits", range(metadata.limits)), ("display_limits", range(metadata.displayLimits)),
            ("alarm_limits", metadata.alarmLimits?.json ?? .null),
            ("precision", metadata.precision.map { .integer(Int64($0)) } ?? .null),
            ("choices", .array(metadata.choices.map { .string($0) })), ("autosave", .bool(metadata.autosave)),
            (
                "links",
                .object([
                    ("self", .string(RESTService.path(of: parameter.name, in: "parameters", of: device))),
                    ("device", .string(RESTService.root + "devices/" + device)),
                ])
            ),
        ]
    }

    /// The whole resource with the last sample.
    func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.count + tail.count + 160)
        write(to: &bytes)
        return bytes
    }

    /// Appends the whole resource with the last sample.
    func write(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: head)
        parameter.sample.write(to: &bytes)
        bytes.append(contentsOf: tail)
    }
}

extension Sample {
    /// Appends the value, then `,"timestamp":…,"alarm":…`, so that it fits behind `"value":`.
    func write(to bytes: inout [UInt8]) {
        switch value {
        case .float(let number): JSON.write(number, to: &bytes)
        case .integer(let number): JSON.write(number, to: &bytes)
        case .string(let text): JSON.write(text, to: &bytes)
        default: value.json.write(to: &bytes)
        }
        bytes.append(contentsOf: #","timestamp":"#.utf8)
        timestamp.writeJSON(to: &bytes)
        guard alarm.isActive else {
            bytes.append(contentsOf: #","alarm":{"severity":"none","status":"none","message":""}"#.utf8)
            return
        }
        bytes.append(contentsOf: #","alarm":"#.utf8)
        alarm.json.write(to: &bytes)
    }
}

extension Alarm {
    /// Severity, status and sentence.
    var json: JSON {
        .object([
            ("severity", .string(severity.word)), ("status", .string(status.word)), ("message", .string(message)),
        ])
    }
}

extension AlarmSeverity {
    /// The word in JSON.
    var word: String {
        switch self {
        case .none: "none"
        case .minor: "minor"
        case .major: "major"
        case .invalid: "invalid"
        @unknown default: "invalid"
        }
    }
}

extension AlarmStatus {
    /// The word in JSON, snake_case as all of it.
    var word: String {
        switch self {
        case .lowMajor: "low_major"
        case .highMajor: "high_major"
        default: rawValue
        }
    }
}

extension Access {
    /// The word in JSON.
    var word: String { self == .readWrite ? "read_write" : rawValue }
}

extension AlarmLimits {
    /// The limits by the reasons of their alarms.
    static let reasons: [AlarmStatus] = [.lowMajor, .low, .high, .highMajor]

    fileprivate var json: JSON {
        func optional(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
        let severities = Self.reasons.map { ($0.word, JSON.string(severity($0).word)) }
        return .object([
            ("low_major", optional(lowMajor)), ("low", optional(low)), ("high", optional(high)),
            ("high_major", optional(highMajor)), ("hysteresis", .number(hysteresis)),
            ("severities", .object(severities)),
        ])
    }
}
