// Part of daqd
// SPDX-License-Identifier: MIT

/// Header fields in the order in which they are sent; names compare without case.
public struct HTTPHeaders: Sendable, Sequence, ExpressibleByDictionaryLiteral {
    private var fields: [(name: String, value: String)]

    /// No fields.
    public init() { fields = [] }

    /// One field.
    public init(_ name: String, _ value: String) { fields = [(name, value)] }

    init(capacity: Int) {
        fields = []
        fields.reserveCapacity(capacity)
    }

    /// Fields in the order written.
    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { (name: $0.0, value: $0.1) }
    }

    /// The number of fields.
    public var count: Int { fields.count }

    /// The first field's value; assigning replaces every field of that name, nil removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.matches($0.name, name) }?.value }
        set {
            let first = fields.firstIndex { Self.matches($0.name, name) }
            fields.removeAll { Self.matches($0.name, name) }
            guard let newValue else { return }
            fields.insert((name, newValue), at: Swift.min(first ?? fields.count, fields.count))
        }
    }

    /// Every value of a field that may be repeated.
    public func values(_ name: String) -> [String] {
        fields.filter { Self.matches($0.name, name) }.map(\.value)
    }

    /// Appends a field and keeps those of the same name.
    public mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    /// Walks the fields in order.
    public func makeIterator() -> IndexingIterator<[(name: String, value: String)]> { fields.makeIterator() }

    /// Compares two names as ASCII without case.
    private static func matches(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 32 : byte }
}
