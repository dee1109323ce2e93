// Part of daqd
// SPDX-License-Identifier: MIT
import CLZ4

/// Plain LZ4 with the framing of HDF5 filter 32004, which the detector's stream calls `lz4`.
public enum LZ4 {
    /// The block size of the public filter: one block for any frame below 1 GiB.
    public static let defaultBlockSize = 1 << 30

    /// Compresses bytes into a chunk of filter 32004; a block that does not shrink is stored as it is.
    public static func encode(
        _ bytes: UnsafeRawBufferPointer, blockSize: Int = defaultBlockSize
    ) throws(StorageError) -> [UInt8] {
        guard blockSize > 0, blockSize <= defaultBlockSize else {
            throw .invalid("an LZ4 block of \(blockSize) bytes is not possible; 1 to \(defaultBlockSize) are")
        }
        let block = max(1, min(blockSize, bytes.count))
        let blocks = (bytes.count + block - 1) / block
        let capacity = ChunkHeader.size + bytes.count + blocks * 4
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        defer { unsafe buffer.deallocate() }
        guard let output = buffer.baseAddress else { return [] }
        unsafe ChunkHeader(expandedSize: bytes.count, blockSize: block).write(to: output)
        var used = ChunkHeader.size
        var offset = 0
        while offset < bytes.count {
            let size = min(block, bytes.count - offset)
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size])
            let length = unsafe compress(part, to: output + used + 4)
            unsafe output.storeBytes(of: UInt32(length).bigEndian, toByteOffset: used, as: UInt32.self)
            used += 4 + length
            offset += size
        }
        return unsafe [UInt8](UnsafeRawBufferPointer(rebasing: buffer[..<used]))
    }

    /// Compresses an array of bytes into a chunk of filter 32004.
    public static func encode(_ bytes: [UInt8], blockSize: Int = defaultBlockSize) throws(StorageError) -> [UInt8] {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(StorageError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            return try unsafe encode(bytes, blockSize: blockSize)
        }
    }

    /// Expands a chunk of filter 32004 that must hold exactly `byteCount` bytes.
    public static func decode(_ chunk: UnsafeRawBufferPointer, byteCount: Int) throws(StorageError) -> [UInt8] {
        let header = unsafe try ChunkHeader(chunk, expecting: byteCount)
        var blocks = unsafe ChunkBlocks(chunk)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
        defer { unsafe buffer.deallocate() }
        var offset = 0
        while offset < byteCount, let output = buffer.baseAddress {
            let size = min(header.blockSize, byteCount - offset)
            let block = unsafe try blocks.next(limit: size)
            if block.count == size, let stored = block.baseAddress {
                unsafe (output + offset).copyMemory(from: stored, byteCount: size)
            } else {
                unsafe try expand(block, to: output + offset, count: size)
            }
            offset += size
        }
        try blocks.end()
        return unsafe [UInt8](buffer)
    }

    /// Expands a chunk of filter 32004 held in an array.
    public static func decode(_ chunk: [UInt8], byteCount: Int) throws(StorageError) -> [UInt8] {
        try unsafe chunk.withUnsafeBufferPointer { buffer throws(StorageError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            return try unsafe decode(bytes, byteCount: byteCount)
        }
    }

    /// Compresses one block, or stores it when that is not smaller; the target has room for the block as it is.
    private static func compress(_ block: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Int {
        guard let source = block.baseAddress else { return 0 }
        let length = unsafe LZ4_compress_default(
            source.assumingMemoryBound(to: CChar.self), target.assumingMemoryBound(to: CChar.self),
            Int32(clamping: block.count), Int32(clamping: block.count - 1))
        if length > 0 { return Int(length) }
        unsafe target.copyMemory(from: source, byteCount: block.count)
        return block.count
    }

    /// Expands one raw LZ4 block that must give exactly `count` bytes.
    static func expand(
        _ block: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer, count: Int
    ) throws(StorageError) {
        guard let source = block.baseAddress, let wanted = Int32(exactly: count) else {
            throw .damaged("an LZ4 block of \(count) bytes is larger than LZ4 allows")
        }
        let expanded = unsafe LZ4_decompress_safe(
            source.assumingMemoryBound(to: CChar.self), target.assumingMemoryBound(to: CChar.self),
            Int32(clamping: block.count), wanted)
        guard expanded == wanted else {
            let found = expanded < 0 ? "does not expand" : "expands to \(expanded) bytes"
            throw .damaged("an LZ4 block of \(block.count) bytes \(found) where \(count) bytes are expected")
        }
    }
}
