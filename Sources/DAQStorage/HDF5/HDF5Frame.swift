// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// The pixels of one frame, expanded.
public struct HDF5Frame: Sendable {
    /// Rows of pixels.
    public var rows: Int
    /// Pixels per row.
    public var columns: Int
    /// What one pixel is.
    public var elementType: HDF5ElementType
    /// The pixels row by row, in the machine's byte order.
    public var bytes: [UInt8]

    /// Makes a frame of given pixels.
    public init(rows: Int, columns: Int, elementType: HDF5ElementType, bytes: [UInt8]) {
        self.rows = rows
        self.columns = columns
        self.elementType = elementType
        self.bytes = bytes
    }
}

/// One frame as it is stored, to be expanded on any thread.
public struct HDF5StoredFrame: Sendable {
    /// The chunk, or the pixels themselves where there is no filter.
    public var chunk: [UInt8]
    /// How the chunk is compressed.
    public var filter: HDF5Filter
    /// Rows of pixels.
    public var rows: Int
    /// Pixels per row.
    public var columns: Int
    /// What one pixel is.
    public var elementType: HDF5ElementType

    /// Expands the pixels; all checks of the codec apply.
    public func expanded() throws(StorageError) -> HDF5Frame {
        let size = rows * columns * elementType.size
        let pixels: [UInt8]
        switch filter {
        case .none: pixels = chunk
        case .bitshuffleLZ4:
            pixels = try BitshuffleLZ4.decode(chunk, elementSize: elementType.size, byteCount: size)
        case .lz4: pixels = try LZ4.decode(chunk, byteCount: size)
        case .other(let number):
            throw StorageError(.unsupported, "frames compressed with HDF5 filter \(number) cannot be expanded here")
        }
        guard pixels.count == size else {
            throw StorageError(.damaged, "a frame has \(pixels.count) bytes where \(size) are expected")
        }
        return HDF5Frame(rows: rows, columns: columns, elementType: elementType, bytes: pixels)
    }
}

extension HDF5Dataset {
    /// The largest frame that is read; four times that of the largest detector of this kind.
    private static let largestFrame = 1 << 28

    /// One frame of a `[frames, rows, columns]` dataset as it is stored, so that it can be expanded on another thread.
    ///
    /// A dataset `[rows, columns]` counts as one frame.
    /// - Throws: When the dataset has another shape, or one frame is not one chunk, or the frame was never written.
    public func storedFrame(_ index: Int) throws(StorageError) -> HDF5StoredFrame {
        let shape = try self.shape
        guard shape.count == 2 || shape.count == 3 else {
            throw StorageError(.unsupported, "\(name) has the shape \(shape), not [frames, rows, columns]")
        }
        let (rows, columns, type) = (shape[shape.count - 2], shape[shape.count - 1], try elementType)
        let (pixels, overflow) = rows.multipliedReportingOverflow(by: columns)
        guard type.kind.rawValue <= 2, rows > 0, columns > 0, !overflow, pixels <= Self.largestFrame / max(type.size, 1)
        else {
            throw StorageError(
                .unsupported, "\(name): frames of \(rows) x \(columns) pixels of \(type) are not read here")
        }
        let count = shape.count == 3 ? shape[0] : 1
        guard (0..<count).contains(index) else { throw .invalid("\(name) has \(count) frames and no frame \(index)") }
        guard let chunkShape = try chunkShape else {
            return try contiguousFrame(index, rows: rows, columns: columns, type)
        }
        guard chunkShape.suffix(2) == [rows, columns], chunkShape.dropLast(2).allSatisfy({ $0 == 1 }) else {
            throw StorageError(.unsupported, "\(name): a frame is not one chunk")
        }
        let filter = try self.filter
        let position = shape.count == 3 ? [index, 0, 0] : [0, 0]
        guard let chunk = try readChunk(at: position) else {
            throw StorageError(.damaged, "\(name): frame \(index) was never written")
        }
        return HDF5StoredFrame(chunk: chunk, filter: filter, rows: rows, columns: columns, elementType: type)
    }

    /// A frame of a dataset in one piece, as the library reads it.
    private func contiguousFrame(
        _ index: Int, rows: Int, columns: Int, _ type: HDF5ElementType
    ) throws(StorageError) -> HDF5StoredFrame {
        let what = "cannot read frame \(index) of \(name)"
        let space = try Dataspace(identifier(H5Dget_space(id), what))
        let isSeries = H5Sget_simple_extent_ndims(space.id) == 3
        let start = isSeries ? [hsize_t(index), 0, 0] : [0, 0]
        let size = (isSeries ? [1] : []) + [hsize_t(rows), hsize_t(columns)]
        try check(unsafe H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, nil, size, nil), what)
        let memory = try Dataspace([rows, columns])
        var bytes = [UInt8](repeating: 0, count: rows * columns * type.size)
        try check(unsafe H5Dread(id, try type.native(), memory.id, space.id, daqd_h5_default(), &bytes), what)
        return HDF5StoredFrame(chunk: bytes, filter: .none, rows: rows, columns: columns, elementType: type)
    }

    /// How many frames of a `[frames, …]` dataset were really written; a chunk that is announced but absent does not
    /// count.
    /// - Throws: `unsupported` for a virtual dataset, whose frames are elsewhere, and for a scalar.
    public var writtenFrames: Int {
        get throws(StorageError) {
            let shape = try self.shape
            guard shape.count >= 2 else {
                throw StorageError(.unsupported, "\(name) has the shape \(shape) and holds no frames")
            }
            switch try storage {
            case .contiguous: return shape[0]
            case .virtual:
                throw StorageError(
                    .unsupported, "\(name) is virtual: its frames are in other files and are not counted here")
            case .chunked: break
            }
            guard let chunk = try chunkShape, chunk.count == shape.count else {
                throw StorageError(.damaged, "\(name) has chunks that do not fit its shape \(shape)")
            }
            var stored: hsize_t = 0
            let space = try Dataspace(identifier(H5Dget_space(id), "cannot count the chunks of \(name)"))
            try check(unsafe H5Dget_num_chunks(id, space.id, &stored), "cannot count the chunks of \(name)")
            var chunksPerFrame = 1
            for (size, step) in zip(shape, chunk).dropFirst() {
                let (product, overflow) = chunksPerFrame.multipliedReportingOverflow(by: max(1, (size - 1) / step + 1))
                guard !overflow else { throw StorageError(.damaged, "\(name) has the impossible shape \(shape)") }
                chunksPerFrame = product
            }
            let (frames, overflow) = (Int(clamping: stored) / chunksPerFrame).multipliedReportingOverflow(by: chunk[0])
            return overflow ? shape[0] : min(shape[0], frames)
        }
    }

    /// One frame, expanded.
    public func frame(_ index: Int) throws(StorageError) -> HDF5Frame { try storedFrame(index).expanded() }
}
