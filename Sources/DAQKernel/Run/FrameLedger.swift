// Part of daqd
// SPDX-License-Identifier: MIT

/// Counts frames by index or by number and knows which indexes have not come.
///
/// In order, a frame costs a comparison and an addition. Late frames close their gap; a frame that came before is a duplicate.
struct FrameLedger: Sendable {
    /// More gaps than this are remembered as a number only.
    static let gapLimit = 65_536

    let expected: Int64?
    let firstIndex: Int64
    private(set) var isCounted: Bool
    private(set) var received: Int64 = 0
    private(set) var duplicates: Int64 = 0
    /// The index that comes next if none is lost.
    private var next: Int64
    /// Indexes below `next` that have not come, in order.
    private var gaps: [Range<Int64>] = []
    /// Missing frames whose indexes were folded away because there were too many gaps.
    private var folded: Int64 = 0
    /// Losses that the source stated without an index.
    private var stated: Int64 = 0

    init(expected: Int64?, firstIndex: Int64 = 0, counted: Bool) {
        self.expected = expected
        self.firstIndex = firstIndex
        isCounted = counted
        next = firstIndex
    }

    /// A ledger that goes on from what a record of an acquisition that has not ended says.
    init(restoring count: FrameCount, firstIndex: Int64) {
        self.init(expected: count.expected, firstIndex: firstIndex, counted: count.isCounted)
        received = count.received ?? 0
        duplicates = count.duplicates
        gaps = count.gaps
        let listed = gaps.reduce(0) { $0 + Int64($1.count) }
        folded = max(0, (count.missing ?? 0) - listed)
        next = firstIndex + received + listed
    }

    /// From now on nothing is known about numbers of frames.
    mutating func stopCounting() { isCounted = false }

    /// Frames came without indexes.
    mutating func add(_ count: Int64) {
        guard count > 0 else { return }
        begin()
        received &+= count
        next &+= count
    }

    /// The source says that frames were lost, without saying which.
    mutating func lose(_ count: Int64) {
        guard count > 0 else { return }
        begin()
        stated &+= count
    }

    /// Frames with these indexes came; `false` when the range is not below ``firstIndex`` or does not fit.
    mutating func add(indexes: Range<Int64>) -> Bool {
        guard indexes.lowerBound >= firstIndex, indexes.upperBound < Int64.max else { return false }
        guard !indexes.isEmpty else { return true }
        begin()
        if indexes.lowerBound > next {
            gaps.append(next..<indexes.lowerBound)
            fold()
            next = indexes.lowerBound
        }
        if indexes.lowerBound == next {
            received &+= indexes.upperBound - next
            next = indexes.upperBound
            return true
        }
        fill(indexes.lowerBound..<min(indexes.upperBound, next))
        if indexes.upperBound > next {
            received &+= indexes.upperBound - next
            next = indexes.upperBound
        }
        return true
    }

    /// The numbers now; `ended` adds the frames that never came.
    func count(ended: Bool) -> FrameCount {
        guard isCounted else { return FrameCount(expected: expected, received: nil, missing: nil) }
        let holes = gaps.reduce(0) { $0 + Int64($1.count) } + folded + stated
        var missing = holes
        var listed = Array(gaps.prefix(16))
        if ended, let expected {
            missing = max(holes, expected - received)
            let end = firstIndex &+ expected
            if listed.count < 16, stated == 0, folded == 0, next < end { listed.append(next..<end) }
        }
        return FrameCount(
            expected: expected, received: received, missing: max(0, missing), duplicates: duplicates, gaps: listed)
    }

    /// A ledger that had nothing to count begins to when the first frame is reported.
    private mutating func begin() { isCounted = true }

    /// Late frames: what was missing is so no longer, the rest came before.
    private mutating func fill(_ range: Range<Int64>) {
        var filled: Int64 = 0
        var index = firstGap(endingAfter: range.lowerBound)
        while index < gaps.count, gaps[index].lowerBound < range.upperBound {
            let gap = gaps[index]
            let common = gap.clamped(to: range)
            filled += Int64(common.count)
            var rest: [Range<Int64>] = []
            if gap.lowerBound < common.lowerBound { rest.append(gap.lowerBound..<common.lowerBound) }
            if common.upperBound < gap.upperBound { rest.append(common.upperBound..<gap.upperBound) }
            gaps.replaceSubrange(index...index, with: rest)
            index += rest.count
        }
        received &+= filled
        duplicates &+= Int64(range.count) - filled
    }

    private func firstGap(endingAfter value: Int64) -> Int {
        var low = 0
        var high = gaps.count
        while low < high {
            let middle = (low + high) / 2
            if gaps[middle].upperBound > value { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Forgets the indexes of the oldest half of too many gaps, not their number.
    private mutating func fold() {
        guard gaps.count > Self.gapLimit else { return }
        let half = Self.gapLimit / 2
        folded += gaps[..<half].reduce(0) { $0 + Int64($1.count) }
        gaps.removeFirst(half)
    }
}
