// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// A type string of NumPy's array protocol: byte order, kind, size, and a unit for dates.
struct NumPyType: Equatable {
    /// Bytes of one item.
    let itemSize: Int
    /// The kernel's type of it; nil where the kernel has none.
    let element: ElementType?
    /// Whether the bytes of each item stand the other way round than the host has them.
    let isSwapped: Bool

    /// - Returns: nil for what is no type string, and for objects, which have no bytes of their own.
    init?(_ text: String) {
        var characters = Substring(text)
        guard let order = characters.popFirst(), "<>|=".contains(order), let kind = characters.popFirst() else {
            return nil
        }
        if kind == "M" || kind == "m" {
            guard characters == "8" || characters.hasPrefix("8[") && characters.hasSuffix("]") else { return nil }
            (itemSize, element, isSwapped) = (8, nil, false)
            return
        }
        guard characters.utf8.count <= 9, characters.utf8.allSatisfy({ (48...57).contains($0) }),
            let size = Int(characters)
        else { return nil }
        switch kind {
        case "U": itemSize = size * 4
        case "S", "V", "a": itemSize = size
        case "b", "i", "u", "f", "c":
            guard Self.sizes[kind]?.contains(size) == true else { return nil }
            itemSize = size
        default: return nil
        }
        element = Self.elements["\(kind)\(size)"]
        isSwapped = order == ">" && element != nil && size > 1
    }

    /// Items in the host's byte order.
    func swapped(_ bytes: [UInt8]) -> [UInt8] {
        guard isSwapped else { return bytes }
        var swapped = bytes
        for start in stride(from: 0, to: bytes.count, by: itemSize) {
            for index in 0..<itemSize { swapped[start + index] = bytes[start + itemSize - 1 - index] }
        }
        return swapped
    }

    private static let sizes: [Character: [Int]] = [
        "b": [1], "i": [1, 2, 4, 8], "u": [1, 2, 4, 8], "f": [2, 4, 8, 12, 16], "c": [8, 16, 24, 32],
    ]
    private static let elements: [String: ElementType] = [
        "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32,
        "u8": .uint64, "f4": .float32, "f8": .float64,
    ]

    /// How a type of the kernel is written.
    static func text(_ element: ElementType) -> StaticString {
        switch element {
        case .bool: "|b1"
        case .int8: "|i1"
        case .int16: "<i2"
        case .int32: "<i4"
        case .int64: "<i8"
        case .uint8: "|u1"
        case .uint16: "<u2"
        case .uint32: "<u4"
        case .uint64: "<u8"
        case .float32: "<f4"
        case .float64: "<f8"
        @unknown default: "|V1"
        }
    }
}
