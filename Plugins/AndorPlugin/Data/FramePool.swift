// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc
import Synchronization

/// Memory for a camera's images, in blocks that are used again and again.
///
/// Fresh memory costs a page fault for every 4096 bytes, more than the copy out of the camera's buffer. So a block that nobody holds
/// any more stays mapped and warm for the next images. All blocks lie in one range of addresses, and the next block is the
/// neighbour of the last where that is possible: then images go on without a gap from block to block, and many can be sent as one array.
/// Else the lowest block is taken, so that a fast consumer keeps the whole way in the processor's cache. Images lie one
/// after the other in a block and hold it as long as somebody needs them.
final class FramePool: Sendable {
    /// A block holds several images of this size in all, or one larger image.
    static let blockBytes = 2 << 20
    /// So many blocks there may always be, whatever the limit: one is written, one delivered, one shown, one sent.
    static let leastBlocks = 4
    /// The neighbour is taken when it is no further up than this from the lowest block.
    private static let window = 4

    private struct State {
        var range: BlockRange?
        /// For each block that was used so far: whether nobody holds it.
        var isFree: [Bool] = []
        /// Blocks of this range that somebody holds, and those whose memory was given back to the system.
        var held = 0
        var isEmpty: Set<Int> = []
    }

    /// How the memory is used.
    struct Usage: Equatable {
        /// Blocks in all, and those that nobody holds.
        var blocks = 0
        var free = 0
        /// Bytes of all blocks.
        var mapped = 0
    }

    /// Bytes at most, unless fewer than ``leastBlocks`` blocks fit.
    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// How the memory is used now.
    var usage: Usage {
        state.withLock { state in
            let blocks = state.isFree.count - state.isEmpty.count
            return Usage(
                blocks: blocks, free: blocks - state.held, mapped: blocks * (state.range?.blockBytes ?? 0))
        }
    }

    /// Gets ready for images of a size: so many bytes are there and touched.
    ///
    /// Blocks of another size live as long as somebody holds them.
    func prepare(imageBytes: Int, bytes: Int) {
        let blockBytes = Self.blockBytes(imageBytes)
        let isOther = state.withLock { $0.range?.blockBytes != blockBytes }
        if isOther {
            let count = max(Self.leastBlocks, limit / blockBytes)
            // A system that promises no more than it has may refuse the whole range.
            let range =
                BlockRange(blockBytes: blockBytes, count: count)
                ?? BlockRange(blockBytes: blockBytes, count: Self.leastBlocks)
            let old = state.withLock { state in
                defer { state = State(range: range) }
                return state.range
            }
            withExtendedLifetime(old) {}
        }
        let wanted = max(2, min(bytes, limit) / blockBytes)
        let present = usage.blocks
        guard present < wanted else { return }
        let held = usage.blocks - usage.free
        // The free ones are taken too, else no new one would be made.
        let blocks = (0..<wanted - held).compactMap { _ in take() }
        for block in blocks.suffix(wanted - present) { block.touch() }
    }

    static func blockBytes(_ imageBytes: Int) -> Int { max(blockBytes, (imageBytes + 4095) & ~4095) }

    /// A whole block of one's own.
    /// - Parameter last: The block whose neighbour is wanted.
    /// - Returns: `nil` when all memory is held, or the system has none.
    func take(after last: FrameBlock? = nil) -> FrameBlock? {
        state.withLock { state in
            guard let range = state.range, let index = Self.choose(state, range, last) else { return nil }
            if index == state.isFree.count { state.isFree.append(true) }
            state.isFree[index] = false
            state.isEmpty.remove(index)
            state.held += 1
            return FrameBlock(range, index, self)
        }
    }

    private static func choose(_ state: State, _ range: BlockRange, _ last: FrameBlock?) -> Int? {
        let lowest = state.isFree.firstIndex(of: true)
        if let last, last.range === range {
            let next = last.index + 1
            let isThere = next < state.isFree.count && state.isFree[next] && !state.isEmpty.contains(next)
            if isThere, next < (lowest ?? next) + window { return next }
        }
        if let lowest { return lowest }
        return state.isFree.count < range.count ? state.isFree.count : nil
    }

    /// The last reference to a block is gone.
    fileprivate func giveBack(_ index: Int, of range: BlockRange) {
        state.withLock { state in
            guard state.range === range else { return }
            state.isFree[index] = true
            state.held -= 1
        }
    }

    /// Gives memory back to the system beyond so many bytes, once an acquisition is over: the highest blocks first.
    func trim(to bytes: Int) {
        state.withLock { state in
            guard let range = state.range else { return }
            var surplus = state.isFree.count - state.isEmpty.count - max(2, bytes / range.blockBytes)
            for index in state.isFree.indices.reversed() where surplus > 0 {
                guard state.isFree[index], !state.isEmpty.contains(index) else { continue }
                range.empty(index)
                state.isEmpty.insert(index)
                surplus -= 1
            }
        }
    }
}

/// One range of addresses for all blocks of a size; it goes when nobody holds any of them.
final class BlockRange: Sendable {
    let blockBytes: Int
    let count: Int
    private let base: UInt

    /// - Returns: `nil` when the system has no such range.
    init?(blockBytes: Int, count: Int) {
        let size = blockBytes * count
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let memory = unsafe memory, unsafe memory != UnsafeMutableRawPointer(bitPattern: -1) else { return nil }
        // Large pages need far fewer faults; a system without them ignores the wish.
        _ = unsafe madvise(memory, size, MADV_HUGEPAGE)
        self.blockBytes = blockBytes
        self.count = count
        base = UInt(bitPattern: memory)
    }

    deinit {
        guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: base) else { return }
        _ = unsafe munmap(memory, blockBytes * count)
    }

    /// Where a byte is; to be written only by who reserved the space.
    @unsafe
    func place(_ offset: Int) -> UnsafeMutableRawPointer? {
        unsafe UnsafeMutableRawPointer(bitPattern: base + UInt(offset))
    }

    /// Gives a block's memory back to the system; its addresses stay.
    fileprivate func empty(_ index: Int) {
        if let memory = unsafe place(index * blockBytes) { _ = unsafe madvise(memory, blockBytes, MADV_DONTNEED) }
    }
}

/// Fills a pool's blocks with images, one after the other; for the one thread that fetches them.
final class BlockFiller: Sendable {
    /// Room for images in one block.
    struct Space {
        let block: FrameBlock
        let offset: Int
        /// Images that fit.
        let count: Int
    }

    let pool: FramePool
    private let state = Mutex<(current: FrameBlock?, filled: Int)>((nil, 0))

    init(_ pool: FramePool) { self.pool = pool }

    /// Room for at least one and at most so many images; what is not filled is taken again by the next call.
    /// - Returns: `nil` when all memory is held.
    func reserve(imageBytes: Int, atMost most: Int) -> Space? {
        let (block, filled) = state.withLock { ($0.current, $0.filled) }
        if let block, block.bytes - filled >= imageBytes {
            return Space(block: block, offset: filled, count: min(most, (block.bytes - filled) / imageBytes))
        }
        return fresh(after: block, imageBytes, most)
    }

    private func fresh(after last: FrameBlock?, _ imageBytes: Int, _ most: Int) -> Space? {
        // The full block is let go first where nothing else is left: if nobody else holds it, it is the next.
        var next = pool.take(after: last)
        if next == nil {
            release()
            next = pool.take()
        }
        guard let block = next else { return nil }
        guard block.bytes >= imageBytes else { return nil }
        let old = state.withLock { state in
            defer { state = (block, 0) }
            return state.current
        }
        withExtendedLifetime(old) {}
        return Space(block: block, offset: 0, count: min(most, block.bytes / imageBytes))
    }

    /// Says how many images of a space were written.
    func fill(_ space: Space, images: Int, imageBytes: Int) {
        state.withLock { $0.filled = space.offset + images * imageBytes }
    }

    /// Lets the present block go.
    func release() {
        // Not within the lock: the block goes back to the pool when this reference is its last.
        let old = state.withLock { state -> FrameBlock? in
            defer { state = (nil, 0) }
            return state.current
        }
        withExtendedLifetime(old) {}
    }
}

/// One block of a pool's memory; it goes back when the last image in it is let go.
final class FrameBlock: Sendable {
    let range: BlockRange
    let index: Int
    private let pool: FramePool

    fileprivate init(_ range: BlockRange, _ index: Int, _ pool: FramePool) {
        self.range = range
        self.index = index
        self.pool = pool
    }

    deinit { pool.giveBack(index, of: range) }

    var bytes: Int { range.blockBytes }

    /// Where a byte of the block is; to be written only by who reserved the space.
    @unsafe
    func place(_ offset: Int) -> UnsafeMutableRawPointer? { unsafe range.place(index * bytes + offset) }

    /// Whether another block follows without a gap.
    func isFollowed(by next: FrameBlock) -> Bool { range === next.range && next.index == index + 1 }

    /// Bytes that are written and will not change, as the kernel's consumers get them: by reference.
    ///
    /// They may go on into the blocks that follow, which are held as well.
    func buffer(_ range: Range<Int>, with others: [FrameBlock] = []) -> FrameBuffer {
        let memory = unsafe UnsafeRawBufferPointer(start: place(range.lowerBound), count: range.count)
        guard others.isEmpty else {
            return unsafe FrameBuffer(borrowing: memory) { withExtendedLifetime((self, others)) {} }
        }
        return unsafe FrameBuffer(borrowing: memory) { withExtendedLifetime(self) {} }
    }

    /// Makes the system provide each page now, not while images come.
    fileprivate func touch() {
        for offset in stride(from: 0, to: bytes, by: 4096) {
            unsafe place(offset)?.storeBytes(of: 0, as: UInt8.self)
        }
    }
}
