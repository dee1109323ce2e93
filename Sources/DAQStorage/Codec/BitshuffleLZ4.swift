// Part of daqd
// SPDX-License-Identifier: MIT
import CLZ4

/// Pixels as EIGER detectors compress them: bit-shuffled blocks, each LZ4-compressed, with the framing of HDF5 filter
/// 32008.
///
/// Source: the HDF5 filter registration 32008 and the stream's `bs<BIT>-lz4<` encoding. All functions may be called on
/// any thread.
public enum BitshuffleLZ4 {
    /// Bytes of a block that writers use: it stays in the first-level cache.
    public static let defaultBlockSize = 8192

    /// The largest size that `encode` can need for `byteCount` bytes of pixels.
    public static func bound(byteCount: Int, blockSize: Int = defaultBlockSize) -> Int {
        let blocks = byteCount / max(blockSize, 1) + 1
        return ChunkHeader.size + blocks * (4 + 16) + byteCount + byteCount / 255 + 1
    }

    /// Compresses pixels into a chunk, header included.
    /// - Parameters:
    ///   - pixels: A whole number of elements, in the machine's byte order.
    ///   - elementSize: Bytes of one pixel: 1, 2, 4 or 8.
    ///   - blockSize: Bytes of one block; a multiple of eight elements.
    public static func encode(
        _ pixels: UnsafeRawBufferPointer, elementSize: Int, blockSize: Int = defaultBlockSize
    ) throws(StorageError) -> [UInt8] {
        let capacity = bound(byteCount: pixels.count, blockSize: blockSize)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        defer { unsafe buffer.deallocate() }
        let used = unsafe try encode(pixels, elementSize: elementSize, into: buffer, blockSize: blockSize)
        return unsafe [UInt8](UnsafeRawBufferPointer(rebasing: buffer[..<used]))
    }

    /// Compresses an array of pixels into a chunk, header included.
    public static func encode<Pixel: FixedWidthInteger>(_ pixels: [Pixel]) throws(StorageError) -> [UInt8] {
        try unsafe pixels.withUnsafeBufferPointer { buffer throws(StorageError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            return try unsafe encode(bytes, elementSize: MemoryLayout<Pixel>.size)
        }
    }

    /// Compresses pixels into memory of the caller, at least `bound(byteCount:)` bytes, and returns how many were used.
    public static func encode(
        _ pixels: UnsafeRawBufferPointer, elementSize: Int, into target: UnsafeMutableRawBufferPointer,
        blockSize: Int = defaultBlockSize
    ) throws(StorageError) -> Int {
        let layout = try BlockLayout(byteCount: pixels.count, elementSize: elementSize, blockSize: blockSize)
        guard target.count >= bound(byteCount: pixels.count, blockSize: blockSize), let output = target.baseAddress
        else {
            throw .invalid("the buffer for compressed pixels has \(target.count) bytes, too few for the worst case")
        }
        unsafe ChunkHeader(expandedSize: pixels.count, blockSize: blockSize).write(to: output)
        guard let input = pixels.baseAddress else { return ChunkHeader.size }
        let shuffled = UnsafeMutableRawPointer.allocate(byteCount: blockSize, alignment: 64)
        defer { unsafe shuffled.deallocate() }
        let state = UnsafeMutableRawPointer.allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)
        defer { unsafe state.deallocate() }
        var used = ChunkHeader.size
        var offset = 0
        while offset < layout.blockedBytes {
            let size = min(blockSize, layout.blockedBytes - offset)
            unsafe Bitshuffle.shuffle(input + offset, to: shuffled, count: size / elementSize, size: elementSize)
            let length = unsafe LZ4_compress_fast_extState(
                state, shuffled.assumingMemoryBound(to: CChar.self),
                (output + used + 4).assumingMemoryBound(to: CChar.self), Int32(size),
                Int32(clamping: target.count - used - 4), 1)
            guard length > 0 else { throw .invalid("LZ4 could not compress a block of \(size) bytes") }
            unsafe output.storeBytes(of: UInt32(length).bigEndian, toByteOffset: used, as: UInt32.self)
            used += 4 + Int(length)
            offset += size
        }
        unsafe (output + used).copyMemory(from: input + offset, byteCount: layout.leftover)
        return used + layout.leftover
    }

    /// Expands a chunk that must hold exactly `byteCount` bytes of pixels.
    ///
    /// Every length is checked before it is used; bytes that lie give an error and never touch other memory.
    public static func decode(
        _ chunk: UnsafeRawBufferPointer, elementSize: Int, byteCount: Int
    ) throws(StorageError) -> [UInt8] {
        _ = unsafe try ChunkHeader(chunk, expecting: byteCount)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        defer { unsafe buffer.deallocate() }
        unsafe try decode(chunk, elementSize: elementSize, into: buffer)
        return unsafe [UInt8](buffer)
    }

    /// Expands a chunk held in an array.
    public static func decode(_ chunk: [UInt8], elementSize: Int, byteCount: Int) throws(StorageError) -> [UInt8] {
        try unsafe chunk.withUnsafeBufferPointer { buffer throws(StorageError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            return try unsafe decode(bytes, elementSize: elementSize, byteCount: byteCount)
        }
    }

    /// Expands a chunk into memory of the caller, which must have exactly the size that the chunk announces.
    public static func decode(
        _ chunk: UnsafeRawBufferPointer, elementSize: Int, into target: UnsafeMutableRawBufferPointer
    ) throws(StorageError) {
        let header = unsafe try ChunkHeader(chunk, expecting: target.count)
        let layout = try BlockLayout(
            byteCount: target.count, elementSize: elementSize, blockSize: header.blockSize)
        var blocks = unsafe ChunkBlocks(chunk)
        guard let output = target.baseAddress else { return try blocks.end() }
        let largest = min(header.blockSize, layout.blockedBytes)
        let shuffled = UnsafeMutableRawPointer.allocate(byteCount: largest, alignment: 64)
        defer { unsafe shuffled.deallocate() }
        var offset = 0
        while offset < layout.blockedBytes {
            let size = min(header.blockSize, layout.blockedBytes - offset)
            let block = unsafe try blocks.next(limit: Int(LZ4_compressBound(Int32(clamping: size))))
            unsafe try LZ4.expand(block, to: shuffled, count: size)
            unsafe Bitshuffle.unshuffle(shuffled, to: output + offset, count: size / elementSize, size: elementSize)
            offset += size
        }
        if layout.leftover > 0 {
            let rest = unsafe try blocks.raw(layout.leftover)
            if let base = rest.baseAddress {
                unsafe (output + offset).copyMemory(from: base, byteCount: layout.leftover)
            }
        }
        try blocks.end()
    }
}

/// How many bytes of a frame are in blocks, and how many elements at the end are not.
private struct BlockLayout {
    /// Bytes that are shuffled and compressed: a multiple of eight elements.
    let blockedBytes: Int
    /// Bytes of the up to seven elements that follow as they are.
    let leftover: Int

    init(byteCount: Int, elementSize: Int, blockSize: Int) throws(StorageError) {
        guard [1, 2, 4, 8].contains(elementSize) else {
            throw .invalid("pixels of \(elementSize) bytes cannot be bit-shuffled; 1, 2, 4 and 8 can")
        }
        guard byteCount.isMultiple(of: elementSize) else {
            throw .invalid("\(byteCount) bytes are not a whole number of pixels of \(elementSize) bytes")
        }
        guard blockSize > 0, blockSize <= ChunkHeader.largestBlock, blockSize.isMultiple(of: 8 * elementSize) else {
            throw .damaged(
                "a block of \(blockSize) bytes is not a multiple of eight pixels of \(elementSize) bytes, "
                    + "or above \(ChunkHeader.largestBlock) bytes")
        }
        leftover = byteCount % (8 * elementSize)
        blockedBytes = byteCount - leftover
    }
}
