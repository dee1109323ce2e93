// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

extension PYONText {
    /// Writes a value.
    /// - Throws: When the encoding cannot say it.
    mutating func append(_ value: DataValue) throws(WireError) {
        switch value {
        case .null: append("null" as StaticString)
        case .bool(let truth): append(truth ? "true" : "false" as StaticString)
        case .integer(let number): append(number)
        case .unsigned(let number): append(number)
        case .bigInteger(let digits): append(digits)
        case .float(let number): append(float: number)
        case .string(let text): append(quoted: text)
        case .bytes(let raw): append(raw: raw)
        case .list(let items): try append(list: items)
        case .strings(let texts): append(strings: texts)
        case .tuple(let items): try append(tuple: items)
        case .set(let items): try append(set: items)
        case .dictionary(let entries): try append(dictionary: entries)
        case .complex(let real, let imaginary): append(real: real, imaginary: imaginary)
        case .array(let array): append(NumPyType.text(array.elementType), array.shape, .array(array))
        case .extended(let value): try append(extended: value)
        @unknown default: throw WireError("\(value.kind) cannot be said in PYON")
        }
    }

    /// Writes an object of the wire's own kind: texts as keys.
    mutating func append(object members: [(String, DataValue)]) throws(WireError) {
        try append(dictionary: members.map { .init(.string($0), $1) })
    }

    mutating func separator() { append(version == .v2 ? "," : ", " as StaticString) }

    private mutating func colon() { append(version == .v2 ? ":" : ": " as StaticString) }

    mutating func append(float number: Double) {
        // A whole number needs no search for the shortest digits; within these bounds both ways write the same.
        if abs(number) < 1e15, let whole = Int64(exactly: number), whole != 0 {
            append(whole)
            return append(".0" as StaticString)
        }
        if number.isFinite { return append(number.description) }
        if number.isNaN { return append(version == .v2 ? "NaN" : "nan" as StaticString) }
        if number < 0 { append("-" as StaticString) }
        append(version == .v2 ? "Infinity" : "inf" as StaticString)
    }

    private mutating func append(list items: [DataValue]) throws(WireError) {
        append("[" as StaticString)
        for (index, item) in items.enumerated() {
            if index > 0 { separator() }
            try append(item)
        }
        append("]" as StaticString)
    }

    private mutating func append(strings: [String]) {
        append("[" as StaticString)
        for (index, text) in strings.enumerated() {
            if index > 0 { separator() }
            append(quoted: text)
        }
        append("]" as StaticString)
    }

    private mutating func append(tuple items: [DataValue]) throws(WireError) {
        if version == .v2 {
            append(#"{"__jsonclass__":["tuple",["# as StaticString)
            try append(list: items)
            append("]]}" as StaticString)
        } else {
            append("(" as StaticString)
            for (index, item) in items.enumerated() {
                if index > 0 { separator() }
                try append(item)
            }
            append(items.count == 1 ? ", )" : ")" as StaticString)
        }
    }

    private mutating func append(set items: [DataValue]) throws(WireError) {
        if version == .v2 {
            append(#"{"__jsonclass__":["set",["# as StaticString)
            try append(list: items)
            append("]]}" as StaticString)
        } else {
            append("{" as StaticString)
            for (index, item) in items.enumerated() {
                if index > 0 { separator() }
                try append(item)
            }
            append("}" as StaticString)
        }
    }

    private mutating func append(dictionary entries: [DataValue.DictionaryEntry]) throws(WireError) {
        guard version == .v1 || entries.allSatisfy({ $0.key.string != nil }) else { return try append(pairs: entries) }
        append("{" as StaticString)
        for (index, entry) in entries.enumerated() {
            if index > 0 { separator() }
            if version == .v2, entry.key.string == "__jsonclass__" {
                throw WireError("a dictionary cannot have the key __jsonclass__")
            }
            try append(entry.key)
            colon()
            try append(entry.value)
        }
        append("}" as StaticString)
    }

    private mutating func append(pairs entries: [DataValue.DictionaryEntry]) throws(WireError) {
        append(#"{"__jsonclass__":["dict",[["# as StaticString)
        for (index, entry) in entries.enumerated() {
            if index > 0 { separator() }
            try append(list: [entry.key, entry.value])
        }
        append("]]]}" as StaticString)
    }

    private mutating func append(real: Double, imaginary: Double) {
        if version == .v2 {
            append(#"{"__jsonclass__":["complex",["# as StaticString)
            append(float: real)
            separator()
            append(float: imaginary)
            return append("]]}" as StaticString)
        }
        append("(" as StaticString)
        append(float: real)
        if imaginary.sign == .plus { append("+" as StaticString) }
        append(float: imaginary)
        append("j)" as StaticString)
    }

    // MARK: - Tagged values

    private mutating func append(extended value: ExtendedValue) throws(WireError) {
        switch value {
        case .slice(let start, let stop, let step): try append(call: "slice", [start, stop, step])
        case .fraction(let numerator, let denominator): try append(call: "Fraction", [numerator, denominator])
        case .scalar(.float64, let number) where version == .v2: append(float: number.double ?? 0)
        case .scalar(let element, let number):
            try append(
                scalar: String(describing: NumPyType.text(element)), NumPyValue.bytes(element, number))
        case .opaque(NumPyValue.arrayTag, .list(let parts)): try append(opaqueArray: parts)
        case .opaque(NumPyValue.scalarTag, .list(let parts)):
            guard parts.count == 2, case .string(let type) = parts[0], case .bytes(let raw) = parts[1] else {
                throw WireError("a malformed scalar of NumPy")
            }
            try append(scalar: type, raw)
        case .opaque(let tag, let argument):
            let isName = tag.utf8.allSatisfy {
                ($0 | 0x20) >= 97 && ($0 | 0x20) <= 122 || $0 == 95 || (48...57).contains($0)
            }
            guard isName, !tag.isEmpty else { throw WireError("“\(tag.prefix(40))” is no name of a type") }
            if case .list(let arguments) = argument {
                try append(call: tag, arguments)
            } else {
                try append(call: tag, [argument])
            }
        @unknown default: throw WireError("a value that cannot be said in PYON")
        }
    }

    private mutating func append(call name: String, _ arguments: [DataValue]) throws(WireError) {
        if version == .v2 {
            append(#"{"__jsonclass__":["# as StaticString)
            append(quoted: name)
            append("," as StaticString)
            try append(list: arguments)
            return append("]}" as StaticString)
        }
        append(name)
        append("(" as StaticString)
        for (index, argument) in arguments.enumerated() {
            if index > 0 { separator() }
            // Python's own names know None and not null; None is what its encoder writes here.
            if argument == .null { append("None" as StaticString) } else { try append(argument) }
        }
        append(")" as StaticString)
    }

    private mutating func append(scalar type: String, _ raw: [UInt8]) throws(WireError) {
        append(version == .v2 ? #"{"__jsonclass__":["npscalar",["# : "npscalar(" as StaticString)
        append(quoted: type)
        separator()
        append(base64: raw)
        append(version == .v2 ? "]]}" : ")" as StaticString)
    }

    private mutating func append(opaqueArray parts: [DataValue]) throws(WireError) {
        guard parts.count == 3, case .list(let shape) = parts[0], case .string(let type) = parts[1],
            case .bytes(let raw) = parts[2]
        else { throw WireError("a malformed array of NumPy") }
        append(version == .v2 ? #"{"__jsonclass__":["nparray",["# : "nparray(" as StaticString)
        if version == .v2 { try append(list: shape) } else { try append(tuple: shape) }
        separator()
        append(quoted: type)
        separator()
        append(base64: raw)
        append(version == .v2 ? "]]}" : ")" as StaticString)
    }

    private mutating func append(base64 raw: [UInt8]) {
        append(version == .v2 ? "\"" : "b\"" as StaticString)
        Base64.append(raw, to: &bytes)
        append("\"" as StaticString)
    }

    // MARK: - Arrays

    /// Writes an array; a large one is only noted, to be taken from its memory when it is sent.
    mutating func append(_ type: StaticString, _ shape: [Int], _ block: PixelBlock) {
        let isApart = block.count >= Self.largeArray
        let isRaw = isApart && arrays == .raw
        let tag: StaticString = isRaw ? #"{"__jsonclass__":["rawarray",[["# : #"{"__jsonclass__":["nparray",[["#
        append(version == .v2 ? tag : "nparray((")
        for (index, length) in shape.enumerated() {
            if index > 0 { separator() }
            append(length)
        }
        if version == .v1, shape.count == 1 { append(", " as StaticString) }
        append(version == .v2 ? "]," : "), " as StaticString)
        append("\"" as StaticString)
        append(type)
        append(version == .v2 ? "\"," : "\", " as StaticString)
        if isRaw {
            append(block.count)
            places.append(Place(offset: bytes.count, block: block))
            return append("]]}" as StaticString)
        }
        append(version == .v2 ? "\"" : "b\"" as StaticString)
        if isApart {
            places.append(Place(offset: bytes.count, block: block))
        } else {
            unsafe block.withBytes { raw in unsafe Base64.append(Array(raw), to: &bytes) }
        }
        append(version == .v2 ? "\"]]}" : "\")" as StaticString)
    }
}
