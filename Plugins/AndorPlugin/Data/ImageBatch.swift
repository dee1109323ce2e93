// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What one look into the camera's buffer brought.
enum BufferLook: Sendable {
    /// Images, and how many were overwritten before them.
    case images(ImageBatch)
    /// Nothing new yet.
    case nothing
    /// There are images, but no memory for them until somebody lets go of older ones.
    case noMemory(newest: Int)
    /// The camera is idle and everything was fetched; so many images it took in all.
    case over(total: Int)
}

/// Images that came in one copy, one behind the other in a block of the pool.
final class ImageBatch: Sendable {
    let context: ImageContext
    /// Index of the first, counted by the SDK from 1.
    let first: Int
    let count: Int
    /// Images before them that were overwritten.
    let lost: Int
    private let block: FrameBlock
    private let offset: Int
    private let times: [UInt64]
    let received: Timestamp
    let monotonicNanoseconds: Int64
    /// Images in the camera's buffer when they were fetched.
    let waiting: Int
    let temperature: Double
    /// In seconds, as it was when they were fetched.
    let exposure: Double
    /// Whether the sensor was not at its set point.
    let isCooling: Bool

    init(
        _ context: ImageContext, first: Int, count: Int, lost: Int, in space: BlockFiller.Space, times: [UInt64],
        waiting: Int, cooling: (celsius: Double, isCooling: Bool)
    ) {
        self.context = context
        self.first = first
        self.count = count
        self.lost = lost
        block = space.block
        offset = space.offset
        self.times = times
        received = .now()
        monotonicNanoseconds = Timestamp.monotonicNanoseconds()
        self.waiting = waiting
        temperature = cooling.celsius
        exposure = context.exposure
        isCooling = cooling.isCooling
    }

    /// Index of the last.
    var last: Int { first + count - 1 }

    /// The bytes of some of the images, where they are.
    func buffer(_ places: Range<Int>) -> FrameBuffer {
        let size = context.bytes
        return block.buffer(offset + places.lowerBound * size..<offset + places.upperBound * size)
    }

    /// The bytes of several runs where they are, if they lie one behind the other, in one block or in neighbours.
    static func buffer(_ runs: [ImageRun]) -> FrameBuffer? {
        guard let first = runs.first else { return nil }
        let begin = first.batch.offset + first.places.lowerBound * first.batch.context.bytes
        var end = begin
        var blocks = [first.batch.block]
        for run in runs {
            let batch = run.batch
            var start = batch.offset + run.places.lowerBound * batch.context.bytes
            if let last = blocks.last, batch.block !== last {
                guard last.isFollowed(by: batch.block) else { return nil }
                blocks.append(batch.block)
            }
            start += (blocks.count - 1) * batch.block.bytes
            guard start == end else { return nil }
            end += run.bytes
        }
        return first.batch.block.buffer(begin..<end, with: Array(blocks.dropFirst()))
    }

    /// The camera's own clock since the start; `nil` where it has none.
    func cameraNanoseconds(_ place: Int) -> Int64? {
        times.indices.contains(place) ? Int64(clamping: times[place]) : nil
    }

    /// The images as the kernel's consumers get them, over the same bytes.
    /// - Parameter count: So many of them.
    func frames(_ channel: String, _ count: Int) -> [Frame] {
        // Made once and then copied: a new frame asks the clock twice, and one holder of the block is enough for all.
        let (whole, size) = (buffer(0..<count), context.bytes)
        var frame = Frame(
            shape: context.shape, elementType: context.elementType, channel: channel, index: first - 1, buffer: whole)
        frame.acquisition = context.acquisition
        frame.received = received
        frame.monotonicNanoseconds = monotonicNanoseconds
        frame.metadata = [
            ("exposure", .float(exposure)), ("em_gain", .integer(Int64(context.emGain))),
            ("temperature", .float(temperature)), ("cooling", .bool(isCooling)),
        ]
        return (0..<count).map { place in
            var frame = frame
            frame.buffer = whole.slice(place * size..<(place + 1) * size)
            frame.index = first + place - 1
            frame.lostBefore = place == 0 ? lost : 0
            frame.deviceNanoseconds = cameraNanoseconds(place)
            return frame
        }
    }
}

/// Looks into a camera's circular buffer; on the gate's thread.
///
/// The SDK tells of a loss in one way only: the oldest image that is left is not the one after the last that was fetched.
struct BufferReader: Sendable {
    /// At most so many images are copied at once, and no more than fit into a block, so that an abort never waits long.
    static let batchImages = 256

    let context: ImageContext
    let hasTimes: Bool
    let filler: BlockFiller

    /// - Parameter retrieved: Index of the last image that was fetched.
    func look(
        _ sdk: SDKLibrary, after retrieved: Int, cooling: (celsius: Double, isCooling: Bool)
    ) throws -> BufferLook {
        // An image may be overwritten between the question and the copy; then the question is asked anew.
        for _ in 0..<100 {
            var found = try sdk.newImages()
            if found == nil {
                guard try sdk.int(.getStatus) == SDKStatus.idle.code else { return .nothing }
                found = try sdk.newImages()  // one may have come between the two questions
            }
            guard let new = found else { return .over(total: max(try total(sdk), retrieved)) }
            guard let space = filler.reserve(imageBytes: context.bytes, atMost: min(Self.batchImages, new.count)) else {
                return .noMemory(newest: new.upperBound)
            }
            let range = new.lowerBound...new.lowerBound + space.count - 1
            guard try copy(sdk, range, space) else { continue }
            filler.fill(space, images: range.count, imageBytes: context.bytes)
            return .images(
                ImageBatch(
                    context, first: range.lowerBound, count: range.count,
                    lost: max(0, range.lowerBound - retrieved - 1), in: space,
                    times: hasTimes ? sdk.imageTimes(range) : [], waiting: new.count, cooling: cooling))
        }
        return .nothing
    }

    /// Images that the camera took in all, as far as this SDK tells.
    private func total(_ sdk: SDKLibrary) throws -> Int {
        sdk.has(.getTotalNumberImagesAcquired) ? try sdk.int(.getTotalNumberImagesAcquired) : 0
    }

    private func copy(_ sdk: SDKLibrary, _ range: ClosedRange<Int>, _ space: BlockFiller.Space) throws -> Bool {
        guard let memory = unsafe space.block.place(space.offset) else { return false }
        return try unsafe sdk.images(range, pixels: context.pixels, isWide: context.isWide, into: memory)
    }
}
