// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DAQKernel

@Suite("Frames")
struct FrameTests {
    func frame(_ index: Int) -> Frame {
        Frame(
            shape: [1, 4], elementType: .uint8, channel: "c", index: index,
            buffer: FrameBuffer([1, 2, 3, UInt8(index)]))
    }

    @Test("a slow viewer gets the newest, a dropping consumer counts what it lost")
    func policies() async {
        let source = FrameSource(channel: "c")
        let newest = source.subscribe(.newest)
        let dropping = source.subscribe(.everyDropping(capacity: 3))
        for index in 0..<10 { source.publish(frame(index)) }
        #expect(await newest.next()?.index == 9)
        #expect(newest.dropped == 9)
        var indexes: [Int] = []
        for _ in 0..<3 { indexes.append(await dropping.next()?.index ?? -1) }
        #expect(indexes == [0, 1, 2])
        #expect(dropping.dropped == 7)
        newest.cancel()
        #expect(await newest.next() == nil)
        #expect(source.count == 10)
    }

    @Test("a blocking consumer slows the source and gets every frame")
    func blocking() async {
        let source = FrameSource(channel: "c")
        let consumer = source.subscribe(.everyBlocking(capacity: 2))
        let thread = SubscriptionTests.Publisher { for index in 0..<200 { source.publish(frame(index)) } }.start()
        for index in 0..<200 {
            let frame = await consumer.next()
            #expect(frame?.index == index)
            #expect(frame?.buffer.withBytes { $0.count } == 4)
        }
        pthread_join(thread, nil)
        #expect(consumer.dropped == 0)
    }
}
