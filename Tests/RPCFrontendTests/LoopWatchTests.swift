// Part of daqd
// SPDX-License-Identifier: MIT

@testable import RPCFrontend
import Testing

@Suite("RPC, staying awake between calls")
struct LoopWatchTests {
    /// How many close events must come before it stays awake.
    private func patience(_ watch: inout LoopWatch) -> Int {
        var count = 0
        while !watch.staysAwake, count < 100_000 {
            watch.woke(after: 1_000)
            count += 1
        }
        return count
    }

    @Test("it stays awake after a row of close events, and an event that is far sends it to sleep")
    func row() {
        var watch = LoopWatch(span: 20_000)
        #expect(!watch.staysAwake)
        #expect(patience(&watch) == 16)
        watch.woke(after: 20_000)
        #expect(!watch.staysAwake)
        for _ in 0..<15 { watch.woke(after: 19_999) }
        watch.woke(after: 1_000_000)
        #expect(patience(&watch) == 16)
    }

    @Test("each miss doubles what must come before the next try, up to a limit; a row of hits takes it back")
    func misses() {
        var watch = LoopWatch(span: 20_000)
        for expected in [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096] {
            #expect(patience(&watch) == expected)
            watch.missed()
            #expect(!watch.staysAwake)
        }
        #expect(patience(&watch) == 4096)
        for _ in 0..<4096 + 2048 + 1024 + 512 + 256 + 128 + 64 + 32 { watch.saw() }
        #expect(watch.staysAwake)
        watch.missed()
        #expect(patience(&watch) == 32)
    }

    @Test("without a span it never stays awake")
    func unused() {
        var watch = LoopWatch(span: 0)
        for _ in 0..<10_000 { watch.woke(after: 0) }
        #expect(!watch.staysAwake)
    }
}
