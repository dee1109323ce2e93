// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// How discovered keys are noted for the next start, so that clients find their parameters before the detector answers.
enum KeyMemory {
    /// Types by the names under which they are noted.
    private static let types: [(String, ValueType)] = [
        ("bool", .bool), ("float", .number(.float64)), ("int", .number(.int64)), ("uint", .number(.uint64)),
        ("text", .string(capacity: 0)), ("choice", .enumeration), ("texts", .strings(capacity: 0)),
        ("floats", .array(.float64, capacity: [0])),
    ]

    static func encode(_ keys: [(SIMPLONKey, ParameterMetadata)]) -> JSON {
        .array(
            keys.compactMap { key, metadata in
                guard let type = types.first(where: { $0.1 == metadata.type })?.0 else { return nil }
                return .object([
                    ("key", .string(key.description)), ("type", .string(type)), ("unit", .string(metadata.unit)),
                    ("access", .string(metadata.access.rawValue)),
                    ("choices", .array(metadata.choices.map { .string($0) })),
                ])
            })
    }

    /// What another version wrote and this one does not understand is left out.
    static func decode(_ memory: JSON) -> [(SIMPLONKey, ParameterMetadata)] {
        (memory.array ?? []).prefix(5000).compactMap { item in
            guard let path = item["key"]?.string, let key = SIMPLONKey(path: path),
                let type = types.first(where: { $0.0 == item["type"]?.string })?.1
            else { return nil }
            var metadata = ParameterMetadata("SIMPLON key \(key)", type: type)
            metadata.unit = item["unit"]?.string ?? ""
            metadata.access = item["access"]?.string.flatMap(Access.init(rawValue:)) ?? .read
            metadata.choices = item["choices"]?.array?.compactMap(\.string) ?? []
            metadata.precision = KeyCatalog.precision(type, unit: metadata.unit)
            return (key, metadata)
        }
    }
}
