// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A shell's wildcard: `*` any text, `?` any character, `[a-c]` one of some, `[!a-c]` none of them; everything else itself.
///
/// Matching takes at most length × length steps, whatever the pattern.
struct ShellPattern: Sendable, Equatable {
    private enum Part: Sendable, Equatable {
        case text(Character)
        case any
        case anything
        case oneOf([ClosedRange<Character>], isNegated: Bool)
    }

    private let parts: [Part]

    /// - Throws: ``WireError`` for a pattern that is empty or longer than 255 bytes.
    init(_ pattern: String) throws(WireError) {
        guard !pattern.isEmpty else { throw WireError("the pattern is empty") }
        guard pattern.utf8.count <= 255 else { throw WireError("the pattern is longer than 255 bytes") }
        var rest = Array(pattern)[...]
        var parts: [Part] = []
        while let character = rest.popFirst() {
            switch character {
            case "*": if parts.last != .anything { parts.append(.anything) }
            case "?": parts.append(.any)
            case "[": parts.append(Self.set(&rest) ?? .text("["))
            default: parts.append(.text(character))
            }
        }
        self.parts = parts
    }

    /// What stands between brackets; `nil` when they do not close, then the bracket means itself.
    private static func set(_ rest: inout ArraySlice<Character>) -> Part? {
        var inside = rest
        let isNegated = inside.first == "!" || inside.first == "^"
        if isNegated { inside.removeFirst() }
        var ranges: [ClosedRange<Character>] = []
        while let first = inside.popFirst(), first != "]" || ranges.isEmpty {
            var last = first
            if inside.first == "-", let end = inside.dropFirst().first, end != "]" {
                last = end
                inside = inside.dropFirst(2)
            }
            if first <= last { ranges.append(first...last) }
            if inside.isEmpty { return nil }
        }
        if ranges.isEmpty { return nil }
        rest = inside
        return .oneOf(ranges, isNegated: isNegated)
    }

    /// Whether a whole name fits.
    func matches(_ name: String) -> Bool {
        let name = Array(name)
        var (part, place) = (0, 0)
        var star: (part: Int, place: Int)?
        while place < name.count {
            if part < parts.count, parts[part] == .anything {
                star = (part, place)
                part += 1
            } else if part < parts.count, Self.fits(parts[part], name[place]) {
                part += 1
                place += 1
            } else if let last = star {
                // The last star takes one character more.
                star = (last.part, last.place + 1)
                (part, place) = (last.part + 1, last.place + 1)
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .anything }
    }

    private static func fits(_ part: Part, _ character: Character) -> Bool {
        switch part {
        case .text(let wanted): character == wanted
        case .any: true
        case .anything: false
        case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
        }
    }
}
