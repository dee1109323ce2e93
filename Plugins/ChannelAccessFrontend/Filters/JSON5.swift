// Part of daqd
// SPDX-License-Identifier: MIT

/// A value of the relaxed JSON in which channel filters are written.
indirect enum JSON5: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON5])
    case object([Member])

    /// One member of an object, in the order of the text.
    struct Member: Equatable, Sendable {
        var name: String
        var value: JSON5
    }
}

/// Reads relaxed JSON: bare keys, single quotes, trailing commas, hexadecimal numbers, signs; nothing deep, long or doubled.
///
/// The text comes from any client, so depth, length and number of members are bounded before anything is kept.
struct JSON5Parser {
    static let maximumDepth = 4
    static let maximumBytes = 1024
    static let maximumMembers = 64

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var members = 0

    /// The value of a text that holds nothing else.
    /// - Throws: `JSON5Error` where the text is not such JSON.
    static func parse(_ bytes: ArraySlice<UInt8>) throws(JSON5Error) -> JSON5 {
        guard bytes.count <= maximumBytes else { throw JSON5Error("has more than \(maximumBytes) bytes", at: 0) }
        var parser = JSON5Parser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipBlanks()
        guard parser.position == bytes.endIndex else { throw parser.error("something follows its end") }
        return value
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private func error(_ text: String) -> JSON5Error { JSON5Error(text, at: position - bytes.startIndex) }

    private mutating func skipBlanks() {
        while let byte = next, byte == 32 || (9...13).contains(byte) { position += 1 }
    }

    /// Takes a byte if it stands next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSON5Error) -> JSON5 {
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        case .some(let byte) where Self.isName(byte) && !Self.isDigit(byte): return try word()
        case .some: return .number(try number())
        case nil: throw error("ends too early")
        }
    }

    private mutating func object(depth: Int) throws(JSON5Error) -> [JSON5.Member] {
        try enter(depth)
        var found: [JSON5.Member] = []
        while true {
            skipBlanks()
            if take("}") { return found }
            let name = try key()
            skipBlanks()
            guard take(":") else { throw error("a colon is missing") }
            guard !found.contains(where: { $0.name == name }) else { throw error("“\(name)” is there twice") }
            try count()
            found.append(JSON5.Member(name: name, value: try value(depth: depth)))
            skipBlanks()
            if take(",") { continue }
            guard take("}") else { throw error("a comma or a closing brace is missing") }
            return found
        }
    }

    private mutating func array(depth: Int) throws(JSON5Error) -> [JSON5] {
        try enter(depth)
        var found: [JSON5] = []
        while true {
            skipBlanks()
            if take("]") { return found }
            try count()
            found.append(try value(depth: depth))
            skipBlanks()
            if take(",") { continue }
            guard take("]") else { throw error("a comma or a closing bracket is missing") }
            return found
        }
    }

    private mutating func enter(_ depth: Int) throws(JSON5Error) {
        guard depth <= Self.maximumDepth else { throw error("is nested deeper than \(Self.maximumDepth)") }
        position += 1
    }

    private mutating func count() throws(JSON5Error) {
        members += 1
        guard members <= Self.maximumMembers else { throw error("has more than \(Self.maximumMembers) members") }
    }

    private mutating func key() throws(JSON5Error) -> String {
        if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") { return try string() }
        let start = position
        while let byte = next, Self.isName(byte) { position += 1 }
        guard position > start, !Self.isDigit(bytes[start]) else { throw error("a name is missing") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func word() throws(JSON5Error) -> JSON5 {
        switch try key() {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case let other: throw error("“\(other)” is no value")
        }
    }

    private mutating func string() throws(JSON5Error) -> String {
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            if byte == quote {
                guard let decoded = String(validating: text, as: UTF8.self) else { throw error("a text is not UTF-8") }
                return decoded
            }
            guard byte >= 32 else { throw error("a control character stands in a text") }
            text.append(byte == UInt8(ascii: "\\") ? try escaped() : byte)
        }
        throw error("a text does not end")
    }

    /// The byte of an escape; names of states need no more than these.
    private mutating func escaped() throws(JSON5Error) -> UInt8 {
        guard let byte = next else { throw error("a text does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "'"): return byte
        default: throw error("an escape is unknown")
        }
    }

    private mutating func number() throws(JSON5Error) -> Double {
        let start = position
        while let byte = next, Self.isName(byte) || "+-.".utf8.contains(byte) { position += 1 }
        var text = bytes[start..<position]
        var sign = 1.0
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            sign = first == UInt8(ascii: "-") ? -1 : 1
            text = text.dropFirst()
        }
        if text.count > 2, text.count <= 15, text.starts(with: "0x".utf8) || text.starts(with: "0X".utf8),
            let whole = UInt64(String(decoding: text.dropFirst(2), as: UTF8.self), radix: 16)
        {
            return sign * Double(whole)
        }
        let isSigned = text.first.map { "+-".utf8.contains($0) } ?? true
        let isPlain =
            text.allSatisfy { Self.isDigit($0) || "+-.eE".utf8.contains($0) } && text.contains(where: Self.isDigit)
        guard isPlain, !isSigned, let value = Double(Self.completed(text)), value.isFinite else {
            position = start
            throw error("a value is missing")
        }
        return sign * value
    }

    /// `.5` and `5.` as Swift reads them.
    private static func completed(_ text: ArraySlice<UInt8>) -> String {
        let head = text.first == UInt8(ascii: ".") ? "0" : ""
        let tail = text.last == UInt8(ascii: ".") ? "0" : ""
        return head + String(decoding: text, as: UTF8.self) + tail
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isName(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

/// Why a text is not the JSON of a channel filter.
struct JSON5Error: Error, Equatable, CustomStringConvertible {
    var text: String
    var position: Int

    init(_ text: String, at position: Int) {
        self.text = text
        self.position = position
    }

    var description: String { "the filter \(text), at byte \(position)" }
}
