// Part of daqd
// SPDX-License-Identifier: MIT

extension DataValue {
    /// The value as JSON: n-dimensional arrays as nested lists, bytes as a list of numbers, what JSON lacks as an
    /// object with one telling member (`{"complex": [1, 2]}`).
    public var json: JSON {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .unsigned(let value): .unsigned(value)
        case .float(let value): .number(value)
        case .string(let text): .string(text)
        case .array(let array): array.json
        case .strings(let texts): .array(texts.map { .string($0) })
        case .bytes(let bytes): .array(bytes.map { .integer(Int64($0)) })
        case .list(let items), .tuple(let items), .set(let items): .array(items.map(\.json))
        case .dictionary(let entries): Self.json(of: entries)
        case .bigInteger(let digits): .object([("integer", .string(digits))])
        case .complex(let real, let imaginary): .object([("complex", .array([.number(real), .number(imaginary)]))])
        case .extended(let value): value.json
        }
    }

    private static func json(of entries: [DictionaryEntry]) -> JSON {
        if entries.allSatisfy({ $0.key.string != nil }) {
            return .object(entries.map { ($0.key.string ?? "", $0.value.json) })
        }
        return .object([("entries", .array(entries.map { .array([$0.key.json, $0.value.json]) }))])
    }

    /// The plain value of a JSON text: lists stay lists, objects become dictionaries; ``ValueType`` narrows them.
    public init(_ json: JSON) {
        self =
            switch json {
            case .null: .null
            case .bool(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .unsigned(let value): .unsigned(value)
            case .number(let value): .float(value)
            case .string(let text): .string(text)
            case .array(let items): .list(items.map { DataValue($0) })
            case .object(let members):
                .dictionary(members.map { DictionaryEntry(.string($0.0), DataValue($0.1)) })
            }
    }
}

extension ExtendedValue {
    fileprivate var json: JSON {
        switch self {
        case .slice(let start, let stop, let step): .object([("slice", .array([start.json, stop.json, step.json]))])
        case .fraction(let numerator, let denominator):
            .object([("fraction", .array([numerator.json, denominator.json]))])
        case .scalar(_, let value): value.json
        case .opaque(let tag, let value): .object([(tag, value.json)])
        }
    }
}

extension ArrayValue {
    fileprivate var json: JSON {
        var index = 0
        func level(_ dimension: Int) -> JSON {
            guard dimension < shape.count else {
                defer { index += 1 }
                return self[index].json
            }
            return .array((0..<shape[dimension]).map { _ in level(dimension + 1) })
        }
        return level(0)
    }
}
