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
        "images lie one behind the other and go on as they lie: to the stream, to the live image, and, where they are large, to clients",
        arguments: [(columns: 8, rows: 6, frames: 20), (columns: 256, rows: 256, frames: 100)])
    func noCopies(columns: Int, rows: Int, frames: Int) async throws {
        let bench = try await Bench("manual=1 start=20 buffer=100000000") {
            $0.start.mode = .kinetic
            $0.start.frames = frames
            $0.start.region = [1, columns, 1, rows]
        }
        try await bench.untilIdle()
        let subscription = bench.device.acquirer.frames.subscribe(.everyDropping(capacity: 100))
        let running = try bench.start("acquire")
        try await eventually("it runs") { try bench.value("state") == .string("acquiring") }
        bench.sim.advance(seconds: 1000)
        #expect(await running.end().state == .succeeded)
        var addresses: [UInt] = []
        for _ in 0..<frames {
            let frame = try #require(await subscription.next())
            addresses.append(frame.buffer.withBytes(Self.address))
        }
        let bytes = columns * rows * 2
        guard case .array(let first) = try await bench.call("get_image"),
            case .array(let images) = try await bench.call("get_images", .integer(Int64(frames))),
            case .array(let live) = try bench.value("live/image")
        else {
            Issue.record("no images")
            return
        }
        let wanted = AcquisitionTests.counter(1, serial: 12859, columns: columns, rows: rows)
        #expect(first.elements(as: UInt16.self) == wanted)
        #expect(images.shape == [frames - 1, rows, columns])
        #expect(live.withBytes(Self.address) == addresses[frames - 1])
        // A hundred of the large ones lie in two blocks.
        #expect(zip(addresses, addresses.dropFirst()).allSatisfy { $0 + UInt(bytes) == $1 })
        // Small results are kept for a while and must not hold the memory of new images: they are copies.
        let isLarge = bytes > DAQKernel.Operation.largeResult
        #expect((first.withBytes(Self.address) == addresses[0]) == isLarge)
        #expect((images.withBytes(Self.address) == addresses[1]) == isLarge)
        #expect((addresses[0]..<addresses[frames - 1]).contains(images.withBytes(Self.address)) == isLarge)
        subscription.cancel()
        await bench.stop()
    }

    @Test("images that do not lie side by side are brought together, in the pool's memory or in their own")
    func broughtTogether() throws {
        let (side, pool) = (256, FramePool(limit: 4 * FramePool.blockBytes))
        var setup = CameraSetup()
        setup.region = ImageRegion(hend: side, vend: side)
        let context = ImageContext(
            acquisition: "a", number: 1, setup: setup, exposure: { 0 }, rows: side, columns: side)
        pool.prepare(imageBytes: context.bytes, bytes: 3 * FramePool.blockBytes)
        var blocks = (0..<4).compactMap { _ in pool.take() }
        let fetched = try [0, 2].map { place in
            let space = BlockFiller.Space(block: blocks[place], offset: 0, count: 1)
            let memory = try #require(space.block.place(0))
            memset(memory, CInt(place + 1), context.bytes)
            let batch = ImageBatch(
                context, first: place + 1, count: 1, lost: 0, in: space, times: [], waiting: 1,
                cooling: (20, false))
            return Pipeline.Fetched(run: ImageRun(batch: batch, places: 0..<1), lostBefore: 0)
        }
        let third = UInt(bitPattern: blocks[3].place(0))
        func expectBoth(_ isInPool: Bool) throws {
            guard case .array(let array) = ImageCommands.stack(fetched, returning: Pipeline(.init()), pool) else {
                Issue.record("no array")
                return
            }
            #expect(array.shape == [2, side, side])
            let pixels = try #require(array.elements(as: UInt16.self))
            #expect(
                pixels.allSatisfy { $0 == 0x0101 || $0 == 0x0303 } && pixels.first == 0x0101 && pixels.last == 0x0303)
            #expect((array.withBytes(Self.address) == third) == isInPool)
        }
        try expectBoth(false)
        blocks.removeLast()
        try expectBoth(true)
        #expect(pool.usage.free == 1)
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

    @Test("a gigabyte of whole frames, fetched one by one, holds no memory of new ones")
    func fetchedImages() async throws {
        let bench = try await Bench("manual=1 start=20") {
            $0.frameMemory = 32 << 20
            $0.start.region = [1, 1024, 1, 1024]
        }
        try await bench.untilIdle()
        try await bench.call("start")
        let pool = bench.device.acquirer.pool
        bench.sim.advance(seconds: bench.sim.cycle * 0.1)
        for index in 1...512 {
            bench.sim.advance(seconds: bench.sim.cycle)
            guard case .array(let image) = try await bench.call("get_image", .float(30)) else {
                Issue.record("image \(index) does not come: \(pool.usage)")
                break
            }
            let number = image.withBytes { $0.loadUnaligned(as: UInt16.self) }
            #expect(number == UInt16(index))
        }
        #expect(bench.sim.counter("lost") == 0)
        #expect(pool.usage.mapped <= 32 << 20)
        await bench.stop()
    }
}
