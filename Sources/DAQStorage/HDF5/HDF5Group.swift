// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// A group of a file: what holds datasets, groups and links.
@HDF5
public class HDF5Group: HDF5Object {
    // Said again, because the printed interface would otherwise lose the isolation of the inherited one.
    isolated deinit {}

    func path(_ child: String) -> String { name.hasSuffix("/") ? name + child : name + "/" + child }

    /// Creates a group, and those above it that are missing.
    /// - Parameter nexusClass: Written as the attribute `NX_class`.
    @discardableResult
    public func createGroup(_ child: String, nexusClass: String? = nil) throws(StorageError) -> HDF5Group {
        let links = try OwnedIdentifier(
            identifier(H5Pcreate(daqd_h5_link_create()), "cannot make a property list"), H5Pclose)
        _ = H5Pset_create_intermediate_group(links.id, 1)
        let made = try identifier(
            unsafe H5Gcreate2(id, child, links.id, daqd_h5_default(), daqd_h5_default()),
            "cannot create group \(path(child))")
        let group = HDF5Group(id: made, name: path(child), owner: self, release: H5Gclose)
        if let nexusClass { try group.setAttribute("NX_class", nexusClass) }
        return group
    }

    /// Opens a group.
    public func group(_ child: String) throws(StorageError) -> HDF5Group {
        let found = try identifier(
            unsafe H5Gopen2(id, child, daqd_h5_default()), "cannot open group \(path(child))")
        return HDF5Group(id: found, name: path(child), owner: self, release: H5Gclose)
    }

    /// Opens a dataset, through links too; an external link is followed beside this file.
    public func dataset(_ child: String) throws(StorageError) -> HDF5Dataset {
        let found = try identifier(
            unsafe H5Dopen2(id, child, daqd_h5_default()), "cannot open dataset \(path(child))")
        return HDF5Dataset(id: found, name: path(child), owner: self, release: H5Dclose)
    }

    /// Whether a link of this name is here; says nothing about whether it leads anywhere.
    public func has(_ child: String) -> Bool {
        // H5Lexists fails when a group on the way is missing, so the way is walked.
        var walked = ""
        for part in child.split(separator: "/") {
            walked += walked.isEmpty && !child.hasPrefix("/") ? "\(part)" : "/\(part)"
            guard unsafe H5Lexists(id, walked, daqd_h5_default()) > 0 else {
                _ = H5Eclear2(0)
                return false
            }
        }
        return true
    }

    // MARK: - Small datasets

    /// Writes a text as a scalar dataset.
    @discardableResult
    public func write(_ child: String, _ value: String) throws(StorageError) -> HDF5Dataset {
        let type = try StringType(capacity: value.utf8.count)
        return try create(child, type: type.id, shape: nil, data: StringType.bytes(value))
    }

    /// Writes a number as a scalar dataset, with its unit if it has one.
    @discardableResult
    public func write<Value: HDF5Element>(
        _ child: String, _ value: Value, units: String? = nil
    ) throws(StorageError) -> HDF5Dataset {
        let dataset = try create(child, type: try Value.hdf5Type.native(), shape: nil, data: [value])
        if let units { try dataset.setAttribute("units", units) }
        return dataset
    }

    /// Writes numbers as one contiguous dataset.
    /// - Parameter shape: Slowest dimension first; the default is one dimension.
    @discardableResult
    public func write<Value: HDF5Element>(
        _ child: String, _ values: [Value], shape: [Int]? = nil, units: String? = nil
    ) throws(StorageError) -> HDF5Dataset {
        let shape = shape ?? [values.count]
        guard shape.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) == values.count else {
            throw .invalid("\(path(child)): \(values.count) values do not fill the shape \(shape)")
        }
        let dataset = try create(child, type: try Value.hdf5Type.native(), shape: shape, data: values)
        if let units { try dataset.setAttribute("units", units) }
        return dataset
    }

    private func create<Value: BitwiseCopyable>(
        _ child: String, type: hid_t, shape: [Int]?, data: [Value]
    ) throws(StorageError) -> HDF5Dataset {
        let space = try Dataspace(shape)
        let dataset = try createDataset(child, type: type, space: space, properties: daqd_h5_default())
        if !data.isEmpty {
            try check(
                unsafe H5Dwrite(dataset.id, type, 0, 0, daqd_h5_default(), data), "cannot write \(dataset.name)")
        }
        return dataset
    }

    func createDataset(
        _ child: String, type: hid_t, space: borrowing Dataspace, properties: hid_t
    ) throws(StorageError) -> HDF5Dataset {
        let links = try OwnedIdentifier(
            identifier(H5Pcreate(daqd_h5_link_create()), "cannot make a property list"), H5Pclose)
        _ = H5Pset_create_intermediate_group(links.id, 1)
        let made = try identifier(
            unsafe H5Dcreate2(id, child, type, space.id, links.id, properties, daqd_h5_default()),
            "cannot create dataset \(path(child))")
        return HDF5Dataset(id: made, name: path(child), owner: self, release: H5Dclose)
    }
}
