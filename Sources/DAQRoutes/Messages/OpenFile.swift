// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// A regular file opened for reading; closed with its last reference.
public final class OpenFile: Sendable {
    /// The descriptor, valid as long as this object.
    public let descriptor: CInt
    /// The file's size in bytes when it was opened.
    public let size: UInt64
    /// The time of its last change, in seconds since 1970.
    public let modified: Int

    /// Opens a regular file; symbolic links are followed.
    /// - Throws: ``HTTPFailure`` 404 where there is no such file, 403 where it may not be read, 500 otherwise.
    public init(_ path: String) throws(HTTPFailure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw HTTPFailure(404, "there is no such file")
        }
        self.descriptor = descriptor
        size = UInt64(max(0, status.st_size))
        modified = status.st_mtim.tv_sec
    }

    private static func failure(_ code: CInt) -> HTTPFailure {
        switch code {
        case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP: HTTPFailure(404, "there is no such file")
        case EACCES, EPERM: HTTPFailure(403, "the file may not be read by the daemon")
        default: HTTPFailure(500, "the file cannot be opened: error \(code)")
        }
    }

    deinit { close(descriptor) }
}
