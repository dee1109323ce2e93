// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel

@Suite("Frame ledger")
struct FrameLedgerTests {
    /// A generator with a seed, so that a failure can be repeated.
    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var value = state
            value ^= value >> 33
            value = value &* 0xff51_afd7_ed55_8ccd
            return value ^ value >> 33
        }
    }

    @Test("agrees with a set of indexes, whatever the order, the gaps and the repetitions", arguments: 0..<200)
    func againstASet(seed: Int) {
        var generator = Generator(state: UInt64(seed))
        let first = Int64.random(in: 0...2, using: &generator)
        let expected: Int64? = Bool.random(using: &generator) ? 60 : nil
        var ledger = FrameLedger(expected: expected, firstIndex: first, counted: true)
        var seen: Set<Int64> = []
        var duplicates: Int64 = 0
        for _ in 0..<60 {
            let low = first + Int64.random(in: 0..<60, using: &generator)
            let range = low..<(low + Int64.random(in: 0...5, using: &generator))
            ledger.take(range)
            for index in range where !seen.insert(index).inserted { duplicates += 1 }
        }
        let count = ledger.count(ended: true)
        let top = seen.max() ?? first - 1
        let gaps = (top + 1 - first) - Int64(seen.count)
        #expect(count.received == Int64(seen.count))
        #expect(count.duplicates == duplicates)
        #expect(count.missing == max(gaps, (expected ?? 0) - Int64(seen.count)))
        #expect(ledger.count(ended: false).missing == gaps)
        for gap in ledger.count(ended: false).gaps { #expect(gap.allSatisfy { !seen.contains($0) }) }
    }

    @Test("the last frame missing, the first missing, all missing")
    func edges() {
        var last = FrameLedger(expected: 10, firstIndex: 1, counted: true)
        last.take(1..<10)
        #expect(last.count(ended: true).missing == 1)
        #expect(last.count(ended: true).gaps == [10..<11])
        #expect(last.count(ended: true).gapText == "index 10")
        var first = FrameLedger(expected: 10, firstIndex: 1, counted: true)
        first.take(2..<11)
        #expect(first.count(ended: true).gaps == [1..<2])
        let none = FrameLedger(expected: 10, counted: true)
        #expect(none.count(ended: true).missing == 10)
        let empty = FrameLedger(expected: 0, counted: true)
        #expect(empty.count(ended: true).missing == 0)
    }

    @Test("an index gap counts although more frames came than were asked for")
    func gapBesideSurplus() {
        var ledger = FrameLedger(expected: 10, counted: true)
        ledger.take(0..<9)
        ledger.take(10..<14)
        #expect(ledger.count(ended: true).missing == 1)
    }

    @Test("indexes that cannot be are refused and change nothing")
    func refused() {
        var ledger = FrameLedger(expected: 10, firstIndex: 1, counted: true)
        ledger.take(0..<1, accepted: false)
        ledger.take(-5..<2, accepted: false)
        ledger.take(5..<Int64.max, accepted: false)
        ledger.add(-3)
        ledger.lose(-3)
        #expect(ledger.count(ended: true).received == 0)
        #expect(ledger.count(ended: true).missing == 10)
    }

    @Test("stated losses count, and what cannot be counted says so")
    func losses() {
        var ledger = FrameLedger(expected: nil, counted: true)
        ledger.add(5)
        ledger.lose(2)
        #expect(ledger.count(ended: true).missing == 2)
        ledger.stopCounting()
        #expect(!ledger.count(ended: true).isCounted)
        #expect(ledger.count(ended: true).text == "not counted")
        var late = FrameLedger(expected: 4, counted: false)
        #expect(!late.count(ended: true).isCounted)
        late.add(4)
        #expect(late.count(ended: true).received == 4)
    }

    @Test("every second frame of 400,000 lost keeps the number when the gaps are too many to list")
    func manyGaps() {
        var ledger = FrameLedger(expected: nil, counted: true)
        for index in stride(from: Int64(1), to: 400_000, by: 2) { ledger.take(index..<(index + 1)) }
        #expect(ledger.count(ended: true).missing == 200_000)
        #expect(ledger.count(ended: true).received == 200_000)
        #expect(ledger.count(ended: true).gaps.count == 16)
    }

    @Test("goes on after a restart where it was")
    func restored() {
        var ledger = FrameLedger(expected: 20, counted: true)
        ledger.take(0..<5)
        ledger.take(7..<10)
        var next = FrameLedger(restoring: ledger.count(ended: false), firstIndex: 0)
        #expect(next.count(ended: false) == ledger.count(ended: false))
        next.take(5..<6)
        next.take(10..<20)
        #expect(next.count(ended: true).missing == 1)
        #expect(next.count(ended: true).gaps == [6..<7])
    }
}

extension FrameLedger {
    /// Adds and checks the answer; the macro cannot call what changes its receiver.
    fileprivate mutating func take(_ indexes: Range<Int64>, accepted: Bool = true) {
        let answer = add(indexes: indexes)
        #expect(answer == accepted)
    }
}
