// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc
import Synchronization
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

    @Test("frames that come together reach every kind of consumer in order", arguments: [1, 3, 64])
    func batches(_ most: Int) async {
        let source = FrameSource(channel: "c")
        #expect(!source.hasConsumers)
        let every = source.subscribe(.everyBlocking(capacity: 4))
        let dropping = source.subscribe(.everyDropping(capacity: 7))
        let newest = source.subscribe(.newest)
        #expect(source.hasConsumers)
        let thread = SubscriptionTests.Publisher {
            for first in stride(from: 0, to: 200, by: 10) {
                source.publish(contentsOf: (first..<first + 10).map { frame($0) })
            }
        }.start()
        var seen: [Int] = []
        while seen.count < 200 { seen += await every.next(atMost: most).map(\.index) }
        pthread_join(thread, nil)
        #expect(seen == Array(0..<200))
        #expect(await dropping.next(atMost: 100).map(\.index) == Array(0..<7))
        #expect(dropping.dropped == 193)
        #expect(await newest.next()?.index == 199)
        #expect(newest.dropped == 199)
        #expect(source.count == 200)
        for consumer in [every, dropping, newest] { consumer.cancel() }
        #expect(!source.hasConsumers)
        #expect(await every.next(atMost: 5).isEmpty)
    }

    @Test("frames that were taken are let go at once, while others still wait")
    func takenAreFree() async {
        let released = Released()
        let source = FrameSource(channel: "c")
        let subscription = source.subscribe(.everyDropping(capacity: 20))
        for index in 0..<20 {
            let memory = FrameBuffer([UInt8](repeating: 0, count: 4))
            let buffer = unsafe memory.withBytes { raw in
                unsafe FrameBuffer(borrowing: raw) {
                    withExtendedLifetime(memory) {}
                    released.note()
                }
            }
            source.publish(Frame(shape: [4], elementType: .uint8, channel: "c", index: index, buffer: buffer))
        }
        for taken in 1...19 {
            #expect(await subscription.next()?.index == taken - 1)
            #expect(released.count == taken)
        }
        #expect(await subscription.next(atMost: 5).map(\.index) == [19])
        #expect(released.count == 20)
    }

    @Test("an array over a frame's memory is the array of its bytes, and lets the memory go")
    func sharedArray() throws {
        let released = Released()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe memory.deallocate() }
        for index in 0..<8 { unsafe memory[index] = UInt8(index) }
        do {
            let buffer = unsafe FrameBuffer(borrowing: UnsafeRawBufferPointer(memory)) { released.note() }
            #expect(ArrayValue(.uint16, shape: [2, 3], buffer: buffer) == nil)
            let shared = try #require(ArrayValue(.uint16, shape: [2, 2], buffer: buffer))
            let own = try #require(ArrayValue(.uint16, shape: [2, 2], bytes: [0, 1, 2, 3, 4, 5, 6, 7]))
            #expect(shared == own)
            #expect(shared.bytes == own.bytes)
            #expect(shared.byteCount == 8)
            #expect(shared.count == 4)
            #expect(shared.elements(as: UInt16.self) == own.elements(as: UInt16.self))
            #expect(shared[3] == own[3])
            #expect(shared.withBytes { unsafe $0.baseAddress == UnsafeRawPointer(memory.baseAddress) })
            #expect(released.count == 0)
        }
        #expect(released.count == 1)
    }

    @Test("a slice is where the whole is, and holds the memory when the whole is gone")
    func slices() {
        let released = Released()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe memory.deallocate() }
        for index in 0..<8 { unsafe memory[index] = UInt8(index) }
        do {
            let slice: FrameBuffer
            do {
                let whole = unsafe FrameBuffer(borrowing: UnsafeRawBufferPointer(memory)) { released.note() }
                slice = whole.slice(2..<7).slice(1..<4)
                #expect(whole.slice(8..<8).count == 0)
            }
            #expect(released.count == 0)
            #expect(slice.count == 3)
            #expect(slice.withBytes { raw in unsafe Array(raw) } == [3, 4, 5])
            #expect(
                slice.withBytes { unsafe $0.baseAddress == memory.baseAddress.map { unsafe UnsafeRawPointer($0 + 3) } })
        }
        #expect(released.count == 1)
    }

    final class Released: Sendable {
        private let number = Atomic<Int>(0)
        var count: Int { number.load(ordering: .acquiring) }
        func note() { number.add(1, ordering: .acquiringAndReleasing) }
    }
}
