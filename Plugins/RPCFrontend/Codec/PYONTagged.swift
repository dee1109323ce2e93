// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Values that are written as a name with arguments, in both encodings.
enum PYONTagged {
    /// The value of a name; nil when the name is not known.
    static func value(_ name: String, _ arguments: [DataValue], at offset: Int) throws(WireError) -> DataValue? {
        switch name {
        case "tuple": .tuple(try items(name, arguments, offset))
        case "set": try set(try items(name, arguments, offset), at: offset)
        case "dict", "OrderedDict": try dictionary(try items(name, arguments, offset), at: offset)
        case "bytes": .bytes(try base64(try only(name, arguments, offset), at: offset))
        case "complex": try complex(arguments, at: offset)
        case "slice": try slice(arguments, at: offset)
        case "Fraction": try fraction(arguments, at: offset)
        case "nparray": try NumPyValue.array(arguments, at: offset)
        case "npscalar": try NumPyValue.scalar(arguments, at: offset)
        default: nil
        }
    }

    private static func only(
        _ name: String, _ arguments: [DataValue], _ offset: Int
    ) throws(WireError) -> DataValue {
        guard arguments.count == 1 else { throw WireError("\(name) takes one argument", at: offset) }
        return arguments[0]
    }

    private static func items(
        _ name: String, _ arguments: [DataValue], _ offset: Int
    ) throws(WireError) -> [DataValue] {
        switch try only(name, arguments, offset) {
        case .list(let items), .tuple(let items): return items
        default: throw WireError("\(name) takes a list", at: offset)
        }
    }

    static func set(_ items: [DataValue], at offset: Int) throws(WireError) -> DataValue {
        guard items.allSatisfy(PYONDictionary.isHashable) else {
            throw WireError("a set cannot hold a list, an array, a set or a dictionary", at: offset)
        }
        return .set(items)
    }

    private static func dictionary(_ items: [DataValue], at offset: Int) throws(WireError) -> DataValue {
        var entries = PYONDictionary()
        for item in items {
            switch item {
            case .list(let pair) where pair.count == 2, .tuple(let pair) where pair.count == 2:
                guard PYONDictionary.isHashable(pair[0]) else {
                    throw WireError("\(pair[0].kind) cannot be a key", at: offset)
                }
                entries.set(pair[0], pair[1])
            default: throw WireError("a dictionary takes pairs", at: offset)
            }
        }
        return .dictionary(entries.entries)
    }

    /// The bytes behind base64, given as a text or, in v1, as bytes.
    static func base64(_ value: DataValue, at offset: Int) throws(WireError) -> [UInt8] {
        let decoded =
            switch value {
            case .string(let text): Base64.decode(Array(text.utf8))
            case .bytes(let bytes): Base64.decode(bytes)
            default: [UInt8]?.none
            }
        guard let decoded else { throw WireError("malformed base64", at: offset) }
        return decoded
    }

    private static func complex(_ arguments: [DataValue], at offset: Int) throws(WireError) -> DataValue {
        let numbers = arguments.compactMap(number)
        guard (1...2).contains(numbers.count), numbers.count == arguments.count else {
            throw WireError("complex takes one or two numbers", at: offset)
        }
        return .complex(real: numbers[0], imaginary: numbers.count > 1 ? numbers[1] : 0)
    }

    private static func number(_ value: DataValue) -> Double? {
        if case .bigInteger(let digits) = value { Double(digits) } else { value.double }
    }

    private static func slice(_ arguments: [DataValue], at offset: Int) throws(WireError) -> DataValue {
        switch arguments.count {
        case 1: .extended(.slice(start: .null, stop: arguments[0], step: .null))
        case 2: .extended(.slice(start: arguments[0], stop: arguments[1], step: .null))
        case 3: .extended(.slice(start: arguments[0], stop: arguments[1], step: arguments[2]))
        default: throw WireError("slice takes one to three values", at: offset)
        }
    }

    private static func fraction(_ arguments: [DataValue], at offset: Int) throws(WireError) -> DataValue {
        let parts = arguments.count == 1 ? arguments + [.integer(1)] : arguments
        guard parts.count == 2, parts.allSatisfy(isWhole), parts[1] != .integer(0) else {
            throw WireError("Fraction takes two whole numbers, the second not 0", at: offset)
        }
        return .extended(.fraction(numerator: parts[0], denominator: parts[1]))
    }

    private static func isWhole(_ value: DataValue) -> Bool {
        switch value {
        case .integer, .unsigned, .bigInteger: true
        default: false
        }
    }
}
