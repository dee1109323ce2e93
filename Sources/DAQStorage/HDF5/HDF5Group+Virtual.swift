// Part of daqd
// SPDX-License-Identifier: MIT

internal import CHDF5

/// One of the datasets that a virtual dataset shows one behind the other.
public struct HDF5VirtualSource: Sendable {
    /// The file, relative to that of the virtual dataset; `.` is the same file.
    public var file: String
    /// The dataset in it.
    public var dataset: String
    /// How many elements it has in its slowest dimension.
    public var count: Int

    /// Names a dataset of another file.
    public init(file: String, dataset: String, count: Int) {
        self.file = file
        self.dataset = dataset
        self.count = count
    }
}

extension HDF5Group {
    /// Creates a dataset that shows others one behind the other along its slowest dimension, without a copy.
    ///
    /// - Parameter shape: Slowest dimension first; the sources have the same further dimensions.
    /// - Throws: `invalid` when the sources do not fill the slowest dimension.
    @discardableResult
    public func createVirtualDataset(
        _ child: String, _ elementType: HDF5ElementType, shape: [Int], sources: [HDF5VirtualSource]
    ) throws(StorageError) -> HDF5Dataset {
        guard let length = shape.first, sources.reduce(0, { $0 + $1.count }) == length else {
            throw .invalid("\(path(child)): the sources do not fill a virtual dataset of the shape \(shape)")
        }
        let properties = OwnedIdentifier(
            try identifier(H5Pcreate(daqd_h5_dataset_create()), "cannot make a property list"), H5Pclose)
        var offset = 0
        for source in sources {
            let part = [source.count] + shape.dropFirst()
            let target = try Dataspace(shape)
            let start = [hsize_t(offset)] + shape.dropFirst().map { _ in 0 }
            try check(
                unsafe H5Sselect_hyperslab(target.id, H5S_SELECT_SET, start, nil, part.map { hsize_t($0) }, nil),
                "cannot choose a part of \(path(child))")
            let origin = try Dataspace(part)
            try check(
                unsafe H5Pset_virtual(properties.id, target.id, source.file, source.dataset, origin.id),
                "cannot show \(source.dataset) of \(source.file) in \(path(child))")
            offset += source.count
        }
        let space = try Dataspace(shape)
        return try createDataset(child, type: try elementType.native(), space: space, properties: properties.id)
    }

    /// Writes texts as a one-dimensional dataset.
    @discardableResult
    public func write(_ child: String, _ values: [String]) throws(StorageError) -> HDF5Dataset {
        let capacity = values.map(\.utf8.count).max() ?? 0
        let type = try StringType(capacity: capacity)
        let space = try Dataspace([values.count])
        let dataset = try createDataset(child, type: type.id, space: space, properties: daqd_h5_default())
        if !values.isEmpty {
            let bytes = values.flatMap { Array($0.utf8) + [UInt8](repeating: 0, count: capacity + 1 - $0.utf8.count) }
            try check(
                unsafe H5Dwrite(dataset.id, type.id, 0, 0, daqd_h5_default(), bytes), "cannot write \(dataset.name)")
        }
        return dataset
    }
}
