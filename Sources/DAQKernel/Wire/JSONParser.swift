// Part of daqd
// SPDX-License-Identifier: MIT

extension JSON {
    /// What a text from outside may cost.
    public struct Limits: Sendable {
        /// Lists and objects within each other.
        public var depth: Int
        /// Values in all.
        public var values: Int

        /// Makes limits; the defaults fit every reply of a detector but its images.
        public init(depth: Int = 64, values: Int = 1_000_000) {
            self.depth = depth
            self.values = values
        }
    }

    /// Reads one JSON text (RFC 8259), surrounding white space allowed.
    /// - Throws: ``WireError`` with the byte offset of the first fault.
    public init(parsing text: String, limits: Limits = Limits()) throws(WireError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    /// Reads one JSON text in UTF-8, surrounding white space allowed.
    /// - Throws: ``WireError`` with the byte offset of the first fault.
    public init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(WireError) {
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.document()
    }
}

/// One pass over a JSON text; never recurses deeper than the limit.
struct JSONParser {
    let bytes: [UInt8]
    let limits: JSON.Limits
    var offset = 0
    var values = 0

    init(bytes: [UInt8], limits: JSON.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(WireError) -> JSON {
        let value = try self.value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw WireError("text after the JSON value", at: offset) }
        return value
    }

    private mutating func skipSpace() {
        while offset < bytes.count, case let byte = bytes[offset], byte == 32 || byte == 9 || byte == 10 || byte == 13 {
            offset += 1
        }
    }

    private func peek() throws(WireError) -> UInt8 {
        guard offset < bytes.count else { throw WireError("the JSON text ends too early", at: offset) }
        return bytes[offset]
    }

    private mutating func value(depth: Int) throws(WireError) -> JSON {
        guard depth < limits.depth else { throw WireError("JSON nested deeper than \(limits.depth)", at: offset) }
        values += 1
        guard values <= limits.values else { throw WireError("more than \(limits.values) JSON values", at: offset) }
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw WireError("expected a JSON value", at: offset)
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(WireError) -> JSON {
        guard bytes[offset...].starts(with: word.utf8) else { throw WireError("expected \(word)", at: offset) }
        offset += word.utf8.count
        return value
    }

    private mutating func array(depth: Int) throws(WireError) -> JSON {
        offset += 1
        var items: [JSON] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            offset += 1
            return .array(items)
        }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            let byte = try peek()
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else {
                throw WireError("expected , or ]", at: offset)
            }
            offset += 1
            if byte == UInt8(ascii: "]") { return .array(items) }
        }
    }

    private mutating func object(depth: Int) throws(WireError) -> JSON {
        offset += 1
        var members: [(String, JSON)] = []
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            offset += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw WireError("expected a member name", at: offset) }
            let name = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw WireError("expected :", at: offset) }
            offset += 1
            members.append((name, try value(depth: depth + 1)))
            skipSpace()
            let byte = try peek()
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else {
                throw WireError("expected , or }", at: offset)
            }
            offset += 1
            if byte == UInt8(ascii: "}") { return .object(members) }
        }
    }
}

// MARK: - Numbers and texts

extension JSONParser {
    private mutating func digits() -> Int {
        let start = offset
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
        return offset - start
    }

    private mutating func number() throws(WireError) -> JSON {
        let start = offset
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        let leadingZero = offset < bytes.count && bytes[offset] == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !(leadingZero && whole > 1) else { throw WireError("malformed number", at: start) }
        var isFloat = false
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            isFloat = true
            offset += 1
            guard digits() > 0 else { throw WireError("malformed number", at: start) }
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            guard digits() > 0 else { throw WireError("malformed number", at: start) }
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if !isFloat {
            if let value = Int64(text) { return .integer(value) }
            if let value = UInt64(text) { return .unsigned(value) }
        }
        guard let value = Double(text), value.isFinite else { throw WireError("number out of range", at: start) }
        return .number(value)
    }

    private mutating func string() throws(WireError) -> String {
        let start = offset
        offset += 1
        var run = offset
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                text.append(contentsOf: bytes[run..<offset])
                offset += 1
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw WireError("text is not UTF-8", at: start)
                }
                return result
            case UInt8(ascii: "\\"):
                text.append(contentsOf: bytes[run..<offset])
                try escape(into: &text)
                run = offset
            case 0..<32:
                throw WireError("control character in a text", at: offset)
            default:
                offset += 1
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(WireError) {
        offset += 1
        let byte = try peek()
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(String(Character(try unicode())).utf8))
        default: throw WireError("unknown escape", at: offset - 1)
        }
    }

    private mutating func unicode() throws(WireError) -> Unicode.Scalar {
        let start = offset
        let first = try hex4()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800..<0xDC00).contains(first), bytes.count - offset >= 6, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { throw WireError("lone surrogate", at: start) }
        offset += 2
        let second = try hex4()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw WireError("lone surrogate", at: start) }
        return scalar
    }

    private mutating func hex4() throws(WireError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw WireError("the JSON text ends too early", at: bytes.count) }
        var value: UInt32 = 0
        for index in offset..<offset + 4 {
            guard bytes[index] < 128, let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
                throw WireError("malformed \\u escape", at: index)
            }
            value = value << 4 | UInt32(digit)
        }
        offset += 4
        return value
    }
}
