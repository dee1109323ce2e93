// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// A kind of misbehaviour that `POST /sim/fault` can order, with the fields that it takes.
struct FaultKind: Sendable {
    /// Where the simulator looks for it.
    enum Stage: Sendable, Equatable {
        /// Before a request is served.
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
    static let all: [FaultKind] = [
        FaultKind(
            name: "delay", stage: .request, needs: ["seconds"], defaults: [],
            summary: "serves the request that much later"),
        FaultKind(
            name: "status", stage: .request, needs: ["status"], defaults: [("text", "simulated fault")],
            summary: "answers with that status and text; the request has no effect"),
        FaultKind(
            name: "close", stage: .request, needs: [], defaults: [("execute", false)],
            summary: "closes the connection without a reply; with execute the request has its effect before"),
        FaultKind(
            name: "arm_fails", stage: .request, needs: [],
            defaults: [("path", "*/command/arm"), ("method", "PUT"), ("status", 500), ("text", "arm failed")],
            summary: "refuses to arm, as often as times says"),
        FaultKind(
            name: "truncate", stage: .download, needs: ["bytes"], defaults: [],
            summary: "cuts the connection after so many bytes of the file"),
        FaultKind(
            name: "slow", stage: .download, needs: ["bytes_per_second"], defaults: [],
            summary: "sends the file at that rate"),
        FaultKind(
            name: "file_late", stage: .file, needs: ["seconds"], defaults: [],
            summary: "publishes the file that much later"),
        FaultKind(
            name: "file_missing", stage: .file, needs: [], defaults: [], summary: "never publishes the file"),
        FaultKind(
            name: "state_error", stage: .immediate, needs: [], defaults: [], summary: "the detector goes to error"),
        FaultKind(
            name: "buffer_limit", stage: .immediate, needs: ["bytes"], defaults: [],
            summary: "the control unit has only so much memory for files"),
    ]

    /// What each field must be.
    static let fieldTypes: [String: KeyType] = [
        "seconds": .float, "status": .uint, "text": .string, "execute": .bool, "bytes": .uint,
        "bytes_per_second": .uint, "path": .string, "method": .string, "times": .uint, "skip": .uint,
    ]
}

/// One ordered misbehaviour: when it strikes and with which fields.
struct Fault: Sendable {
    let id: Int
    let kind: FaultKind
    private let fields: [(String, JSON)]
    /// How often it has struck.
    var hits = 0
    /// How often it has let something pass before it began.
    var skipped = 0

    /// Reads the body of `POST /sim/fault`.
    init(id: Int, _ body: JSON) throws(Refusal) {
        guard let members = body.members, let name = body["fault"]?.string else {
            throw .badValue("the body must be an object with the member \"fault\", a text")
        }
        guard let kind = FaultKind.all.first(where: { $0.name == name }) else {
            let known = FaultKind.all.map(\.name).joined(separator: ", ")
            throw .badValue("unknown fault \"\(name.prefix(40))\"; there are: \(known)")
        }
        self.id = id
        self.kind = kind
        let allowed = Set(kind.needs + kind.defaults.map(\.0) + ["fault", "path", "method", "times", "skip"])
        for (field, value) in members {
            guard allowed.contains(field) else {
                throw .badValue("the fault \(name) has no field \"\(field.prefix(40))\"")
            }
            if field != "fault" { try Self.check(field, value) }
        }
        for field in kind.needs where body[field] == nil {
            throw .badValue("the fault \(name) needs the field \"\(field)\"")
        }
        fields = kind.defaults.filter { body[$0.0] == nil } + members.filter { $0.0 != "fault" }
    }

    /// A field as a number.
    func number(_ field: String) -> Double { value(field)?.double ?? 0 }
    /// A field as a whole number.
    func count(_ field: String) -> Int { value(field)?.integer.map { Int($0) } ?? 0 }
    /// A field as a text.
    func text(_ field: String) -> String { value(field)?.string ?? "" }
    /// A field as a switch.
    func isOn(_ field: String) -> Bool { value(field)?.bool ?? false }

    /// Whether it has struck as often as it should; without `times` it never has.
    var isSpent: Bool { value("times") != nil && hits >= count("times") }

    /// Whether it applies to a request or a file.
    func matches(method: String, path: String) -> Bool {
        if let wanted = value("method")?.string, wanted != "*", wanted != method { return false }
        guard let pattern = value("path")?.string else { return true }
        return Glob.matches(Array(pattern.utf8), Array(path.utf8))
    }

    /// How often it lets something pass before it begins.
    var skip: Int { count("skip") }

    /// What `GET /sim/fault` answers for it.
    var json: JSON {
        .object(
            [("id", .integer(Int64(id))), ("fault", .string(kind.name))] + fields
                + [("hits", .integer(Int64(hits)))])
    }

    private func value(_ field: String) -> JSON? { fields.last { $0.0 == field }?.1 }

    private static func check(_ field: String, _ value: JSON) throws(Refusal) {
        let fits =
            switch FaultKind.fieldTypes[field] {
            case .float: (value.double ?? -1) >= 0 && (value.double ?? .infinity) <= 86400
            case .uint: (value.integer ?? -1) >= 0
            case .bool: value.bool != nil
            default: value.string != nil
            }
        let status = value.integer ?? 0
        guard fits, field != "status" || (200...599).contains(status),
            field != "bytes_per_second" || status > 0
        else {
            throw .badValue("the field \"\(field)\" has a value that does not fit: \(value.text.prefix(60))")
        }
    }
}

/// Matches names against patterns in which `*` stands for any text, slashes included.
enum Glob {
    /// Whether the whole name fits the pattern; linear in the length of both for each star.
    static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var (p, n) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p + 1, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let back = star {
                p = back.pattern
                n = back.name + 1
                star = (back.pattern, n)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
