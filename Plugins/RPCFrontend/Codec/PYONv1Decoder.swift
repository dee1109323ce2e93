// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Reads PYON v1: what sipyco's older encoders write of Python's notation, and nothing that could be executed.
struct PYONv1Decoder {
    private var scanner: PYONScanner

    /// Reads one text, white space around it allowed.
    static func decode(_ bytes: [UInt8], limits: PYONLimits = PYONLimits(depth: 64)) throws(WireError) -> DataValue {
        var decoder = PYONv1Decoder(scanner: PYONScanner(bytes, limits))
        let value = try decoder.value(depth: 0)
        decoder.scanner.skipSpace()
        guard decoder.scanner.next == nil else { throw WireError("text after the value", at: decoder.scanner.offset) }
        return value
    }

    /// The two values of `ARGS, "kwargs": KWARGS}` from an offset to the end; nil when the text goes on otherwise.
    static func call(
        _ bytes: [UInt8], from offset: Int, limits: PYONLimits = PYONLimits(depth: 64)
    ) throws(WireError) -> (arguments: DataValue, named: DataValue)? {
        var decoder = PYONv1Decoder(scanner: PYONScanner(bytes, limits))
        decoder.scanner.offset = offset
        let arguments = try decoder.value(depth: 1)
        if decoder.scanner.takes(#", "kwargs": {}}"#), decoder.scanner.next == nil {
            return (arguments, .dictionary([]))
        }
        guard decoder.scanner.takes(#", "kwargs": "#) else { return nil }
        let named = try decoder.value(depth: 1)
        guard decoder.scanner.takes("}"), decoder.scanner.next == nil else { return nil }
        return (arguments, named)
    }

    private mutating func value(depth: Int) throws(WireError) -> DataValue {
        scanner.skipSpace()
        try scanner.begin(depth: depth)
        switch try scanner.peek() {
        case UInt8(ascii: "["): return .list(try items(until: "]", depth: depth).items)
        case UInt8(ascii: "("): return try parenthesis(depth: depth)
        case UInt8(ascii: "{"): return try braces(depth: depth)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
            return try name(depth: depth)
        default: return try sum()
        }
    }

    /// The items up to a bracket, and whether a comma stood before it.
    private mutating func items(
        until end: Unicode.Scalar, depth: Int
    ) throws(WireError) -> (items: [DataValue], endsWithComma: Bool) {
        scanner.offset += 1
        var items: [DataValue] = []
        if scanner.take(end) { return (items, false) }
        while true {
            items.append(try value(depth: depth + 1))
            if scanner.take(end) { return (items, false) }
            try scanner.expect(",")
            if scanner.take(end) { return (items, true) }
        }
    }

    /// A tuple, or one value in parentheses; a complex number is written so, too.
    private mutating func parenthesis(depth: Int) throws(WireError) -> DataValue {
        let (items, endsWithComma) = try items(until: ")", depth: depth)
        return items.count == 1 && !endsWithComma ? items[0] : .tuple(items)
    }

    private mutating func braces(depth: Int) throws(WireError) -> DataValue {
        let start = scanner.offset
        scanner.offset += 1
        if scanner.take("}") { return .dictionary([]) }
        let first = try value(depth: depth + 1)
        guard scanner.take(":") else { return try set(first, start, depth: depth) }
        var entries = PYONDictionary()
        var key = first
        while true {
            guard PYONDictionary.isHashable(key) else { throw WireError("\(key.kind) cannot be a key", at: start) }
            entries.set(key, try value(depth: depth + 1))
            if scanner.take("}") { break }
            try scanner.expect(",")
            if scanner.take("}") { break }
            key = try value(depth: depth + 1)
            try scanner.expect(":")
        }
        return .dictionary(entries.entries)
    }

    private mutating func set(_ first: DataValue, _ start: Int, depth: Int) throws(WireError) -> DataValue {
        var items = [first]
        while !scanner.take("}") {
            try scanner.expect(",")
            if scanner.take("}") { break }
            items.append(try value(depth: depth + 1))
        }
        return try PYONTagged.set(items, at: start)
    }

    // MARK: - Names

    private mutating func name(depth: Int) throws(WireError) -> DataValue {
        let start = scanner.offset
        while let byte = scanner.next, Self.isLetter(byte) { scanner.offset += 1 }
        let name = String(decoding: scanner.bytes[start..<scanner.offset], as: UTF8.self)
        if let quote = scanner.next, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            switch name {
            case "b", "B": return .bytes(try quoted(isText: false))
            case "u", "U": return .string(try string())
            default: throw WireError("a text cannot have the prefix \(name.prefix(40))", at: start)
            }
        }
        switch name {
        case "null", "None": return .null
        case "true", "True": return .bool(true)
        case "false", "False": return .bool(false)
        case "inf", "nan":
            scanner.offset = start
            return try sum()
        case "slice", "Fraction", "OrderedDict", "nparray", "npscalar":
            guard scanner.take("(") else { throw WireError("expected ( after \(name)", at: scanner.offset) }
            scanner.offset -= 1
            let arguments = try items(until: ")", depth: depth).items
            if let value = try PYONTagged.value(name, arguments, at: start) { return value }
            fallthrough
        default: throw WireError("“\(name.prefix(40))” is not a value", at: start)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    // MARK: - Numbers

    /// A number, or a real and an imaginary one with a sign between.
    private mutating func sum() throws(WireError) -> DataValue {
        let start = scanner.offset
        let (first, isImaginary) = try term()
        scanner.skipSpace()
        guard let sign = scanner.next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
            return isImaginary ? .complex(real: 0, imaginary: first.double ?? 0) : first
        }
        let (second, endsImaginary) = try term()
        guard !isImaginary, endsImaginary, let real = first.double, let imaginary = second.double else {
            throw WireError("only a real and an imaginary number can be added", at: start)
        }
        return .complex(real: real, imaginary: imaginary)
    }

    private mutating func term() throws(WireError) -> (value: DataValue, isImaginary: Bool) {
        let start = scanner.offset
        var isNegative = false
        while let sign = scanner.next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            if sign == UInt8(ascii: "-") { isNegative.toggle() }
            scanner.offset += 1
            scanner.skipSpace()
        }
        for (word, value) in [("inf", Double.infinity), ("nan", Double.nan)]
        where scanner.bytes[scanner.offset...].starts(with: word.utf8) {
            scanner.offset += 3
            if let byte = scanner.next, Self.isLetter(byte) { throw WireError("expected a number", at: start) }
            return (.float(isNegative ? -value : value), false)
        }
        let first = scanner.offset
        let isFloat = try number(from: start)
        let text = (isNegative ? "-" : "") + String(decoding: scanner.bytes[first..<scanner.offset], as: UTF8.self)
        let isImaginary = scanner.next.map { $0 | 0x20 == UInt8(ascii: "j") } ?? false
        if isImaginary { scanner.offset += 1 }
        if let byte = scanner.next, Self.isLetter(byte) { throw WireError("malformed number", at: start) }
        guard isFloat || isImaginary else { return (PYONScanner.integer(text), false) }
        guard let value = Double(text.hasSuffix(".") ? text + "0" : text) else {
            throw WireError("malformed number", at: start)
        }
        return (.float(value), isImaginary)
    }

    /// Moves past digits, point and exponent; whether there was one of the latter two.
    private mutating func number(from start: Int) throws(WireError) -> Bool {
        let isZero = scanner.next == UInt8(ascii: "0")
        let whole = scanner.digits()
        var isFloat = false
        var fraction = 0
        if scanner.next == UInt8(ascii: ".") {
            isFloat = true
            scanner.offset += 1
            fraction = scanner.digits()
        }
        guard whole + fraction > 0 else { throw WireError("expected a value", at: start) }
        if let byte = scanner.next, byte | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            scanner.offset += 1
            if scanner.next == UInt8(ascii: "+") || scanner.next == UInt8(ascii: "-") { scanner.offset += 1 }
            guard scanner.digits() > 0 else { throw WireError("malformed number", at: start) }
        }
        guard isFloat || !isZero || whole == 1 else { throw WireError("malformed number", at: start) }
        return isFloat
    }

    // MARK: - Texts

    private mutating func string() throws(WireError) -> String {
        let start = scanner.offset
        return try scanner.string(try quoted(isText: true), at: start)
    }

    private mutating func quoted(isText: Bool) throws(WireError) -> [UInt8] {
        let quote = scanner.bytes[scanner.offset]
        scanner.offset += 1
        var run = scanner.offset
        var text: [UInt8] = []
        while true {
            let byte = try scanner.peek()
            if byte == quote {
                text.append(contentsOf: scanner.bytes[run..<scanner.offset])
                scanner.offset += 1
                return text
            }
            guard byte != UInt8(ascii: "\n"), isText || byte < 128 else {
                throw WireError("a byte that must be escaped", at: scanner.offset)
            }
            guard byte == UInt8(ascii: "\\") else {
                scanner.offset += 1
                continue
            }
            text.append(contentsOf: scanner.bytes[run..<scanner.offset])
            try escape(into: &text, isText: isText)
            run = scanner.offset
        }
    }

    private mutating func escape(into text: inout [UInt8], isText: Bool) throws(WireError) {
        scanner.offset += 1
        let byte = try scanner.peek()
        scanner.offset += 1
        func character(_ code: UInt32, _ text: inout [UInt8]) {
            guard isText else { return text.append(UInt8(truncatingIfNeeded: code)) }
            scanner.append(Unicode.Scalar(code) ?? "\u{FFFD}", to: &text)
        }
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(byte)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "a"): text.append(7)
        case UInt8(ascii: "v"): text.append(11)
        case UInt8(ascii: "x"): character(try scanner.hex(2), &text)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            scanner.offset -= 1
            character(octal(), &text)
        case UInt8(ascii: "u") where isText: try scanner.unicode(into: &text)
        case UInt8(ascii: "U") where isText:
            let place = scanner.offset
            let code = try scanner.hex(8)
            guard code <= 0x10FFFF else { throw WireError("no such character", at: place) }
            character(code, &text)
        default: throw WireError("unknown escape", at: scanner.offset - 1)
        }
    }

    /// One to three octal digits.
    private mutating func octal() -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<3 {
            guard let byte = scanner.next, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) else { break }
            code = code << 3 | UInt32(byte - UInt8(ascii: "0"))
            scanner.offset += 1
        }
        return code
    }
}
