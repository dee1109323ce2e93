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
        let bytes = Array(target.utf8)
        var start = Self.pathStart(bytes)
        if start < bytes.count, bytes[start] == UInt8(ascii: "/") { start += 1 }
        var mark = start
        while mark < bytes.count, bytes[mark] != UInt8(ascii: "?") { mark += 1 }
        guard let path = Self.segments(bytes, start..<mark) else { return nil }
        self.path = path
        guard mark < bytes.count else {
            query = []
            return
        }
        guard let query = Self.pairs(bytes[(mark + 1)...]) else { return nil }
        self.query = query
    }

    /// Where the path begins in an absolute target (`http://host/path`, as proxies send), else 0.
    private static func pathStart(_ bytes: [UInt8]) -> Int {
        guard bytes.first != UInt8(ascii: "/"), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: "://".utf8)
        else { return 0 }
        return bytes[(colon + 3)...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.count
    }

    private static func segments(_ bytes: [UInt8], _ range: Range<Int>) -> [String]? {
        if range.isEmpty { return [] }
        var segments: [String] = []
        segments.reserveCapacity(8)
        var start = range.lowerBound
        for index in range where bytes[index] == UInt8(ascii: "/") {
            guard let segment = decode(bytes[start..<index], plusIsSpace: false) else { return nil }
            segments.append(segment)
            start = index + 1
        }
        guard let last = decode(bytes[start..<range.upperBound], plusIsSpace: false) else { return nil }
        segments.append(last)
        return segments
    }

    private static func pairs(_ bytes: ArraySlice<UInt8>) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = decode(part[..<equals], plusIsSpace: true),
                let value = decode(part[equals...].dropFirst(), plusIsSpace: true)
            else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
        var isPlain = true
        for byte in bytes where byte == UInt8(ascii: "%") || byte == UInt8(ascii: "+") { isPlain = false }
        if isPlain { return String(decoding: bytes, as: UTF8.self) }
        var rest = bytes.makeIterator()
        var decoded: [UInt8] = []
        while let byte = rest.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = hexadecimal(rest.next()), let low = hexadecimal(rest.next()), high | low != 0 else {
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
