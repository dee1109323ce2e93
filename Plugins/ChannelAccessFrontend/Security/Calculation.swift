// Part of daqd
// SPDX-License-Identifier: MIT

/// The condition of an access rule: numbers, inputs `A` to `U`, comparisons, logic and arithmetic.
///
/// Bounded in length and depth, so that a file cannot make the server busy.
struct Calculation: Sendable, Equatable {
    static let letters = UInt8(ascii: "A")...UInt8(ascii: "U")
    static let maximumBytes = 256
    static let maximumDepth = 32

    private indirect enum Node: Sendable, Equatable {
        case number(Double)
        case input(UInt8)
        case negative(Node)
        case not(Node)
        case binary(Operator, Node, Node)
    }

    private enum Operator: String, Sendable, CaseIterable {
        case or = "||"
        case and = "&&"
        case equal = "=="
        case unequal = "!="
        case atMost = "<="
        case atLeast = ">="
        case oldEqual = "="
        case oldUnequal = "#"
        case less = "<"
        case greater = ">"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case over = "/"

        var strength: Int {
            switch self {
            case .or: 1
            case .and: 2
            case .equal, .unequal, .atMost, .atLeast, .oldEqual, .oldUnequal, .less, .greater: 3
            case .plus, .minus: 4
            case .times, .over: 5
            }
        }

        func applied(_ left: Double, _ right: Double) -> Double {
            switch self {
            case .or: left != 0 || right != 0 ? 1 : 0
            case .and: left != 0 && right != 0 ? 1 : 0
            case .equal, .oldEqual: left == right ? 1 : 0
            case .unequal, .oldUnequal: left != right ? 1 : 0
            case .atMost: left <= right ? 1 : 0
            case .atLeast: left >= right ? 1 : 0
            case .less: left < right ? 1 : 0
            case .greater: left > right ? 1 : 0
            case .plus: left + right
            case .minus: left - right
            case .times: left * right
            case .over: left / right
            }
        }
    }

    private let root: Node
    /// The inputs that it looks at.
    let letters: Set<UInt8>

    /// - Returns: `nil` when the text is no such condition.
    init?(_ text: String) {
        let words = text.utf8.split { $0 == 32 || $0 == 9 }
        // A blank parts two numbers or inputs, between which an operator must stand.
        for (left, right) in zip(words, words.dropFirst()) {
            if let end = left.last, let start = right.first, Self.isWord(end), Self.isWord(start) { return nil }
        }
        let bytes = words.flatMap { $0 }
        guard !bytes.isEmpty, bytes.count <= Self.maximumBytes else { return nil }
        var reader = Reader(rest: bytes[...])
        guard let root = reader.expression(above: 0, depth: 0), reader.rest.isEmpty else { return nil }
        self.root = root
        letters = reader.letters
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || byte == UInt8(ascii: ".") || (65...90).contains(byte & 0xDF)
    }

    /// The result; a missing input counts as 0.
    func value(_ inputs: [UInt8: Double]) -> Double { Self.value(root, inputs) }

    private static func value(_ node: Node, _ inputs: [UInt8: Double]) -> Double {
        switch node {
        case .number(let number): number
        case .input(let letter): inputs[letter] ?? 0
        case .negative(let inner): -value(inner, inputs)
        case .not(let inner): value(inner, inputs) == 0 ? 1 : 0
        case .binary(let operation, let left, let right):
            operation.applied(value(left, inputs), value(right, inputs))
        }
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>
        var letters: Set<UInt8> = []

        mutating func take(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            rest.removeFirst(text.utf8.count)
            return true
        }

        mutating func expression(above strength: Int, depth: Int) -> Node? {
            guard depth < Calculation.maximumDepth, var left = operand(depth) else { return nil }
            while let operation = Operator.allCases.first(where: { rest.starts(with: $0.rawValue.utf8) }),
                operation.strength > strength
            {
                rest.removeFirst(operation.rawValue.utf8.count)
                guard let right = expression(above: operation.strength, depth: depth + 1) else { return nil }
                left = .binary(operation, left, right)
            }
            return left
        }

        private mutating func operand(_ depth: Int) -> Node? {
            guard depth < Calculation.maximumDepth, let first = rest.first else { return nil }
            if take("(") {
                guard let inner = expression(above: 0, depth: depth + 1), take(")") else { return nil }
                return inner
            }
            if take("-") { return operand(depth + 1).map { .negative($0) } }
            if take("!") { return operand(depth + 1).map { .not($0) } }
            let upper = first & 0xDF
            if Calculation.letters.contains(upper), !(rest.dropFirst().first.map(isLetter) ?? false) {
                rest.removeFirst()
                letters.insert(upper)
                return .input(upper)
            }
            let digits = rest.prefix { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
            guard let number = Double(String(decoding: digits, as: UTF8.self)) else { return nil }
            rest.removeFirst(digits.count)
            return .number(number)
        }

        private func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF) }
    }
}
