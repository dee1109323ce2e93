// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// Something in a file that can carry attributes: a group, a dataset, the file's root.
@HDF5
public class HDF5Object {
    let id: hid_t
    /// The file's path and the object's path in it, for messages.
    public let name: String
    /// What this was opened from; kept, because a file that is forgotten closes all that was opened from it.
    private let owner: HDF5Object?
    private let release: (hid_t) -> herr_t
    private var isOpen = true

    init(id: hid_t, name: String, owner: HDF5Object?, release: @escaping (hid_t) -> herr_t) {
        self.id = id
        self.owner = owner
        self.name = name
        self.release = release
    }

    isolated deinit {
        if isOpen { _ = release(id) }
    }

    /// Closes the object; later calls on it fail with a clear error.
    func closeIdentifier() -> herr_t {
        guard isOpen else { return 0 }
        isOpen = false
        return release(id)
    }

    // MARK: - Attributes

    /// Writes a text attribute.
    public func setAttribute(_ attribute: String, _ value: String) throws(StorageError) {
        let type = try StringType(capacity: value.utf8.count)
        let bytes = StringType.bytes(value)
        try create(attribute, type: type.id, shape: nil) { (id) throws(StorageError) in
            try check(unsafe H5Awrite(id, type.id, bytes), "cannot write attribute \(attribute) of \(self.name)")
        }
    }

    /// Writes texts as a one-dimensional attribute.
    public func setAttribute(_ attribute: String, _ values: [String]) throws(StorageError) {
        let capacity = values.map(\.utf8.count).max() ?? 0
        let type = try StringType(capacity: capacity)
        let bytes = values.flatMap { Array($0.utf8) + [UInt8](repeating: 0, count: capacity + 1 - $0.utf8.count) }
        try create(attribute, type: type.id, shape: [values.count]) { (id) throws(StorageError) in
            try check(unsafe H5Awrite(id, type.id, bytes), "cannot write attribute \(attribute) of \(self.name)")
        }
    }

    /// Writes a number as attribute.
    public func setAttribute<Value: HDF5Element>(_ attribute: String, _ value: Value) throws(StorageError) {
        try setAttribute(attribute, [value], shape: nil)
    }

    /// Writes numbers as a one-dimensional attribute.
    public func setAttribute<Value: HDF5Element>(_ attribute: String, _ values: [Value]) throws(StorageError) {
        try setAttribute(attribute, values, shape: [values.count])
    }

    private func setAttribute<Value: HDF5Element>(
        _ attribute: String, _ values: [Value], shape: [Int]?
    ) throws(StorageError) {
        let type = try Value.hdf5Type.native()
        try create(attribute, type: type, shape: shape) { (id) throws(StorageError) in
            try check(unsafe H5Awrite(id, type, values), "cannot write attribute \(attribute) of \(self.name)")
        }
    }

    private func create(
        _ attribute: String, type: hid_t, shape: [Int]?, _ write: (hid_t) throws(StorageError) -> Void
    ) throws(StorageError) {
        let space = try Dataspace(shape)
        let what = "cannot create attribute \(attribute) of \(name)"
        let id = try identifier(
            unsafe H5Acreate2(self.id, attribute, type, space.id, daqd_h5_default(), daqd_h5_default()), what)
        defer { _ = H5Aclose(id) }
        try write(id)
    }

    /// The numbers of an attribute, converted to the asked type; nil when there is no such attribute.
    public func attribute<Value: HDF5Element>(_ attribute: String, as: Value.Type) throws(StorageError) -> [Value]? {
        guard unsafe H5Aexists(id, attribute) > 0 else { return nil }
        let what = "cannot read attribute \(attribute) of \(name)"
        let id = try identifier(unsafe H5Aopen(self.id, attribute, daqd_h5_default()), what)
        defer { _ = H5Aclose(id) }
        let space = try Dataspace(identifier(H5Aget_space(id), what))
        var values = [Value](repeating: .hdf5Zero, count: try space.count(limit: 1 << 24, of: what))
        let type = try Value.hdf5Type.native()
        try check(unsafe H5Aread(id, type, &values), what)
        return values
    }

    /// The text of a scalar attribute; nil when there is no such attribute.
    public func attributeText(_ attribute: String) throws(StorageError) -> String? {
        guard unsafe H5Aexists(id, attribute) > 0 else { return nil }
        let what = "cannot read attribute \(attribute) of \(name)"
        let id = try identifier(unsafe H5Aopen(self.id, attribute, daqd_h5_default()), what)
        defer { _ = H5Aclose(id) }
        let type = try OwnedIdentifier(identifier(H5Aget_type(id), what), H5Tclose)
        let space = try Dataspace(identifier(H5Aget_space(id), what))
        guard try space.count(limit: 1, of: what) == 1 else { return "" }
        return unsafe try StringType.read(type.id, what) { buffer in unsafe H5Aread(id, type.id, buffer) }
    }
}

/// A dataspace that is closed at the end of its owner's life.
@HDF5
struct Dataspace: ~Copyable {
    let id: hid_t

    init(_ id: hid_t) { self.id = id }

    /// Makes a scalar (nil) or simple space; `maximum` -1 means without limit.
    init(_ shape: [Int]?, maximum: [Int]? = nil) throws(StorageError) {
        guard let shape else {
            id = try identifier(H5Screate(H5S_SCALAR), "cannot make a scalar dataspace")
            return
        }
        guard (maximum ?? shape).count == shape.count, (1...32).contains(shape.count),
            !shape.contains(where: { $0 < 0 })
        else { throw .invalid("a dataset cannot have the shape \(shape) with the maximum \(maximum ?? shape)") }
        let limits = (maximum ?? shape).map { $0 < 0 ? daqd_h5_unlimited() : hsize_t($0) }
        id = try identifier(
            unsafe H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, limits),
            "cannot make a dataspace of \(shape)")
    }

    deinit { _ = H5Sclose(id) }

    /// How many elements, refused above `limit` because a file's word alone must not take all memory.
    func count(limit: Int, of what: String) throws(StorageError) -> Int {
        let count = H5Sget_simple_extent_npoints(id)
        guard count >= 0, count <= limit else {
            throw StorageError(
                .unsupported, "\(what): it announces \(count) elements, more than the \(limit) allowed here")
        }
        return Int(count)
    }

    func shape() throws(StorageError) -> [Int] {
        let rank = H5Sget_simple_extent_ndims(id)
        guard rank >= 0 else { throw HDF5ErrorStack.take("cannot read a dataset's shape") }
        var sizes = [hsize_t](repeating: 0, count: max(1, Int(rank)))
        try check(unsafe H5Sget_simple_extent_dims(id, &sizes, nil), "cannot read a dataset's shape")
        return sizes.prefix(Int(rank)).map { Int(clamping: $0) }
    }
}

/// A fixed-length, null-terminated string type; what NeXus writers use and every reader understands.
@HDF5
struct StringType: ~Copyable {
    let id: hid_t

    init(capacity: Int) throws(StorageError) {
        id = try identifier(H5Tcopy(daqd_h5_c_string()), "cannot make a text type")
        _ = H5Tset_size(id, capacity + 1)
        _ = H5Tset_cset(id, H5T_CSET_UTF8)
    }

    deinit { _ = H5Tclose(id) }

    static func bytes(_ value: String) -> [UInt8] { Array(value.utf8) + [0] }

    /// Reads one string of any kind with a given read call.
    static func read(
        _ type: hid_t, _ what: String, _ call: (UnsafeMutableRawPointer) -> herr_t
    ) throws(StorageError) -> String {
        guard H5Tget_class(type) == H5T_STRING else {
            throw StorageError(.unsupported, "\(what): it is \(HDF5ElementType(of: type)), not text")
        }
        if H5Tis_variable_str(type) > 0 {
            var text: UnsafeMutablePointer<CChar>?
            try check(unsafe withUnsafeMutablePointer(to: &text) { unsafe call($0) }, what)
            defer { _ = unsafe H5free_memory(text) }
            return unsafe text.map { unsafe String(cString: $0) } ?? ""
        }
        let size = Int(H5Tget_size(type))
        guard size <= 1 << 24 else {
            throw StorageError(.unsupported, "\(what): a text of \(size) bytes is more than is allowed here")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        try check(
            unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe buffer.baseAddress.map { unsafe call($0) } ?? -1
            }, what)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
