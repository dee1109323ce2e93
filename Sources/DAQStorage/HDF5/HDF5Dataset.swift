// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// A dataset of a file.
@HDF5
public final class HDF5Dataset: HDF5Object {
    // Said again, because the printed interface would otherwise lose the isolation of the inherited one.
    isolated deinit {}

    /// Elements per dimension, slowest first; empty for a scalar.
    public var shape: [Int] {
        get throws(StorageError) {
            try Dataspace(identifier(H5Dget_space(id), "cannot read the shape of \(name)")).shape()
        }
    }

    /// What one element is in the file.
    public var elementType: HDF5ElementType {
        get throws(StorageError) {
            let type = try OwnedIdentifier(identifier(H5Dget_type(id), "cannot read the type of \(name)"), H5Tclose)
            return HDF5ElementType(of: type.id)
        }
    }

    // MARK: - Whole values

    /// Every element, row by row, converted to the asked type.
    ///
    /// Compressed detector frames are not read this way (the library has no filter for them): see `readChunk(at:)` and
    /// `frame(_:)`.
    /// - Parameter limit: Refuses datasets of more elements, whatever the file announces.
    public func read<Value: HDF5Element>(as: Value.Type, limit: Int = 1 << 28) throws(StorageError) -> [Value] {
        let what = "cannot read \(name)"
        let space = try Dataspace(identifier(H5Dget_space(id), what))
        var values = [Value](repeating: .hdf5Zero, count: try space.count(limit: limit, of: what))
        guard !values.isEmpty else { return [] }
        let type = try Value.hdf5Type.native()
        try check(unsafe H5Dread(id, type, 0, 0, daqd_h5_default(), &values), what)
        return values
    }

    /// The text of a scalar dataset.
    public func readText() throws(StorageError) -> String {
        let what = "cannot read \(name)"
        let type = try OwnedIdentifier(identifier(H5Dget_type(id), what), H5Tclose)
        let space = try Dataspace(identifier(H5Dget_space(id), what))
        guard try space.count(limit: 1, of: what) == 1 else { return "" }
        return unsafe try StringType.read(type.id, what) { buffer in
            unsafe H5Dread(id, type.id, 0, 0, daqd_h5_default(), buffer)
        }
    }

    // MARK: - Chunks

    /// Makes the dataset larger or smaller, within its maximum shape.
    public func resize(_ shape: [Int]) throws(StorageError) {
        let now = try self.shape
        guard shape.count == now.count, !shape.contains(where: { $0 < 0 }) else {
            throw .invalid("\(name) has \(now.count) dimensions and cannot get the shape \(shape)")
        }
        try check(unsafe H5Dset_extent(id, shape.map { hsize_t($0) }), "cannot resize \(name) to \(shape)")
    }

    /// Stores one chunk as it is, already compressed.
    /// - Parameter offset: The first element of the chunk, a multiple of the chunk's shape.
    public func writeChunk(at offset: [Int], _ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        let position = try self.position(offset)
        let status = unsafe H5Dwrite_chunk(
            id, daqd_h5_default(), 0, position, bytes.count, bytes.baseAddress)
        try check(status, "cannot write the chunk at \(offset) of \(name)")
    }

    /// Stores one chunk held in an array, already compressed.
    public func writeChunk(at offset: [Int], _ bytes: [UInt8]) throws(StorageError) {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(StorageError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            return try unsafe writeChunk(at: offset, bytes)
        }
    }

    /// How many bytes a chunk has in the file; 0 where it was never written.
    public func chunkSize(at offset: [Int]) throws(StorageError) -> Int {
        let position = try self.position(offset)
        var size: hsize_t = 0
        guard unsafe H5Dget_chunk_storage_size(id, position, &size) >= 0 else {
            // The library reports a missing chunk as an error or as size 0, depending on the chunk index.
            let error = HDF5ErrorStack.take("cannot read the chunk at \(offset) of \(name)")
            guard try chunkShape != nil else { throw error }
            return 0
        }
        return Int(clamping: size)
    }

    /// One chunk as it is stored, still compressed; nil where it was never written.
    public func readChunk(at offset: [Int], limit: Int = 1 << 30) throws(StorageError) -> [UInt8]? {
        let size = try chunkSize(at: offset)
        guard size > 0 else { return nil }
        guard size <= limit else {
            throw StorageError(
                .unsupported, "the chunk at \(offset) of \(name) has \(size) bytes; \(limit) are allowed here")
        }
        let position = try self.position(offset)
        var bytes = [UInt8](repeating: 0, count: size)
        var filters: UInt32 = 0
        try check(
            unsafe H5Dread_chunk(id, daqd_h5_default(), position, &filters, &bytes),
            "cannot read the chunk at \(offset) of \(name)")
        return bytes
    }

    private func position(_ offset: [Int]) throws(StorageError) -> [hsize_t] {
        let shape = try self.shape
        guard offset.count == shape.count, zip(offset, shape).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
            throw .invalid("\(name) has the shape \(shape) and no chunk at \(offset)")
        }
        return offset.map { hsize_t($0) }
    }
}
