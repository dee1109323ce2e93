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
    /// - Throws: When the dataset has another shape, or one frame is not one chunk, or the frame was never written.
    public func storedFrame(_ index: Int) throws(StorageError) -> HDF5StoredFrame {
        let shape = try self.shape
        guard shape.count == 3 else {
            throw StorageError(.unsupported, "\(name) has the shape \(shape), not [frames, rows, columns]")
        }
        let (rows, columns, type) = (shape[1], shape[2], try elementType)
        guard type.kind.rawValue <= 2, rows > 0, columns > 0,
            rows.multipliedReportingOverflow(by: columns).overflow == false,
            rows * columns <= Self.largestFrame / max(type.size, 1)
        else {
            throw StorageError(
                .unsupported, "\(name): frames of \(rows) x \(columns) pixels of \(type) are not read here")
        }
        guard (0..<shape[0]).contains(index) else {
            throw .invalid("\(name) has \(shape[0]) frames and no frame \(index)")
        }
        guard try chunkShape == [1, rows, columns] else {
            throw StorageError(.unsupported, "\(name): a frame is not one chunk")
        }
        let filter = try self.filter
        guard let chunk = try readChunk(at: [index, 0, 0]) else {
            throw StorageError(.damaged, "\(name): frame \(index) was never written")
        }
        return HDF5StoredFrame(chunk: chunk, filter: filter, rows: rows, columns: columns, elementType: type)
    }

    /// One frame, expanded.
    public func frame(_ index: Int) throws(StorageError) -> HDF5Frame { try storedFrame(index).expanded() }
}
