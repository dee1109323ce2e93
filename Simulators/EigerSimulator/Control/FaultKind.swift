// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// A kind of misbehaviour that `POST /sim/fault` can order, with the fields that it takes.
struct FaultKind: Sendable {
    /// Where the simulator looks for it.
    enum Stage: Sendable, Equatable {
        /// While a request is served.
        case request
        /// While a file is downloaded.
        case download
        /// When the file writer would publish a file.
        case file
        /// At once, when it is ordered.
        case immediate
    }

    let name: String
    let stage: Stage
    /// Fields that must be given.
    let needs: [String]
    /// Fields that may be given, with their values otherwise.
    let defaults: [(String, JSON)]
    let summary: String

    /// Every kind; a new one is a row here and its effect at its stage.
    static let all: [FaultKind] = requests + downloads + files + immediate

    private static let requests: [FaultKind] = [
        FaultKind(
            name: "delay", stage: .request, needs: ["seconds"], defaults: [],
            summary: "serves the request that much later"),
        FaultKind(
            name: "status", stage: .request, needs: ["status"], defaults: [("text", "simulated fault")],
            summary: "answers with that status and text; the request has no effect"),
        FaultKind(
            name: "close", stage: .request, needs: [],
            defaults: [("execute", false), ("after_reply", false), ("seconds", 0)],
            summary:
                "closes the connection without a reply, seconds after the request came; with execute the request has "
                + "its effect before; with after_reply it is answered, too"),
        FaultKind(
            name: "arm_fails", stage: .request, needs: [],
            defaults: [("path", "*/command/arm"), ("method", "PUT"), ("status", 500), ("text", "arm failed")],
            summary: "refuses to arm, as often as times says"),
        FaultKind(
            name: "reply", stage: .request, needs: ["text"], defaults: [("status", 200)],
            summary: "the request has its effect, but this is the answer; $id in the text is the series' number"),
        FaultKind(
            name: "trigger_reply", stage: .request, needs: ["text"],
            defaults: [("path", "*/command/trigger"), ("method", "PUT"), ("status", 200)],
            summary: "answers a trigger so"),
        FaultKind(
            name: "wrong_length", stage: .request, needs: ["add"], defaults: [],
            summary: "announces so many bytes more than the body has, then closes; with a negative number sends less"),
        FaultKind(
            name: "segments", stage: .request, needs: ["bytes"], defaults: [("seconds", 0.001)],
            summary: "sends the body in pieces of so many bytes, that many seconds apart"),
    ]

    private static let downloads: [FaultKind] = [
        FaultKind(
            name: "truncate", stage: .download, needs: ["bytes"], defaults: [],
            summary: "cuts the connection after so many bytes of the file"),
        FaultKind(
            name: "slow", stage: .download, needs: ["bytes_per_second"], defaults: [],
            summary: "sends the file at that rate"),
    ]

    private static let files: [FaultKind] = [
        FaultKind(
            name: "file_late", stage: .file, needs: ["seconds"], defaults: [],
            summary: "publishes the file that much later"),
        FaultKind(
            name: "file_missing", stage: .file, needs: [], defaults: [], summary: "never publishes the file"),
        FaultKind(
            name: "file_growing", stage: .file, needs: ["seconds"], defaults: [],
            summary: "publishes half of the file at first, the whole that much later"),
        FaultKind(
            name: "file_truncated", stage: .file, needs: ["bytes"], defaults: [],
            summary: "publishes only so many bytes of the file, for ever"),
    ]

    private static let immediate: [FaultKind] = [
        FaultKind(
            name: "state_error", stage: .immediate, needs: [], defaults: [], summary: "the detector goes to error"),
        FaultKind(
            name: "buffer_limit", stage: .immediate, needs: ["bytes"], defaults: [],
            summary: "the control unit has only so much memory for files"),
        FaultKind(
            name: "reset_ids", stage: .immediate, needs: [], defaults: [], summary: "series numbers begin at 1 again"),
        FaultKind(
            name: "restart", stage: .immediate, needs: [], defaults: [],
            summary: "the control unit's service starts anew by itself"),
        FaultKind(
            name: "power_off", stage: .immediate, needs: [], defaults: [("seconds", 0)],
            summary: "nobody answers and everything is lost; with seconds the power comes back after that time"),
        FaultKind(
            name: "power_on", stage: .immediate, needs: [], defaults: [], summary: "the control unit boots"),
    ]

    /// What each field must be.
    static let fieldTypes: [String: KeyType] = [
        "seconds": .float, "status": .uint, "text": .string, "execute": .bool, "after_reply": .bool, "bytes": .uint,
        "bytes_per_second": .uint, "add": .int, "path": .string, "method": .string, "times": .uint, "skip": .uint,
    ]
}
