// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The objects that replies are made of.
enum OpenAPISchemas {
    /// All of them, by name.
    static var all: [(String, JSON)] {
        [
            ("Problem", problem), ("Alarm", alarm), ("Range", range), ("Parameter", parameter(value: Schema.anything)),
            ("Name", name), ("Device", Schema.object(device)), ("DeviceMembers", Schema.object(device + deviceMembers)),
            ("Argument", argument), ("Command", command), ("DeviceError", deviceError), ("Operation", operation),
            ("Artifact", artifact), ("Acquisition", acquisition), ("PostOperation", postOperation), ("Run", run),
            (
                "RunDetails",
                Schema.object([
                    ("acquisition", Schema.reference("Acquisition")), ("configuration", Schema.anything),
                    ("post_operations", Schema.list(Schema.reference("PostOperation"))),
                ])
            ), ("ComponentType", Schema.object([("type", Schema.text), ("summary", Schema.text)])),
        ]
    }

    private static let links = Schema.dictionary(of: Schema.text)

    private static var problem: JSON {
        let members: [(String, JSON)] = [
            ("type", .object([("type", "string"), ("format", "uri")])), ("title", Schema.text),
            ("status", Schema.integer(400, 599)), ("detail", Schema.text), ("instance", Schema.text),
            ("code", Schema.text), ("vendor_code", Schema.anyInteger), ("vendor_text", Schema.text),
        ]
        return Schema.object(members, required: ["type", "title", "status", "detail", "instance", "code"])
    }

    private static var alarm: JSON {
        Schema.object([
            ("severity", severity),
            ("status", Schema.words(AlarmStatus.allCases.map(\.word))), ("message", Schema.text),
        ])
    }

    private static var severity: JSON { Schema.words(AlarmSeverity.allCases.map(\.word)) }

    private static var range: JSON { Schema.object([("low", Schema.anyNumber), ("high", Schema.anyNumber)]) }

    /// A parameter whose value fits a schema of its own.
    static func parameter(value: JSON) -> JSON {
        let limits = AlarmLimits.reasons.map(\.word)
        let alarmLimits = Schema.object(
            limits.map { ($0, Schema.optional(Schema.anyNumber)) }
                + [
                    ("hysteresis", Schema.anyNumber), ("severities", Schema.object(limits.map { ($0, severity) })),
                ])
        return Schema.object([
            ("device", Schema.text), ("name", Schema.text), ("value", value),
            ("timestamp", Schema.optional(Schema.time)),
            ("alarm", Schema.reference("Alarm")), ("type", Schema.text), ("unit", Schema.text),
            ("access", Schema.words(["read", "write", "read_write"])), ("description", Schema.text),
            ("limits", Schema.optional(Schema.reference("Range"))),
            ("display_limits", Schema.optional(Schema.reference("Range"))),
            ("alarm_limits", Schema.optional(alarmLimits)),
            ("precision", Schema.optional(Schema.anyInteger)), ("choices", Schema.list(Schema.text)),
            ("autosave", Schema.truth), ("links", links),
        ])
    }

    private static var name: JSON {
        Schema.object([
            ("device", Schema.text), ("set", Schema.text), ("name", Schema.text), ("value", Schema.anything),
            ("timestamp", Schema.optional(Schema.time)), ("alarm", Schema.reference("Alarm")), ("type", Schema.text),
            ("unit", Schema.text), ("access", Schema.words(["read", "write", "read_write"])),
            ("description", Schema.text), ("limits", Schema.optional(Schema.reference("Range"))),
            ("precision", Schema.optional(Schema.anyInteger)), ("choices", Schema.list(Schema.text)),
            ("command", Schema.truth), ("links", links),
        ])
    }

    private static var device: [(String, JSON)] {
        [
            ("name", Schema.text), ("type", Schema.text), ("summary", Schema.text),
            ("state", Schema.words(["starting", "connected", "disconnected", "unavailable", "stopped"])),
            ("message", Schema.text), ("links", links),
        ]
    }

    private static var deviceMembers: [(String, JSON)] {
        ["parameters", "commands", "frame_channels", "name_sets"].map { ($0, Schema.list(Schema.text)) }
    }

    private static var argument: JSON {
        Schema.object([
            ("name", Schema.text), ("description", Schema.text), ("type", Schema.text), ("unit", Schema.text),
            ("limits", Schema.optional(Schema.reference("Range"))), ("choices", Schema.list(Schema.text)),
            ("required", Schema.truth), ("default", Schema.anything), ("keyword_only", Schema.truth),
        ])
    }

    private static var command: JSON {
        Schema.object([
            ("device", Schema.text), ("name", Schema.text), ("description", Schema.text),
            ("arguments", Schema.list(Schema.reference("Argument"))), ("result", Schema.text), ("busy", Schema.truth),
            ("progress", Schema.anyNumber), ("dangerous", Schema.truth), ("links", links),
        ])
    }

    private static var deviceError: JSON {
        Schema.object([
            ("code", Schema.text), ("message", Schema.text), ("vendor_code", Schema.optional(Schema.anyInteger)),
            ("vendor_text", Schema.optional(Schema.text)),
        ])
    }

    private static var operation: JSON {
        Schema.object([
            ("id", Schema.anyInteger), ("device", Schema.text), ("command", Schema.text),
            ("state", Schema.words(["queued", "running", "succeeded", "failed", "cancelled"])),
            ("progress", Schema.anyNumber), ("message", Schema.text), ("result", Schema.anything),
            ("result_omitted", Schema.truth), ("error", Schema.optional(Schema.reference("DeviceError"))),
            ("intermediate", Schema.list(Schema.anything)),
            ("started", Schema.time), ("ended", Schema.optional(Schema.time)), ("origin", Schema.text),
            ("links", links),
        ])
    }

    private static var artifact: JSON {
        .object([
            ("type", "object"),
            (
                "properties",
                .object([
                    ("name", Schema.text), ("path", Schema.text), ("role", Schema.text),
                    ("size", Schema.optional(Schema.anyInteger)), ("sha256", Schema.optional(Schema.text)),
                    ("verified", Schema.optional(Schema.truth)), ("maker", Schema.optional(Schema.text)),
                    ("links", links),
                ])
            ), ("required", .array(["name", "path", "role", "size", "sha256", "links"])),
        ])
    }

    private static var acquisition: JSON {
        .object([
            ("type", "object"),
            (
                "properties",
                .object([
                    ("id", Schema.text), ("device", Schema.text), ("name", Schema.text),
                    ("state", Schema.words(AcquisitionState.allCases.map(\.rawValue))), ("began", Schema.time),
                    ("ended", Schema.optional(Schema.time)), ("expected", Schema.optional(Schema.anyInteger)),
                    ("received", Schema.optional(Schema.anyInteger)), ("missing", Schema.optional(Schema.anyInteger)),
                    ("counted", Schema.truth), ("frames", Schema.text), ("result", Schema.optional(Schema.text)),
                    ("artifacts", Schema.list(Schema.reference("Artifact"))), ("links", links),
                ])
            ),
            (
                "required",
                .array([
                    "id", "device", "name", "state", "began", "ended", "expected", "received", "missing", "artifacts",
                    "links",
                ])
            ),
        ])
    }

    private static var postOperation: JSON {
        .object([
            ("type", "object"),
            (
                "properties",
                .object([
                    ("number", Schema.anyInteger), ("acquisition", Schema.text), ("device", Schema.text),
                    ("name", Schema.text), ("state", Schema.words(PostOperationState.allCases.map(\.rawValue))),
                    ("attempts", Schema.anyInteger), ("note", Schema.optional(Schema.text)),
                    ("last_error", Schema.optional(Schema.text)),
                ])
            ), ("required", .array(["number", "acquisition", "device", "name", "state", "attempts"])),
        ])
    }

    private static var run: JSON {
        Schema.object([
            ("id", Schema.text), ("device", Schema.text), ("name", Schema.text),
            ("state", Schema.words(AcquisitionState.allCases.map(\.rawValue))), ("frames", Schema.text),
            ("began", Schema.time), ("seconds", Schema.optional(Schema.anyNumber)), ("files", Schema.anyInteger),
            ("result", Schema.optional(Schema.text)), ("links", links),
        ])
    }
}
