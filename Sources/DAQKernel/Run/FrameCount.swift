// Part of daqd
// SPDX-License-Identifier: MIT

/// How many frames an acquisition asked for, got and misses.
public struct FrameCount: Sendable, Hashable {
    /// Frames asked for; `nil`: run till stopped.
    public var expected: Int64?
    /// Different frames received; `nil`: not counted.
    public var received: Int64?
    /// Frames known to be missing; `nil`: not counted.
    ///
    /// While frames come, only gaps count; at the end also those that never came.
    public var missing: Int64?
    /// Frames that came more than once.
    public var duplicates: Int64
    /// The first missing indexes, at most 16 ranges.
    public var gaps: [Range<Int64>]

    /// Makes a count.
    public init(
        expected: Int64?, received: Int64?, missing: Int64?, duplicates: Int64 = 0, gaps: [Range<Int64>] = []
    ) {
        self.expected = expected
        self.received = received
        self.missing = missing
        self.duplicates = duplicates
        self.gaps = gaps
    }

    /// Whether frames were counted at all.
    public var isCounted: Bool { received != nil }

    /// What was counted, in words: `8 of 10 frames`, `8 frames`, `not counted`.
    public var text: String {
        guard let received else { return "not counted" }
        guard let expected else { return received == 1 ? "1 frame" : "\(received) frames" }
        return "\(received) of \(expected) frame\(expected == 1 ? "" : "s")"
    }

    /// The missing indexes in words: `indexes 3, 7–9`; empty where no gap is known.
    public var gapText: String {
        if gaps.isEmpty { return "" }
        let parts = gaps.prefix(8).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound - 1)" }
        let more = gaps.count > 8 ? " …" : ""
        let single = gaps.count == 1 && gaps[0].count == 1
        return (single ? "index " : "indexes ") + parts.joined(separator: ", ") + more
    }
}
