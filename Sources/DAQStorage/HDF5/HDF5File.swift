// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5

/// An open HDF5 file, on disk or in memory; as a group it is the file's root.
///
/// Closing it closes every group and dataset opened from it.
@HDF5
public final class HDF5File: HDF5Group {
    /// Chunks at least this large start at multiples of `alignment`, so that writes reach the disk's speed.
    private static let alignmentThreshold: hsize_t = 64 << 10
    private static let alignment: hsize_t = 4096

    private let fileID: hid_t

    private init(file: hid_t, path: String) throws(StorageError) {
        fileID = file
        let root = unsafe H5Gopen2(file, "/", daqd_h5_default())
        guard root >= 0 else {
            let error = HDF5ErrorStack.take("cannot open the root group of \(path)")
            _ = H5Fclose(file)
            throw error
        }
        super.init(id: root, name: path + ":", owner: nil, release: H5Gclose)
    }

    isolated deinit {
        _ = H5Fclose(fileID)
    }

    override func path(_ child: String) -> String { child.hasPrefix("/") ? name + child : name + "/" + child }

    // MARK: - On disk

    /// Creates a file that must not exist yet.
    public static func create(_ path: String) throws(StorageError) -> HDF5File {
        let access = try access()
        _ = H5Pset_alignment(access.id, alignmentThreshold, alignment)
        let file = try identifier(
            unsafe H5Fcreate(path, daqd_h5_exclusive(), daqd_h5_default(), access.id), "cannot create \(path)")
        return try HDF5File(file: file, path: path)
    }

    /// Opens an existing file for reading, without locking it against its writer.
    public static func open(_ path: String) throws(StorageError) -> HDF5File {
        let access = try access()
        _ = H5Pset_file_locking(access.id, false, true)
        let file = try identifier(
            unsafe H5Fopen(path, daqd_h5_read_only(), access.id), "cannot open \(path)")
        return try HDF5File(file: file, path: path)
    }

    // MARK: - In memory

    private static var filesInMemory = 0

    /// The library takes two open files in memory for the same one when their names are equal.
    private static func unique(_ name: String) -> String {
        filesInMemory += 1
        return "\(name)#\(filesInMemory)"
    }

    /// Creates a file that lives in memory until `image()` takes its bytes.
    /// - Parameters:
    ///   - name: For messages, and what external links of other files may call it.
    ///   - expectedSize: About how many bytes it will have; memory grows in steps of this, at least 1 MiB.
    public static func createInMemory(
        _ name: String = "memory.h5", expectedSize: Int = 0
    ) throws(StorageError) -> HDF5File {
        let access = try access()
        let step = min(max(expectedSize, 1 << 20), 1 << 32)
        try check(H5Pset_fapl_core(access.id, step, false), "cannot make \(name) in memory")
        let file = try identifier(
            unsafe H5Fcreate(unique(name), daqd_h5_exclusive(), daqd_h5_default(), access.id),
            "cannot create \(name) in memory"
        )
        return try HDF5File(file: file, path: name)
    }

    /// Opens the bytes of a file for reading; they are copied.
    public static func open(image: [UInt8], name: String = "memory.h5") throws(StorageError) -> HDF5File {
        let access = try access()
        try check(H5Pset_fapl_core(access.id, 1 << 20, false), "cannot open \(name) in memory")
        var image = image
        try check(unsafe H5Pset_file_image(access.id, &image, image.count), "cannot open \(name) in memory")
        let file = try identifier(
            unsafe H5Fopen(unique(name), daqd_h5_read_only(), access.id), "cannot open \(name) in memory")
        return try HDF5File(file: file, path: name)
    }

    /// The file's bytes as they would be on disk; also of a file that is still being written.
    public func image() throws(StorageError) -> [UInt8] {
        try flush()
        let size = H5Fget_file_image(fileID, nil, 0)
        guard size >= 0 else { throw HDF5ErrorStack.take("cannot take the bytes of \(name)") }
        // Not filled with zeros first: for a file of many frames that takes as long as the copy.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = unsafe max(0, H5Fget_file_image(fileID, buffer.baseAddress, size))
        }
        guard bytes.count == size else { throw HDF5ErrorStack.take("cannot take the bytes of \(name)") }
        return bytes
    }

    /// Hands everything written so far to the system.
    public func flush() throws(StorageError) {
        try check(H5Fflush(fileID, H5F_SCOPE_LOCAL), "cannot write \(name)")
    }

    /// Writes what is pending and closes the file with everything opened from it.
    /// - Throws: When the last bytes cannot be written, for instance on a full disk. Safe twice.
    public func close() throws(StorageError) {
        guard H5Iis_valid(fileID) > 0 else { return }
        try flush()
        _ = closeIdentifier()
        try check(H5Fclose(fileID), "cannot close \(name)")
    }

    /// Whether these bytes open with the signature of an HDF5 file.
    public nonisolated static func hasSignature(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.prefix(8).elementsEqual([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A])
    }

    private static func access() throws(StorageError) -> OwnedIdentifier {
        let list = OwnedIdentifier(
            try identifier(H5Pcreate(daqd_h5_file_access()), "cannot make a property list"), H5Pclose)
        _ = H5Pset_fclose_degree(list.id, H5F_CLOSE_STRONG)
        return list
    }
}
