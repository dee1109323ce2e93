// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// A name in a group and what it stands for.
public struct HDF5Link: Hashable, Sendable {
    /// Where a link leads.
    public enum Target: Hashable, Sendable {
        /// To an object of the same file.
        case object
        /// To a path in the same file, which need not exist.
        case path(String)
        /// To a path in another file, which need not exist; the file's name is relative to this file's folder.
        case external(file: String, path: String)
    }
    /// The name in the group.
    public var name: String
    /// Where it leads.
    public var target: Target
}

extension HDF5Group {
    /// Makes a soft link: a second name for a path of this file.
    public func link(_ child: String, to target: String) throws(StorageError) {
        try check(
            unsafe H5Lcreate_soft(target, id, child, daqd_h5_default(), daqd_h5_default()),
            "cannot create link \(path(child))")
    }

    /// Makes an external link: a name for a path of another file, whose name is relative to this file's folder.
    public func link(_ child: String, toFile file: String, path target: String) throws(StorageError) {
        try check(
            unsafe H5Lcreate_external(file, target, id, child, daqd_h5_default(), daqd_h5_default()),
            "cannot create link \(path(child))")
    }

    /// The links of this group in the order of their names, without following them.
    public func links() throws(StorageError) -> [HDF5Link] {
        let collected = Names()
        let what = "cannot list \(name)"
        let status = withExtendedLifetime(collected) {
            let context = unsafe Unmanaged.passUnretained(collected).toOpaque()
            return unsafe H5Literate(
                id, H5_INDEX_NAME, H5_ITER_INC, nil,
                { _, name, _, context in
                    guard let name = unsafe name, let context = unsafe context else { return 0 }
                    unsafe Unmanaged<Names>.fromOpaque(context).takeUnretainedValue().list.append(String(cString: name))
                    return 0
                }, context)
        }
        try check(status, what)
        return try collected.list.map { (name) throws(StorageError) in
            HDF5Link(name: name, target: try target(of: name))
        }
    }

    private func target(of child: String) throws(StorageError) -> HDF5Link.Target {
        let what = "cannot read link \(path(child))"
        var info = H5L_info_t()
        try check(unsafe H5Lget_info(id, child, &info, daqd_h5_default()), what)
        guard info.type == H5L_TYPE_SOFT || info.type == H5L_TYPE_EXTERNAL else { return .object }
        let size = unsafe info.u.val_size
        guard size > 0, size <= 1 << 20 else {
            throw StorageError(.unsupported, "\(what): its value has \(size) bytes")
        }
        var value = [CChar](repeating: 0, count: Int(size) + 1)
        try check(unsafe H5Lget_val(id, child, &value, Int(size), daqd_h5_default()), what)
        guard info.type == H5L_TYPE_EXTERNAL else {
            return .path(String(decoding: value.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        // The value is a byte of flags, then two strings, each ended by a zero.
        let parts = value.dropFirst().split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2 else { throw StorageError(.damaged, "\(what): it names no file and path") }
        let text = parts.prefix(2).map { String(decoding: $0.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        return .external(file: text[0], path: text[1])
    }

    private final class Names {
        var list: [String] = []
    }
}
