// Part of daqd
// SPDX-License-Identifier: MIT

/// The 12 bytes that open a chunk of the HDF5 filters bitshuffle-LZ4 (32008) and LZ4 (32004).
struct ChunkHeader: Equatable {
    static let size = 12
    /// Bytes of the expanded data.
    var expandedSize: Int
    /// Bytes of one expanded block.
    var blockSize: Int

    /// No writer uses larger blocks; a header that says so is damage, and would ask for that much memory.
    static let largestBlock = 64 << 20

    /// Reads and judges the header of a chunk that must expand to `expected` bytes.
    init(_ chunk: UnsafeRawBufferPointer, expecting expected: Int) throws(StorageError) {
        guard chunk.count >= Self.size else {
            throw .damaged("a compressed frame of \(chunk.count) bytes is shorter than its 12-byte header")
        }
        let announced = unsafe UInt64(bigEndian: chunk.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        let block = unsafe UInt32(bigEndian: chunk.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard announced == UInt64(expected) else {
            throw .damaged("a compressed frame announces \(announced) bytes where \(expected) are expected")
        }
        guard block > 0, block <= Self.largestBlock || UInt64(block) <= announced else {
            throw .damaged(
                "a compressed frame announces blocks of \(block) bytes; 1 to \(Self.largestBlock) are allowed")
        }
        expandedSize = expected
        blockSize = Int(block)
    }

    init(expandedSize: Int, blockSize: Int) {
        self.expandedSize = expandedSize
        self.blockSize = blockSize
    }

    func write(to target: UnsafeMutableRawPointer) {
        unsafe target.storeBytes(of: UInt64(expandedSize).bigEndian, toByteOffset: 0, as: UInt64.self)
        unsafe target.storeBytes(of: UInt32(blockSize).bigEndian, toByteOffset: 8, as: UInt32.self)
    }
}

/// Reads the length-prefixed blocks of a chunk, never past its end.
///
/// Safe because every access is checked; the chunk outlives the reader.
@safe struct ChunkBlocks {
    private let chunk: UnsafeRawBufferPointer
    private(set) var offset = ChunkHeader.size

    init(_ chunk: UnsafeRawBufferPointer) { unsafe self.chunk = unsafe chunk }

    var remaining: Int { unsafe chunk.count - offset }

    /// The next block, whose announced length must be within `limit` and within the chunk.
    mutating func next(limit: Int) throws(StorageError) -> UnsafeRawBufferPointer {
        guard remaining >= 4 else {
            throw .damaged("a compressed frame ends at byte \(offset), where the length of a block is expected")
        }
        let length = Int(
            unsafe UInt32(bigEndian: chunk.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        guard length > 0, length <= limit, length <= remaining - 4 else {
            throw .damaged(
                "a compressed frame announces a block of \(length) bytes at byte \(offset); "
                    + "at most \(min(limit, remaining - 4)) are possible")
        }
        let block = unsafe UnsafeRawBufferPointer(rebasing: chunk[offset + 4..<offset + 4 + length])
        offset += 4 + length
        return unsafe block
    }

    /// The next bytes as they are.
    mutating func raw(_ count: Int) throws(StorageError) -> UnsafeRawBufferPointer {
        guard remaining >= count else {
            throw .damaged("a compressed frame ends \(count - remaining) bytes early")
        }
        defer { offset += count }
        return unsafe UnsafeRawBufferPointer(rebasing: chunk[offset..<offset + count])
    }

    /// Nothing may follow the last block.
    func end() throws(StorageError) {
        guard remaining == 0 else {
            throw .damaged("a compressed frame has \(remaining) bytes after its last block")
        }
    }
}

extension StorageError {
    static func damaged(_ message: String) -> Self { Self(.damaged, message) }
    static func invalid(_ message: String) -> Self { Self(.invalid, message) }
}
