// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// JSON Schemas, made in a few words.
enum Schema {
    /// Any text.
    static let text: JSON = .object([("type", "string")])
    /// A point in time.
    static let time: JSON = .object([("type", "string"), ("format", "date-time")])
    /// Anything at all.
    static let anything: JSON = .object([])
    /// What a page gave as its cursor.
    static let cursor: JSON = .object([("type", "string"), ("pattern", "^[0-9]{1,18}$")])
    /// True or false.
    static let truth: JSON = .object([("type", "boolean")])
    /// Any number.
    static let anyNumber: JSON = .object([("type", "number")])
    /// Any whole number.
    static let anyInteger: JSON = .object([("type", "integer")])

    /// A schema of the document's components.
    static func reference(_ name: String) -> JSON { .object([("$ref", .string("#/components/schemas/" + name))]) }

    /// A list.
    static func list(_ items: JSON) -> JSON { .object([("type", "array"), ("items", items)]) }

    /// An object with keys of its own choice.
    static func dictionary(of values: JSON) -> JSON {
        .object([("type", "object"), ("additionalProperties", values)])
    }

    /// An object with exactly these members, all there.
    static func object(_ members: [(String, JSON)]) -> JSON {
        object(members, required: members.map(\.0))
    }

    /// An object with these members and no others.
    static func object(_ members: [(String, JSON)], required: [String]) -> JSON {
        var schema: [(String, JSON)] = [("type", "object"), ("properties", .object(members))]
        if !required.isEmpty { schema.append(("required", .array(required.map { .string($0) }))) }
        return .object(schema + [("additionalProperties", false)])
    }

    /// One of a few words.
    static func words(_ words: [String]) -> JSON {
        .object([("type", "string"), ("enum", .array(words.map { .string($0) }))])
    }

    /// A whole number within limits.
    static func integer(_ low: Int, _ high: Int) -> JSON {
        .object([("type", "integer"), ("minimum", .integer(Int64(low))), ("maximum", .integer(Int64(high)))])
    }

    /// A number within limits.
    static func number(_ low: Double, _ high: Double) -> JSON {
        .object([("type", "number"), ("minimum", .number(low)), ("maximum", .number(high))])
    }

    /// This or null.
    static func optional(_ schema: JSON) -> JSON {
        .object([("anyOf", .array([schema, .object([("type", "null")])]))])
    }

    /// A page of a collection.
    static func page(_ name: String, of item: String) -> JSON {
        object([(name, list(reference(item))), ("cursor", optional(text)), ("next", optional(text))])
    }
}

extension ValueType {
    /// What a client may send: as strict as the kernel is.
    func inputSchema(choices: [String], limits: ClosedRange<Double>?) -> JSON {
        if !choices.isEmpty, self != .any {
            let words = Schema.words(choices)
            guard self == .enumeration else { return words }
            return .object([("anyOf", .array([words, Schema.integer(0, choices.count - 1)]))])
        }
        return schema(limits: limits)
    }

    /// What a reply holds: anything of the type, or null where it is not known.
    var outputSchema: JSON {
        switch self {
        case .any, .nothing: Schema.anything
        case .number(.float32), .number(.float64): Schema.optional(Schema.anyNumber)
        case .number(.bool), .bool: Schema.optional(Schema.truth)
        case .number: Schema.optional(Schema.anyInteger)
        case .string, .enumeration: Schema.optional(Schema.text)
        case .bytes, .array, .strings: Schema.optional(.object([("type", "array")]))
        @unknown default: Schema.anything
        }
    }

    private func schema(limits: ClosedRange<Double>?) -> JSON {
        switch self {
        case .any, .nothing: return Schema.anything
        case .bool, .number(.bool): return Schema.truth
        case .number(let element): return Self.number(element, limits)
        case .string(let capacity):
            // A character takes at most four bytes.
            return capacity == 0
                ? Schema.text : .object([("type", "string"), ("maxLength", .integer(Int64(capacity / 4)))])
        case .enumeration: return Schema.text
        case .bytes(let capacity): return Self.limited(Schema.list(Schema.integer(0, 255)), capacity)
        case .strings(let capacity): return Self.limited(Schema.list(Schema.text), capacity)
        case .array(let element, let capacity): return Self.array(element, capacity[...])
        @unknown default: return Schema.anything
        }
    }

    private static func number(_ element: ElementType, _ limits: ClosedRange<Double>?) -> JSON {
        var members: [(String, JSON)] = [("type", element.isInteger ? "integer" : "number")]
        let own: (JSON, JSON)? =
            switch element {
            case .int64: (.integer(.min), .integer(.max))
            case .uint64: (.integer(0), .unsigned(.max))
            case .float32: (.number(-3.4e38), .number(3.4e38))
            default: element.range.map { (.number($0.lowerBound), .number($0.upperBound)) }
            }
        var (low, high) = own ?? (.null, .null)
        if let limits {
            if limits.lowerBound > low.double ?? -.infinity, limits.lowerBound.isFinite {
                low = .number(limits.lowerBound)
            }
            if limits.upperBound < high.double ?? .infinity, limits.upperBound.isFinite {
                high = .number(limits.upperBound)
            }
        }
        if low != .null { members.append(("minimum", low)) }
        if high != .null { members.append(("maximum", high)) }
        return .object(members)
    }

    private static func limited(_ list: JSON, _ capacity: Int) -> JSON {
        capacity == 0 ? list : .object((list.members ?? []) + [("maxItems", .integer(Int64(capacity)))])
    }

    private static func array(_ element: ElementType, _ capacity: ArraySlice<Int>) -> JSON {
        guard let length = capacity.first else { return element == .bool ? Schema.truth : number(element, nil) }
        return limited(Schema.list(array(element, capacity.dropFirst())), length)
    }
}
