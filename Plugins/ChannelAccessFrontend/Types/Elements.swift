// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// A value as the native type of its variable has it, before it becomes what a client asks for.
enum Elements {
    /// A whole number within the native type.
    case whole(Int64)
    /// A floating-point number.
    case real(Double)
    /// A state of an enumeration with its label.
    case index(UInt16, String)
    /// A text.
    case text(String)
    /// Several texts.
    case texts([String])
    /// Numbers.
    case array(ArrayValue)

    /// How many elements there are.
    var count: Int {
        switch self {
        case .whole, .real, .index, .text: 1
        case .texts(let texts): texts.count
        case .array(let array): array.count
        }
    }

    /// The elements of a value; one that does not fit the native type is shown as it can be.
    init(_ value: DataValue, _ native: NativeType, isLongString: Bool, labels: [String]) {
        switch value {
        case .array(let array): self = native == .string ? .texts(Self.texts(array)) : .array(array)
        case .bytes(let bytes): self = Self.characters(bytes)
        case .strings(let texts): self = .texts(texts)
        case _ where isLongString: self = Self.characters(Array(Self.text(value).utf8) + [0])
        default: self = Self.scalar(value, native, labels)
        }
    }

    private static func scalar(_ value: DataValue, _ native: NativeType, _ labels: [String]) -> Elements {
        switch native {
        case .string: .text(text(value))
        case .enum: state(value, labels)
        case .double, .float: real(value)
        case .short: .whole(whole(value, -32768...32767))
        case .char: .whole(whole(value, 0...255))
        case .long: .whole(whole(value, -2_147_483_648...2_147_483_647))
        }
    }

    private static func real(_ value: DataValue) -> Elements {
        if case .integer(let number) = value { return .whole(number) }
        return .real(value.double ?? 0)
    }

    private static func whole(_ value: DataValue, _ range: ClosedRange<Int64>) -> Int64 {
        let number: Int64 =
            switch value {
            case .integer(let number): number
            case .unsigned: .max
            default: NumberConversion.saturated(value.double ?? 0)
            }
        return min(max(number, range.lowerBound), range.upperBound)
    }

    /// A label that is none of the states keeps its words and gets the first number that is none either.
    private static func state(_ value: DataValue, _ labels: [String]) -> Elements {
        if case .string(let label) = value {
            return .index(UInt16(clamping: labels.firstIndex(of: label) ?? labels.count), label)
        }
        let index = UInt16(clamping: whole(value, 0...65535))
        return .index(index, labels.indices.contains(Int(index)) ? labels[Int(index)] : "")
    }

    private static func text(_ value: DataValue) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        default: value.json.text
        }
    }

    private static func texts(_ array: ArrayValue) -> [String] { (0..<array.count).map { text(array[$0]) } }

    private static func characters(_ bytes: [UInt8]) -> Elements {
        ArrayValue(.uint8, shape: [bytes.count], bytes: bytes).map { .array($0) } ?? .texts([])
    }
}
