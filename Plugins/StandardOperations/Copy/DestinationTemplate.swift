// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A path with places to fill in: `/archive/{year}/{device}/{name}`.
///
/// A value never adds a folder or leads out of the path: its slashes become `_`, and parts that are empty, `.` or `..`
/// are refused.
struct DestinationTemplate: Sendable, Equatable {
    /// What can be filled in, with a sentence each for the documentation.
    static let places: [(name: String, meaning: String)] = [
        ("device", "name of the device"), ("id", "the acquisition's id"), ("name", "name of the acquisition"),
        ("state", "done, aborted or failed"), ("date", "UTC date of its begin, 2026-11-21"),
        ("time", "UTC time of its begin, 021530"), ("year", "four digits"), ("month", "two digits"),
        ("day", "two digits"),
    ]

    private enum Piece: Equatable {
        case text(String)
        case place(String)
    }

    private let pieces: [Piece]
    /// The template as it was written.
    let text: String

    /// Reads a template.
    /// - Throws: ``TemplateError`` naming the unknown place, or the brace without partner.
    init(_ text: String) throws(TemplateError) {
        self.text = text
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw TemplateError("has a brace without partner in “\(text)”")
            }
            let name = String(rest[rest.index(after: open)..<close])
            guard Self.places.contains(where: { $0.name == name }) else {
                let known = Self.places.map(\.name).joined(separator: ", ")
                throw TemplateError("names the unknown place {\(name)}; there are \(known)")
            }
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.place(name))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
    }

    /// The path with all places filled in.
    func fill(_ values: [String: String]) throws(TemplateError) -> String {
        var path = ""
        for piece in pieces {
            switch piece {
            case .text(let text): path += text
            case .place(let name):
                let value = values[name, default: ""]
                guard !value.isEmpty else { throw TemplateError("{\(name)} has no value for this acquisition") }
                path += value.map { $0 == "/" ? "_" : String($0) }.joined()
            }
        }
        guard path.hasPrefix("/") else { throw TemplateError("“\(path)” is not an absolute path") }
        let parts = path.split(separator: "/")
        do {
            for part in parts { try SafePath.check(String(part)) }
        } catch { throw TemplateError("cannot be used: \(error)") }
        return "/" + parts.joined(separator: "/")
    }
}

/// What is wrong with a template, to follow the name of its setting.
struct TemplateError: Error, CustomStringConvertible, Equatable {
    var description: String

    init(_ description: String) { self.description = description }
}

extension DestinationTemplate {
    /// What an acquisition fills in.
    static func values(of record: AcquisitionRecord) -> [String: String] {
        // 2026-11-21T02:15:30.123000Z
        let began = Array(record.began.description.utf8)
        func part(_ range: Range<Int>) -> String {
            range.upperBound <= began.count ? String(decoding: began[range], as: UTF8.self) : ""
        }
        return [
            "device": record.device, "id": record.id, "name": record.name.isEmpty ? record.id : record.name,
            "state": (record.verdict ?? record.state).rawValue, "date": part(0..<10),
            "time": part(11..<13) + part(14..<16) + part(17..<19), "year": part(0..<4), "month": part(5..<7),
            "day": part(8..<10),
        ]
    }
}
