// Part of daqd
// SPDX-License-Identifier: MIT

/// A complete reply, whatever its status.
public struct HTTPResponse: Sendable {
    /// The status code, 100 to 599 or whatever the server sent.
    public var status: Int
    /// The header fields of the final reply, in order.
    public var fields: [HTTPField]
    /// The body; empty for HEAD and for downloads.
    public var body: [UInt8]
    /// How long the whole request took.
    public var duration: Duration

    /// The first field of that name, without regard to case.
    public func field(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The length that the server announced, `nil` when it is absent or no number.
    public var contentLength: Int64? {
        guard let text = field("Content-Length"), let length = Int64(text), length >= 0 else { return nil }
        return length
    }

    /// The body as text, malformed UTF-8 replaced.
    public var text: String {
        String(decoding: body, as: UTF8.self)
    }

    /// The first line of the body for an operator: at most 200 characters, control characters dropped.
    public var firstLine: String {
        let line = body.prefix(2048).split(separator: 0x0A, omittingEmptySubsequences: true).first ?? []
        let scalars = String(decoding: line, as: UTF8.self).unicodeScalars.filter {
            $0.value >= 0x20 && $0.value != 0x7F
        }
        return String(String(String.UnicodeScalarView(scalars)).prefix(200))
    }
}

/// What `bytes first-last/total` of a partial reply says.
struct HTTPContentRange: Equatable {
    var first: Int64
    var last: Int64
    /// Absent when the server wrote `*`.
    var total: Int64?

    /// Reads a Content-Range field; `nil` for anything malformed or contradictory.
    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let halves = words[1].split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last else {
            return nil
        }
        self.first = first
        self.last = last
        if halves[1] == "*" { return }
        guard let total = Self.number(halves[1]), last < total else { return nil }
        self.total = total
    }

    /// The size that a 416 reply states (`bytes */size`).
    static func unsatisfiedTotal(_ text: String) -> Int64? {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bytes", words[1].hasPrefix("*/") else { return nil }
        return number(words[1].dropFirst(2))
    }

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(text)
    }
}
