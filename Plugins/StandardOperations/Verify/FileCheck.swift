// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQStorage
internal import Glibc

/// What looking at one file against the run log found.
struct FileCheck: Sendable, Equatable {
    /// The absolute path.
    var path: String
    /// What is wrong, in one sentence; nil when size and sum are right.
    var problem: String?
    /// Whether the run log knew a sum to compare with.
    var compared = false
    /// Whether it opens with the signature of HDF5.
    var isHDF5 = false

    /// Endings of names that promise HDF5.
    private static let endings = [".h5", ".hdf5", ".nxs", ".hdf"]

    /// Compares a file with what was recorded when it was written; reads it whole when a sum was recorded.
    init(_ artifact: Artifact, checksums: Bool) async throws {
        path = artifact.path
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            let number = errno
            // A file system that does not answer says nothing about the data.
            guard number == ENOENT || number == ENOTDIR else { throw FileError(system: number, "examine", path: path) }
            problem = "\(path) is gone"
            return
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            problem = "\(path) is not a plain file"
            return
        }
        if let size = artifact.size, size != Int64(status.st_size) {
            problem = "\(path) has \(status.st_size) bytes where the run log has \(size)"
            return
        }
        isHDF5 = try Self.hasSignature(path)
        if !isHDF5, Self.endings.contains(where: { path.lowercased().hasSuffix($0) }) {
            problem = "\(path) does not begin as an HDF5 file does"
            return
        }
        guard checksums, let wanted = artifact.sha256 else { return }
        let found = try await SHA256.hashFile(at: path)
        compared = true
        if found.digest != wanted {
            problem = "\(path) has the SHA-256 \(found.digest) where the run log has \(wanted)"
        }
    }

    /// Whether a file opens with the signature of HDF5.
    static func hasSignature(_ path: String) throws(FileError) -> Bool {
        guard let file = unsafe fopen(path, "re") else { throw FileError(system: errno, "open", path: path) }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8)
        return unsafe fread(&bytes, 1, 8, file) == 8 && HDF5File.hasSignature(bytes)
    }
}
