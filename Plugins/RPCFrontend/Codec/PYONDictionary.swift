// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Entries in the order in which their keys came first; a key that comes again replaces its value.
struct PYONDictionary {
    private(set) var entries: [DataValue.DictionaryEntry] = []
    /// Where a key stands, by its text; made when there are too many entries to compare.
    private var places: [String: Int] = [:]

    mutating func set(_ key: DataValue, _ value: DataValue) {
        if entries.count < 8 {
            if let index = entries.firstIndex(where: { $0.key == key }) {
                entries[index].value = value
            } else {
                entries.append(.init(key, value))
            }
            return
        }
        if places.isEmpty {
            for (index, entry) in entries.enumerated() { places[Self.text(entry.key)] = index }
        }
        if let index = places.updateValue(entries.count, forKey: Self.text(key)) {
            entries[index].value = value
            places[Self.text(key)] = index
        } else {
            entries.append(.init(key, value))
        }
    }

    private static func text(_ key: DataValue) -> String {
        switch key {
        case .string(let text): "s" + text
        case .integer(let number): "i\(number)"
        default: "\(key)"
        }
    }

    /// Whether Python could use a value as a key or as a member of a set.
    static func isHashable(_ value: DataValue) -> Bool {
        switch value {
        case .null, .bool, .integer, .unsigned, .float, .string, .bytes, .bigInteger, .complex: true
        case .tuple(let items): items.allSatisfy(isHashable)
        case .extended(.fraction), .extended(.scalar), .extended(.opaque): true
        case .array, .strings, .list, .set, .dictionary, .extended: false
        @unknown default: false
        }
    }
}
