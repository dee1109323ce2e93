// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// A part of an array: `[3]`, `[1:5]`, `[0:2:-1]`; both ends belong to it, and negative indexes count from the end.
struct Subarray: Equatable, Sendable {
    var start = 0
    var increment = 1
    var end = -1

    /// Which elements there are of so many.
    struct Selection: Equatable {
        var first: Int
        var step: Int
        var count: Int
    }

    /// The elements of an array of a length.
    func selection(of length: Int) -> Selection {
        let first = min(max(start < 0 ? start + length : start, 0), length)
        let last = min(max(end < 0 ? end + length : end, 0), length - 1)
        return Selection(first: first, step: increment, count: last >= first ? (last - first) / increment + 1 : 0)
    }

    /// The elements of a value; a scalar stays as it is.
    func applied(to value: DataValue) -> DataValue {
        switch value {
        case .array(let array):
            guard let part = array.part(selection(of: array.count)) else { return value }
            return .array(part)
        case .bytes(let bytes): return .bytes(Self.picked(bytes, selection(of: bytes.count)))
        case .strings(let texts): return .strings(Self.picked(texts, selection(of: texts.count)))
        default: return value
        }
    }

    private static func picked<Element>(_ elements: [Element], _ selection: Selection) -> [Element] {
        (0..<selection.count).map { elements[selection.first + $0 * selection.step] }
    }

    /// What stands between the brackets.
    /// - Returns: `nil` when it is not one, two or three whole numbers of 31 bits with an increment of at least 1.
    init?(_ text: ArraySlice<UInt8>) {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count) else { return nil }
        var numbers: [Int?] = []
        for part in parts {
            if part.isEmpty {
                numbers.append(nil)
            } else if let number = Int32(String(decoding: part, as: UTF8.self)) {
                numbers.append(Int(number))
            } else {
                return nil
            }
        }
        guard let first = numbers.first, let last = numbers.last else { return nil }
        if parts.count == 1 {
            guard let first else { return nil }
            (start, end) = (first, first)
        } else {
            (start, end) = (first ?? 0, last ?? -1)
        }
        if parts.count == 3 { increment = numbers[1] ?? 1 }
        guard increment >= 1 else { return nil }
    }

    init?(start: Int, increment: Int, end: Int) {
        guard increment >= 1 else { return nil }
        (self.start, self.increment, self.end) = (start, increment, end)
    }
}

extension ArrayValue {
    /// Chosen elements, in one dimension.
    fileprivate func part(_ selection: Subarray.Selection) -> ArrayValue? {
        let size = elementType.size
        var chosen: [UInt8] = []
        chosen.reserveCapacity(selection.count * size)
        for index in 0..<selection.count {
            let offset = (selection.first + index * selection.step) * size
            chosen.append(contentsOf: bytes[offset..<offset + size])
        }
        return ArrayValue(elementType, shape: [selection.count], bytes: chosen)
    }
}
