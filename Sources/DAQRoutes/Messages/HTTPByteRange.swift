// Part of daqd
// SPDX-License-Identifier: MIT

/// What a `Range` header asks of a body of known size (RFC 9110, section 14).
public enum HTTPByteRange: Equatable, Sendable {
    /// The whole body: the header is not understood, or asks for several parts, and is ignored as the standard allows.
    case whole
    /// This part, never empty.
    case part(Range<UInt64>)
    /// Nothing of the body: answer 416.
    case unsatisfiable

    /// Reads a header such as `bytes=0-99`, `bytes=100-` or `bytes=-100`.
    public init(parsing header: String, size: UInt64) {
        let text = header.filter { $0 != " " }
        guard text.lowercased().hasPrefix("bytes=") else { self = .whole; return }
        let range = text.dropFirst(6)
        let parts = range.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
            self = .whole
            return
        }
        switch (UInt64(parts[0]), UInt64(parts[1]), parts[0].isEmpty, parts[1].isEmpty) {
        case (_, _, true, true): self = .whole
        case (_, let suffix, true, false):
            let length = min(suffix ?? .max, size)
            self = length == 0 ? .unsatisfiable : .part(size - length..<size)
        case (let first?, _, false, true): self = first < size ? .part(first..<size) : .unsatisfiable
        case (let first?, let last, false, false):
            let last = last ?? .max
            guard first <= last else { self = .whole; return }
            self = first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
        case (nil, _, false, _): self = .unsatisfiable
        }
    }
}
