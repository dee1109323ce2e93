// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Synchronization
import Testing

@testable import AndorPlugin
@testable import DAQKernel

@Suite("memory for images")
struct MemoryTests {
    /// Where an array's or a frame's bytes are.
    private static func address(_ raw: UnsafeRawBufferPointer) -> UInt { UInt(bitPattern: raw.baseAddress) }

    @Test(
        "blocks come back when the last holder lets go and are used again, never more than the limit allows")
    func blocks() throws {
        let pool = FramePool(limit: 5 * FramePool.blockBytes)
        pool.prepare(imageBytes: 1000, bytes: 3 * FramePool.blockBytes)
        #expect(pool.usage == FramePool.Usage(blocks: 3, free: 3, mapped: 3 * FramePool.blockBytes))
        var held = (0..<6).map { _ in pool.take() }
        #expect(held.compactMap(\.self).count == 5)
        #expect(held[5] == nil)
        let addresses = Set(held.compactMap { $0.map { UInt(bitPattern: $0.place(0)) } })
        #expect(addresses.count == 5)
        let buffer = try #require(held[0]).buffer(0..<100)
        held = []
        #expect(pool.usage.free == 4)
        #expect(buffer.withBytes { $0.count } == 100)
        let again = (0..<4).map { _ in pool.take() }
        #expect(again.allSatisfy { $0.map { addresses.contains(UInt(bitPattern: $0.place(0))) } == true })
        #expect(pool.take() == nil)
    }

    @Test("images of another size get blocks of their own; old ones are given back once nobody holds them")
    func sizes() throws {
        let pool = FramePool(limit: 1 << 30)
        pool.prepare(imageBytes: 100, bytes: 0)
        let old = pool.take()
        let large = FramePool.blockBytes + 5000
        pool.prepare(imageBytes: large, bytes: 3 * large)
        let filler = BlockFiller(pool)
        let space = try #require(filler.reserve(imageBytes: large, atMost: 10))
        #expect(space.count == 1 && space.offset == 0)
        filler.fill(space, images: 1, imageBytes: large)
        #expect(try #require(filler.reserve(imageBytes: large, atMost: 10)).block !== space.block)
        #expect(try #require(old).bytes == FramePool.blockBytes)
        let mapped = pool.usage.mapped
        withExtendedLifetime(old) {}
        #expect(mapped >= FramePool.blockBytes)
    }

    @Test(
        "images lie one behind the other and go on as they lie: to the stream and to the live image"
    )
    func noCopies() async throws {
        let bench = try await Bench("manual=1 start=20") {
            $0.start.mode = .kinetic
            $0.start.frames = 20
        }
        try await bench.untilIdle()
        let subscription = bench.device.acquirer.frames.subscribe(.everyDropping(capacity: 100))
        let running = try bench.start("acquire")
        try await eventually("it runs") { try bench.value("state") == .string("acquiring") }
        bench.sim.advance(seconds: 100)
        #expect(await running.end().state == .succeeded)
        var addresses: [UInt] = []
        for _ in 0..<20 {
            let frame = try #require(await subscription.next())
            addresses.append(frame.buffer.withBytes(Self.address))
        }
        guard case .array(let first) = try await bench.call("get_image"),
            case .array(let images) = try await bench.call("get_images", .integer(100)),
            case .array(let live) = try bench.value("live/image")
        else {
            Issue.record("no images")
            return
        }
        #expect(first.elements(as: UInt16.self) == AcquisitionTests.counter(1, serial: 12859, columns: 8, rows: 6))
        #expect(images.shape == [19, 6, 8])
        // Results of commands are copies: they are kept for a while and must not hold the memory of new images.
        #expect(!addresses.contains(images.withBytes(Self.address)))
        #expect(live.withBytes(Self.address) == addresses[19])
        #expect(zip(addresses, addresses.dropFirst()).allSatisfy { $0 + 96 == $1 })
        subscription.cancel()
        await bench.stop()
    }

    @Test(
        "when all memory is held, images wait in the camera's buffer and are counted there; when it is let go they come again"
    )
    func exhausted() async throws {
        let bench = try await Bench("speed=20 start=20") {
            $0.frameMemory = 32 << 20
            $0.start.region = [1, 1024, 1, 1024]
        }
        try await bench.untilIdle()
        let subscription = bench.device.acquirer.frames.subscribe(.everyBlocking(capacity: 1000))
        try await bench.call("start")
        let pool = bench.device.acquirer.pool
        try await eventually("all memory is held") { pool.usage.free == 0 }
        let acquired = bench.sim.counter("acquired")
        try await eventually("the camera's buffer overruns") { bench.sim.counter("acquired") > acquired + 60 }
        #expect(pool.usage.mapped <= 32 << 20)
        #expect(pool.usage.free == 0)
        let consumer = Task {
            var (next, lost, frames) = (0, 0, 0)
            while let frame = await subscription.next() {
                #expect(frame.index == next + frame.lostBefore)
                let pixel = frame.buffer.withBytes { $0.loadUnaligned(as: UInt16.self) }
                #expect(pixel == UInt16(truncatingIfNeeded: frame.index + 1))
                (next, lost, frames) = (frame.index + 1, lost + frame.lostBefore, frames + 1)
            }
            return (lost, frames)
        }
        try await eventually("the loss is told") { try bench.number("acquisition/lost") > 0 }
        try await bench.call("stop")
        let record = try #require(try await bench.records().first)
        let total = Int64(bench.sim.counter("acquired"))
        let received = try #require(record.frames.received)
        try await eventually("everything was taken") { subscription.delivered == UInt64(received) }
        subscription.cancel()
        let (lost, frames) = await consumer.value
        #expect(Int64(frames) == received)
        #expect(Int64(lost) == record.frames.missing)
        #expect(received + (record.frames.missing ?? 0) == total)
        #expect(record.state == .failed)
        await bench.stop()
    }

    @Test("an abort gets through while all memory is held")
    func abortWithoutMemory() async throws {
        let bench = try await Bench("speed=20 start=20") {
            $0.frameMemory = 32 << 20
            $0.start.region = [1, 1024, 1, 1024]
        }
        try await bench.untilIdle()
        let subscription = bench.device.acquirer.frames.subscribe(.everyBlocking(capacity: 1000))
        try await bench.call("start")
        let pool = bench.device.acquirer.pool
        try await eventually("all memory is held") { pool.usage.free == 0 }
        let acquired = bench.sim.counter("acquired")
        try await eventually("the camera's buffer overruns") { bench.sim.counter("acquired") > acquired + 60 }
        try await bench.call("abort")
        #expect(!bench.device.acquirer.isBusy)
        subscription.cancel()
        await bench.stop()
    }

    @Test("an image that somebody holds stays as it was while thousands follow in the same memory")
    func heldImage() async throws {
        let bench = try await Bench("speed=20 start=20 cameras=897:7") {
            $0.start.region = [1, 128, 1, 128]
            $0.frameMemory = 32 << 20
            $0.start.exposure = 0
        }
        try await bench.untilIdle()
        try await bench.call("start")
        guard case .array(let held) = try await bench.call("get_image", .float(60)) else {
            Issue.record("no image")
            return
        }
        try await eventually("thousands follow") { bench.sim.counter("acquired") > 4000 }
        try await bench.call("stop")
        let pixels = try #require(held.elements(as: UInt16.self))
        #expect(pixels == AcquisitionTests.counter(Int(pixels[0]), serial: 7, columns: 128, rows: 128))
        #expect(bench.device.acquirer.pool.usage.mapped <= 32 << 20)
        await bench.stop()
    }

    @Test("whole frames fetched one by one hold no memory of new ones, however many: none is lost")
    func fetchedImages() async throws {
        let bench = try await Bench("speed=20 start=20 buffer=1000000000") {
            $0.frameMemory = 32 << 20
            $0.start.region = [1, 1024, 1, 1024]
            $0.start.mode = .kinetic
            $0.start.frames = 60
            $0.pipeline.images = 8
        }
        try await bench.untilIdle()
        let running = try bench.start("acquire")
        var held: [DataValue] = []
        while !running.status.state.isFinal {
            let image = try await bench.call("get_image", .float(0.05))
            if image != .null { held.append(image) }
        }
        #expect(!held.isEmpty)
        #expect(try await bench.records().first?.state == .done)
        #expect(bench.device.acquirer.pool.usage.mapped <= 32 << 20)
        await bench.stop()
    }
}
