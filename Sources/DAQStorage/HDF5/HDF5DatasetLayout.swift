// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// How the chunks of a dataset are compressed.
public enum HDF5Filter: Hashable, Sendable {
    /// As they are.
    case none
    /// Bit-shuffled LZ4, filter 32008; chunks as `BitshuffleLZ4` makes them.
    case bitshuffleLZ4
    /// LZ4, filter 32004; chunks as `LZ4` makes them.
    case lz4
    /// Any other filter, by its registered number.
    case other(Int)

    static let bitshuffleNumber: H5Z_filter_t = 32008
    static let lz4Number: H5Z_filter_t = 32004
}

/// A chunked dataset to be filled chunk by chunk.
public struct HDF5DatasetLayout: Sendable {
    /// What one element is.
    public var elementType: HDF5ElementType
    /// Elements per dimension at first, slowest first.
    public var shape: [Int]
    /// Up to where each dimension can grow; -1 without limit; nil means that it cannot.
    public var maximum: [Int]?
    /// Elements per chunk and dimension; for frames `[1, rows, columns]`.
    public var chunk: [Int]
    /// How chunks are compressed before they are written.
    public var filter: HDF5Filter

    /// Describes a chunked dataset.
    public init(
        elementType: HDF5ElementType, shape: [Int], maximum: [Int]? = nil, chunk: [Int], filter: HDF5Filter = .none
    ) {
        self.elementType = elementType
        self.shape = shape
        self.maximum = maximum
        self.chunk = chunk
        self.filter = filter
    }

    /// A series of frames `[count, rows, columns]`, one chunk each, that may grow.
    public static func frames(
        _ elementType: HDF5ElementType, count: Int, rows: Int, columns: Int, filter: HDF5Filter
    ) -> HDF5DatasetLayout {
        HDF5DatasetLayout(
            elementType: elementType, shape: [count, rows, columns], maximum: [-1, rows, columns],
            chunk: [1, rows, columns], filter: filter)
    }

    /// The creation properties: chunked, never filled with zeros beforehand, filter as announced.
    @HDF5
    fileprivate func properties() throws(StorageError) -> OwnedIdentifier {
        guard chunk.count == shape.count, !chunk.isEmpty, !chunk.contains(where: { $0 <= 0 }) else {
            throw .invalid("chunks of \(chunk) do not fit a dataset of the shape \(shape)")
        }
        let list = OwnedIdentifier(
            try identifier(H5Pcreate(daqd_h5_dataset_create()), "cannot make a property list"), H5Pclose)
        try check(
            unsafe H5Pset_chunk(list.id, Int32(chunk.count), chunk.map { hsize_t($0) }),
            "cannot make chunks of \(chunk)")
        _ = H5Pset_fill_time(list.id, H5D_FILL_TIME_NEVER)
        switch filter {
        case .none: break
        case .bitshuffleLZ4:
            // Without the filter registered all five values are ours; "optional" lets the library create the dataset.
            try check(
                unsafe H5Pset_filter(
                    list.id, HDF5Filter.bitshuffleNumber, UInt32(H5Z_FLAG_OPTIONAL), 5, clientValues),
                "cannot set the filter bitshuffle-LZ4")
        case .lz4:
            try check(
                H5Pset_filter(list.id, HDF5Filter.lz4Number, UInt32(H5Z_FLAG_OPTIONAL), 0, nil),
                "cannot set the filter LZ4")
        case .other(let number): throw StorageError(.unsupported, "filter \(number) cannot be written by this library")
        }
        return list
    }

    /// Major and minor version of the writer, element size, default block size, LZ4.
    fileprivate var clientValues: [UInt32] { [0, 4, UInt32(elementType.size), 0, 2] }
}

extension HDF5Group {
    /// Creates a chunked dataset, to be filled by `writeChunk(at:_:)`.
    public func createDataset(_ child: String, _ layout: HDF5DatasetLayout) throws(StorageError) -> HDF5Dataset {
        let properties = try layout.properties()
        let space = try Dataspace(layout.shape, maximum: layout.maximum)
        let dataset = try createDataset(
            child, type: try layout.elementType.native(), space: space, properties: properties.id)
        if layout.filter == .bitshuffleLZ4 {
            let stored = try dataset.filterClientValues
            guard stored == layout.clientValues else {
                throw StorageError(
                    .unsupported,
                    "\(dataset.name): HDF5 stored the filter values \(stored) instead of \(layout.clientValues); "
                        + "unset HDF5_PLUGIN_PATH, because readers crash on such a file")
            }
        }
        return dataset
    }
}

/// Where the elements of a dataset are.
public enum HDF5Storage: Hashable, Sendable {
    /// In one piece, perhaps inside the object's header.
    case contiguous
    /// In chunks of one shape.
    case chunked
    /// In other datasets, mostly of other files.
    case virtual
}

extension HDF5Dataset {
    /// Where the elements are.
    public var storage: HDF5Storage {
        get throws(StorageError) {
            let list = try creationProperties()
            switch H5Pget_layout(list.id) {
            case H5D_CHUNKED: return .chunked
            case H5D_VIRTUAL: return .virtual
            case H5D_COMPACT, H5D_CONTIGUOUS: return .contiguous
            default: throw HDF5ErrorStack.take("cannot read how \(name) is stored")
            }
        }
    }

    /// The shape of one chunk; nil when the dataset is not chunked.
    public var chunkShape: [Int]? {
        get throws(StorageError) {
            let list = try creationProperties()
            guard H5Pget_layout(list.id) == H5D_CHUNKED else { return nil }
            var sizes = [hsize_t](repeating: 0, count: 32)
            let rank = unsafe H5Pget_chunk(list.id, 32, &sizes)
            guard rank > 0 else { throw HDF5ErrorStack.take("cannot read the chunks of \(name)") }
            return sizes.prefix(Int(rank)).map { Int(clamping: $0) }
        }
    }

    /// How the chunks are compressed; with several filters, the numbers of all are not told, only the first.
    public var filter: HDF5Filter {
        get throws(StorageError) {
            switch try firstFilter()?.number {
            case nil: .none
            case HDF5Filter.bitshuffleNumber: .bitshuffleLZ4
            case HDF5Filter.lz4Number: .lz4
            case .some(let number): .other(Int(number))
            }
        }
    }

    /// The numbers that the first filter was given, as the file has them.
    public var filterClientValues: [UInt32] {
        get throws(StorageError) { try firstFilter()?.values ?? [] }
    }

    private func creationProperties() throws(StorageError) -> OwnedIdentifier {
        OwnedIdentifier(
            try identifier(H5Dget_create_plist(id), "cannot read how \(name) is stored"), H5Pclose)
    }

    private func firstFilter() throws(StorageError) -> (number: H5Z_filter_t, values: [UInt32])? {
        let list = try creationProperties()
        guard H5Pget_nfilters(list.id) > 0 else { return nil }
        var flags: UInt32 = 0
        var count = 16
        var values = [UInt32](repeating: 0, count: count)
        let number = unsafe H5Pget_filter2(list.id, 0, &flags, &count, &values, 0, nil, nil)
        guard number >= 0 else { throw HDF5ErrorStack.take("cannot read the filter of \(name)") }
        return (number, Array(values.prefix(min(count, 16))))
    }
}
