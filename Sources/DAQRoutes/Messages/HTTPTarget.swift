// Part of daqd
// SPDX-License-Identifier: MIT

/// A request's target taken apart: path segments and query, percent-decoded *after* splitting.
///
/// So `%2F` stays inside its segment and `..` is a segment like any other: nothing here resolves dots.
struct HTTPTarget: Sendable {
    /// The decoded segments: `/a/b` is `["a", "b"]`, `/a/` is `["a", ""]`, `/` is `[]`.
    let path: [String]
    /// The decoded query, in order; a name without `=` has the value `""`.
    let query: [(name: String, value: String)]

    /// What stands in for a target that cannot be taken apart.
    static let empty = HTTPTarget(path: [], query: [])

    private init(path: [String], query: [(name: String, value: String)]) {
        self.path = path
        self.query = query
    }

    /// Splits and decodes a target; nil for a bad escape, a NUL or text that is not UTF-8.
    init?(parsing target: String) {
        let text = target.utf8
        var start = Self.pathStart(text)
        var segments: [String] = []
        segments.reserveCapacity(8)
        if start < text.endIndex, text[start] == UInt8(ascii: "/") { text.formIndex(after: &start) }
        let mark = text[start...].firstIndex(of: UInt8(ascii: "?")) ?? text.endIndex
        if start < mark {
            var index = start
            while true {
                let end = text[index..<mark].firstIndex(of: UInt8(ascii: "/")) ?? mark
                guard let segment = Self.decode(target[index..<end], plusIsSpace: false) else { return nil }
                segments.append(segment)
                if end == mark { break }
                index = text.index(after: end)
            }
        }
        path = segments
        guard mark < text.endIndex else {
            query = []
            return
        }
        guard let query = Self.pairs(target[text.index(after: mark)...]) else { return nil }
        self.query = query
    }

    /// Where the path begins in an absolute target (`http://host/path`, as proxies send), else at the start.
    private static func pathStart(_ text: String.UTF8View) -> String.Index {
        guard text.first != UInt8(ascii: "/"), let colon = text.firstIndex(of: UInt8(ascii: ":")),
            text[colon...].starts(with: "://".utf8)
        else { return text.startIndex }
        let rest = text[text.index(colon, offsetBy: 3)...]
        return rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? text.endIndex
    }

    private static func pairs(_ text: Substring) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = decode(Substring(part[..<equals]), plusIsSpace: true),
                let value = decode(Substring(part[equals...].dropFirst()), plusIsSpace: true)
            else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    private static func decode(_ text: Substring, plusIsSpace: Bool) -> String? {
        let plain = text.utf8.allSatisfy { $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "+") }
        if plain { return String(text) }
        var bytes = text.utf8.makeIterator()
        var decoded: [UInt8] = []
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = hexadecimal(bytes.next()), let low = hexadecimal(bytes.next()), high | low != 0 else {
                    return nil
                }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case (UInt8(ascii: "0")...UInt8(ascii: "9"))?: byte.map { $0 - UInt8(ascii: "0") }
        case (UInt8(ascii: "a")...UInt8(ascii: "f"))?: byte.map { $0 - UInt8(ascii: "a") + 10 }
        case (UInt8(ascii: "A")...UInt8(ascii: "F"))?: byte.map { $0 - UInt8(ascii: "A") + 10 }
        default: nil
        }
    }
}
