// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// The keys of one subsystem with their present values; checks what is put.
struct KeyStore: Sendable {
    /// The keys, in alphabetical order.
    let keys: [Key]
    private var slots: [String: Int]
    private var values: [JSON]

    init(_ keys: [Key]) {
        self.keys = keys
        slots = Dictionary(keys.enumerated().map { ($1.name, $0) }) { _, last in last }
        values = keys.map(\.initial)
    }

    /// The names that a `keys` request lists; the first generation leaves none out.
    func listedNames(_ version: APIVersion) -> [String] {
        keys.filter { $0.versions.contains(version) && ($0.isListed || version == .v16) }.map(\.name)
    }

    /// The key of that name.
    func key(_ name: String) -> Key? { slots[name].map { keys[$0] } }

    /// Whether the key exists in that tree of the API.
    func has(_ name: String, _ version: APIVersion) -> Bool { key(name)?.versions.contains(version) ?? false }

    /// The present value; `null` for a name that does not exist.
    subscript(_ name: String) -> JSON {
        get { slots[name].map { values[$0] } ?? .null }
        set { if let slot = slots[name] { values[slot] = newValue } }
    }

    /// The present value as a number; zero for what is none.
    func number(_ name: String) -> Double { self[name].double ?? 0 }

    /// The present value as a whole number; zero for what is none.
    func count(_ name: String) -> Int { self[name].integer.map { Int($0) } ?? 0 }

    /// The present value as a list of numbers; empty for what is none.
    func numbers(_ name: String) -> [Double] { (self[name].array ?? []).compactMap(\.double) }

    /// The present value as a text; empty for what is none.
    func text(_ name: String) -> String { self[name].string ?? "" }

    /// Whether a switch is on.
    func isOn(_ name: String) -> Bool { self[name].bool ?? false }

    /// Sets a number to the nearest value inside the key's limits.
    mutating func clamp(_ name: String, _ value: Double) {
        guard let key = key(name) else { return }
        self[name] = .number(min(max(value, key.minimum ?? -.infinity), key.maximum ?? .infinity))
    }

    /// Puts everything back to what the detector starts with.
    mutating func reset() { values = keys.map(\.initial) }

    /// Checks a value that a client sent against type, access, limits and choices.
    ///
    /// - Returns: The value as the key stores it (a whole number sent for a float becomes one).
    func checked(_ value: JSON, for name: String) throws(Refusal) -> JSON {
        guard let key = key(name) else { throw .missing("Parameter \(name)") }
        guard key.access == .readWrite else { throw .forbidden("Parameter \(name) is read-only") }
        switch key.type {
        case .bool:
            guard value.bool != nil else { throw wrongType(key, value) }
            return value
        case .float:
            guard let number = value.double, number.isFinite else { throw wrongType(key, value) }
            try checkLimits(key, number)
            return .number(number)
        case .int, .uint:
            guard let whole = value.integer, key.type == .int || whole >= 0 else { throw wrongType(key, value) }
            try checkLimits(key, Double(whole))
            return .integer(whole)
        case .string, .date, .state:
            guard let text = value.string else { throw wrongType(key, value) }
            if let choices = key.choices, !choices.isEmpty, !choices.contains(text) {
                let list = choices.joined(separator: ", ")
                throw .badValue("Parameter \(name): value \"\(text.prefix(80))\" is not one of: \(list)")
            }
            return value
        case .floats:
            let numbers = (value.array ?? []).compactMap(\.double)
            guard let expected = key.initial.array?.count, value.array?.count == expected, numbers.count == expected,
                numbers.allSatisfy(\.isFinite)
            else { throw wrongType(key, value) }
            return .array(numbers.map(JSON.number))
        case .strings, .uints:
            guard let items = value.array, items.allSatisfy({ $0.string != nil }) else { throw wrongType(key, value) }
            return value
        }
    }

    private func wrongType(_ key: Key, _ value: JSON) -> Refusal {
        .badValue("Parameter \(key.name): value must be of type \(key.type.rawValue), got \(value.kind)")
    }

    private func checkLimits(_ key: Key, _ number: Double) throws(Refusal) {
        let low = key.minimum ?? -.infinity
        let high = key.maximum ?? .infinity
        guard number >= low, number <= high else {
            throw .badValue("Parameter \(key.name): value \(number) is out of range, min \(low), max \(high)")
        }
    }
}
