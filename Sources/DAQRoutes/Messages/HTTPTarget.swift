// Part of daqd
// SPDX-License-Identifier: MIT

/// A request's target taken apart: path segments and query, percent-decoded *after* splitting.
///
/// So `%2F` stays inside its segment and `..` is a segment like any other: nothing here resolves dots.
public struct HTTPTarget: Sendable {
    /// The decoded segments: `/a/b` is `["a", "b"]`, `/a/` is `["a", ""]`, `/` is `[]`.
    public let path: [String]
    /// The decoded query, in order; a name without `=` has the value `""`.
    public let query: [(name: String, value: String)]

    /// What stands in for a target that cannot be taken apart.
    static let empty = HTTPTarget(path: [], query: [])

    private init(path: [String], query: [(name: String, value: String)]) {
        self.path = path
        self.query = query
    }

    /// Splits and decodes a target; nil for a bad escape, a NUL or text that is not UTF-8.
    public init?(parsing target: String) {
        let bytes = Array(target.utf8)
        var start = Self.pathStart(bytes)
        let mark = bytes[start...].firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        if start < mark, bytes[start] == UInt8(ascii: "/") { start += 1 }
        guard let path = Self.segments(bytes[start..<mark]) else { return nil }
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
        let rest = bytes[(colon + 3)...]
        return rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? bytes.count
    }

    private static func segments(_ bytes: ArraySlice<UInt8>) -> [String]? {
        if bytes.isEmpty { return [] }
        var segments: [String] = []
        for part in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let segment = decode(part, plusIsSpace: false) else { return nil }
            segments.append(segment)
        }
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
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            var byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, let high = hexadecimal(bytes[index + 1]),
                    let low = hexadecimal(bytes[index + 2])
                else { return nil }
                byte = high << 4 | low
                index += 2
            } else if plusIsSpace, byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            }
            guard byte != 0 else { return nil }
            decoded.append(byte)
            index += 1
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
