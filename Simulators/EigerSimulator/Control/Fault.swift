// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

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
            case .int: value.integer.map { (-(1 << 40)...(1 << 40)).contains($0) } ?? false
            case .bool: value.bool != nil
            default: value.string != nil
            }
        let number = value.integer ?? 0
        guard fits, field != "status" || (200...599).contains(number),
            !["bytes_per_second", "add"].contains(field) || number != 0
        else {
            throw .badValue("the field \"\(field)\" has a value that does not fit: \(value.text.prefix(60))")
        }
    }
}
