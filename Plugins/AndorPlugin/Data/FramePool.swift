// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc
import Synchronization

/// Memory for a camera's images, in blocks that are used again and again.
///
/// Fresh memory costs a page fault for every 4096 bytes, more than the copy out of the camera's buffer. So a block that nobody holds
/// any more comes back, still mapped and warm; the block that came back last is the next to be used, so that a fast consumer keeps the
/// whole way in the processor's cache. Images lie one after the other in a block and hold it as long as somebody needs them.
final class FramePool: Sendable {
    /// A block holds several images of this size in all, or one larger image.
    static let blockBytes = 8 << 20
    /// So many blocks there may always be, whatever the limit: one is written, one delivered, one shown, one sent.
    static let leastBlocks = 4

    private struct State {
        var blockBytes = FramePool.blockBytes
        /// Addresses of blocks of the present size that nobody holds.
        var free: [UInt] = []
        /// Bytes of all blocks, held or not.
        var mapped = 0
        /// Blocks that somebody holds.
        var held = 0
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

    deinit {
        let (free, size) = state.withLock { ($0.free, $0.blockBytes) }
        for address in free { Self.unmap(address, size) }
    }

    /// How the memory is used now.
    var usage: Usage {
        state.withLock { Usage(blocks: $0.held + $0.free.count, free: $0.free.count, mapped: $0.mapped) }
    }

    /// Gets ready for images of a size: free blocks of another size are given up, so many bytes are mapped and touched.
    func prepare(imageBytes: Int, bytes: Int) {
        let blockBytes = Self.blockBytes(imageBytes)
        let wanted = max(2, min(bytes, limit) / blockBytes)
        let (old, oldBytes, missing) = state.withLock { state -> ([UInt], Int, Int) in
            guard state.blockBytes != blockBytes else { return ([], 0, wanted - state.free.count - state.held) }
            let old = (state.free, state.blockBytes, wanted)
            state.mapped -= state.free.count * state.blockBytes
            state.free = []
            state.blockBytes = blockBytes
            return old
        }
        for address in old { Self.unmap(address, oldBytes) }
        let known = state.withLock { $0.free.count }
        // Blocks that were free already are taken too, else the new ones would never be made.
        let blocks = (0..<(missing > 0 ? known + missing : 0)).compactMap { _ in take() }
        for block in blocks.suffix(max(0, missing)) { block.touch() }
    }

    static func blockBytes(_ imageBytes: Int) -> Int { max(blockBytes, (imageBytes + 4095) & ~4095) }

    /// A whole block of one's own.
    func take() -> FrameBlock? {
        let (known, bytes) = state.withLock { state -> (UInt?, Int?) in
            if let address = state.free.popLast() {
                state.held += 1
                return (address, state.blockBytes)
            }
            let most = max(limit, Self.leastBlocks * state.blockBytes)
            guard state.mapped + state.blockBytes <= most else { return (nil, nil) }
            state.mapped += state.blockBytes
            state.held += 1
            return (nil, state.blockBytes)
        }
        guard let bytes else { return nil }
        if let known { return FrameBlock(known, bytes, self) }
        guard let address = Self.map(bytes) else {
            state.withLock { state in
                state.mapped -= bytes
                state.held -= 1
            }
            return nil
        }
        return FrameBlock(address, bytes, self)
    }

    /// The last reference to a block is gone.
    fileprivate func giveBack(_ address: UInt, _ bytes: Int) {
        let isKept = state.withLock { state in
            state.held -= 1
            guard bytes == state.blockBytes else {
                state.mapped -= bytes
                return false
            }
            state.free.append(address)
            return true
        }
        if !isKept { Self.unmap(address, bytes) }
    }

    /// Gives memory back to the system beyond so many bytes, once an acquisition is over.
    func trim(to bytes: Int) {
        let (old, size) = state.withLock { state -> ([UInt], Int) in
            let kept = max(2, bytes / state.blockBytes)
            let surplus = min(state.free.count, max(0, state.free.count + state.held - kept))
            let old = Array(state.free.prefix(surplus))
            state.free.removeFirst(surplus)
            state.mapped -= surplus * state.blockBytes
            return (old, state.blockBytes)
        }
        for address in old { Self.unmap(address, size) }
    }

    private static func map(_ bytes: Int) -> UInt? {
        let memory = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory = unsafe memory, unsafe memory != UnsafeMutableRawPointer(bitPattern: -1) else { return nil }
        // Large pages need far fewer faults; a system without them ignores the wish.
        _ = unsafe madvise(memory, bytes, MADV_HUGEPAGE)
        return UInt(bitPattern: memory)
    }

    private static func unmap(_ address: UInt, _ bytes: Int) {
        guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
        _ = unsafe munmap(memory, bytes)
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
        // The full block is let go before another is taken: if nobody else holds it, it is the next.
        release()
        return fresh(imageBytes, most)
    }

    private func fresh(_ imageBytes: Int, _ most: Int) -> Space? {
        guard let block = pool.take() else { return nil }
        guard block.bytes >= imageBytes else { return nil }
        state.withLock { $0 = (block, 0) }
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
    private let address: UInt
    let bytes: Int
    private let pool: FramePool

    fileprivate init(_ address: UInt, _ bytes: Int, _ pool: FramePool) {
        self.address = address
        self.bytes = bytes
        self.pool = pool
    }

    deinit { pool.giveBack(address, bytes) }

    /// Where a byte of the block is; to be written only by who reserved the space.
    @unsafe
    func place(_ offset: Int) -> UnsafeMutableRawPointer? {
        unsafe UnsafeMutableRawPointer(bitPattern: address + UInt(offset))
    }

    /// Bytes that are written and will not change, as the kernel's consumers get them: by reference.
    func buffer(_ range: Range<Int>) -> FrameBuffer {
        let memory = unsafe UnsafeRawBufferPointer(start: place(range.lowerBound), count: range.count)
        return unsafe FrameBuffer(borrowing: memory) { withExtendedLifetime(self) {} }
    }

    /// Makes the system provide each page now, not while images come.
    fileprivate func touch() {
        for offset in stride(from: 0, to: bytes, by: 4096) {
            unsafe place(offset)?.storeBytes(of: 0, as: UInt8.self)
        }
    }
}
