// Part of daqd
// SPDX-License-Identifier: MIT

extension DataValue {
    /// Whether its contents take more than so many bytes; looks no further than it must.
    func isLarger(than bytes: Int) -> Bool {
        var left = bytes
        return !fits(&left)
    }

    /// Whether it fits into what is left; takes off what it needs.
    private func fits(_ left: inout Int) -> Bool {
        switch self {
        case .null, .bool, .integer, .unsigned, .float, .complex: left -= 8
        case .string(let text), .bigInteger(let text): left -= text.utf8.count
        case .array(let array): left -= array.byteCount
        case .strings(let texts): return texts.allSatisfy { DataValue.string($0).fits(&left) }
        case .bytes(let bytes): left -= bytes.count
        case .list(let items), .tuple(let items), .set(let items): return items.allSatisfy { $0.fits(&left) }
        case .dictionary(let entries): return entries.allSatisfy { $0.key.fits(&left) && $0.value.fits(&left) }
        case .extended(let value): return value.parts.allSatisfy { $0.fits(&left) }
        }
        return left >= 0
    }
}

extension ExtendedValue {
    /// The values that it is made of.
    fileprivate var parts: [DataValue] {
        switch self {
        case .slice(let start, let stop, let step): [start, stop, step]
        case .fraction(let numerator, let denominator): [numerator, denominator]
        case .scalar(_, let value), .opaque(_, let value): [value]
        }
    }
}
