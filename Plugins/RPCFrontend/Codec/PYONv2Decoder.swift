// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Reads PYON v2: JSON with `NaN` and `Infinity`, whole numbers of any size, and objects tagged by `__jsonclass__`.
struct PYONv2Decoder {
    private var scanner: PYONScanner

    /// Reads one text, white space around it allowed.
    static func decode(_ bytes: [UInt8], limits: PYONLimits = PYONLimits()) throws(WireError) -> DataValue {
        var decoder = PYONv2Decoder(scanner: PYONScanner(bytes, limits))
        let value = try decoder.value(depth: 0)
        decoder.scanner.skipSpace()
        guard decoder.scanner.next == nil else { throw WireError("text after the value", at: decoder.scanner.offset) }
        return value
    }

    /// The two values of `ARGS,"kwargs":KWARGS}` from an offset to the end; nil when the text goes on otherwise.
    static func call(
        _ bytes: [UInt8], from offset: Int, limits: PYONLimits = PYONLimits()
    ) throws(WireError) -> (arguments: DataValue, named: DataValue)? {
        var decoder = PYONv2Decoder(scanner: PYONScanner(bytes, limits))
        decoder.scanner.offset = offset
        let arguments = try decoder.value(depth: 1)
        if decoder.scanner.takes(#","kwargs":{}}"#), decoder.scanner.next == nil { return (arguments, .dictionary([])) }
        guard decoder.scanner.takes(#","kwargs":"#) else { return nil }
        let named = try decoder.value(depth: 1)
        guard decoder.scanner.takes("}"), decoder.scanner.next == nil else { return nil }
        return (arguments, named)
    }

    /// A tuple as encoders write it, without the detour over a dictionary; nil for any other object.
    private mutating func tuple(depth: Int) throws(WireError) -> DataValue? {
        let start = scanner.offset
        guard scanner.takes(#"{"__jsonclass__":["tuple",["#), scanner.next == UInt8(ascii: "[") else {
            scanner.offset = start
            return nil
        }
        let items = try list(depth: depth + 3)
        if scanner.takes("]]}") { return .tuple(items) }
        scanner.offset = start
        return nil
    }

    private mutating func value(depth: Int) throws(WireError) -> DataValue {
        scanner.skipSpace()
        try scanner.begin(depth: depth)
        switch try scanner.peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return .list(try list(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "N"): return try word("NaN", .float(.nan))
        case UInt8(ascii: "I"): return try word("Infinity", .float(.infinity))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw WireError("expected a value", at: scanner.offset)
        }
    }

    private mutating func word(_ word: StaticString, _ value: DataValue) throws(WireError) -> DataValue {
        guard scanner.takes(word) else { throw WireError("expected \(word)", at: scanner.offset) }
        return value
    }

    private mutating func list(depth: Int) throws(WireError) -> [DataValue] {
        scanner.offset += 1
        var items: [DataValue] = []
        if scanner.take("]") { return items }
        items.reserveCapacity(4)
        while true {
            items.append(try value(depth: depth + 1))
            if scanner.take("]") { return items }
            try scanner.expect(",")
        }
    }

    private mutating func object(depth: Int) throws(WireError) -> DataValue {
        if let tuple = try tuple(depth: depth) { return tuple }
        let start = scanner.offset
        scanner.offset += 1
        var entries = PYONDictionary()
        var tagged: DataValue?
        if scanner.take("}") { return .dictionary([]) }
        while true {
            scanner.skipSpace()
            guard scanner.next == UInt8(ascii: "\"") else { throw WireError("expected a key", at: scanner.offset) }
            let key = try string()
            try scanner.expect(":")
            let value = try value(depth: depth + 1)
            if key == "__jsonclass__" { tagged = value } else { entries.set(.string(key), value) }
            if scanner.take("}") { break }
            try scanner.expect(",")
        }
        guard let tagged else { return .dictionary(entries.entries) }
        guard case .list(let parts) = tagged, parts.count == 2, case .string(let name) = parts[0],
            case .list(let arguments) = parts[1]
        else { throw WireError("__jsonclass__ must hold a name and a list", at: start) }
        return try PYONTagged.value(name, arguments, at: start) ?? .extended(.opaque(tag: name, .list(arguments)))
    }

    private mutating func number() throws(WireError) -> DataValue {
        let start = scanner.offset
        if scanner.bytes[start] == UInt8(ascii: "-") {
            scanner.offset += 1
            if scanner.next == UInt8(ascii: "I") { return try word("Infinity", .float(-.infinity)) }
        }
        let isZero = scanner.next == UInt8(ascii: "0")
        let whole = scanner.digits()
        guard whole > 0, !(isZero && whole > 1) else { throw WireError("malformed number", at: start) }
        var isFloat = false
        if scanner.next == UInt8(ascii: ".") {
            isFloat = true
            scanner.offset += 1
            guard scanner.digits() > 0 else { throw WireError("malformed number", at: start) }
        }
        if let byte = scanner.next, byte | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            scanner.offset += 1
            if scanner.next == UInt8(ascii: "+") || scanner.next == UInt8(ascii: "-") { scanner.offset += 1 }
            guard scanner.digits() > 0 else { throw WireError("malformed number", at: start) }
        }
        if !isFloat, whole < 19 { return .integer(scanner.smallInteger(from: start)) }
        let text = String(decoding: scanner.bytes[start..<scanner.offset], as: UTF8.self)
        guard isFloat else { return PYONScanner.integer(text) }
        guard let value = Double(text) else { throw WireError("malformed number", at: start) }
        return .float(value)
    }

    private mutating func string() throws(WireError) -> String {
        let start = scanner.offset
        scanner.offset += 1
        var run = scanner.offset
        var text: [UInt8] = []
        while true {
            let byte = try scanner.peek()
            switch byte {
            case UInt8(ascii: "\""):
                text.append(contentsOf: scanner.bytes[run..<scanner.offset])
                scanner.offset += 1
                return try scanner.string(text, at: start)
            case UInt8(ascii: "\\"):
                text.append(contentsOf: scanner.bytes[run..<scanner.offset])
                try escape(into: &text)
                run = scanner.offset
            case 0..<32: throw WireError("control character in a text", at: scanner.offset)
            default: scanner.offset += 1
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(WireError) {
        scanner.offset += 1
        let byte = try scanner.peek()
        scanner.offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"): try scanner.unicode(into: &text)
        default: throw WireError("unknown escape", at: scanner.offset - 1)
        }
    }
}
