// Part of daqd
// SPDX-License-Identifier: MIT

internal import Glibc

/// An open file that might become a plugin; closed when the last reference goes.
final class PluginFile: ByteSource {
    /// The canonical path: absolute, no symbolic link.
    let path: String
    /// Its user.
    let owner: UInt32
    /// Type and permissions, as `stat` gives them.
    let mode: UInt32
    /// Device and inode: what stays the same between the check and `dlopen`.
    let identity: Identity
    let size: UInt64
    private let descriptor: Int32

    /// Which file it is, and which content of it.
    struct Identity: Equatable {
        /// The file system.
        var device: UInt64
        /// The file on it.
        var inode: UInt64
        /// When its content last changed, in nanoseconds.
        var changed: Int64
        /// Its length.
        var size: Int64
    }

    /// Opens `path`, which is not waited for when it is a pipe.
    ///
    /// - Throws: ``SystemError`` with the number that `realpath`, `open` or `fstat` left.
    init(opening path: String) throws(SystemError) {
        guard let resolved = unsafe realpath(path, nil) else { throw SystemError(number: errno) }
        defer { unsafe free(resolved) }
        self.path = unsafe String(cString: resolved)
        descriptor = unsafe open(resolved, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemError(number: errno) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let number = errno
            close(descriptor)
            throw SystemError(number: number)
        }
        owner = status.st_uid
        mode = status.st_mode
        identity = Identity(status)
        size = UInt64(clamping: status.st_size)
    }

    deinit { close(descriptor) }

    /// Whether it is a regular file.
    var isRegular: Bool { mode & S_IFMT == S_IFREG }

    /// Whether `path` still leads to the same content.
    var isUnchanged: Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && Identity(status) == identity
    }

    func read(at offset: UInt64, count: Int, part: String) throws(ELFError) -> [UInt8] {
        var failure: Int32?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                guard let base = buffer.baseAddress else { return }
                let got = unsafe pread(descriptor, base + filled, count - filled, off_t(offset) + filled)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure = got < 0 ? errno : 0
                    return
                }
                filled += got
            }
        }
        if let failure { throw .unreadable(part: part, errorNumber: failure) }
        return bytes
    }
}

extension PluginFile.Identity {
    init(_ status: stat) {
        self.init(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            changed: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
            size: Int64(status.st_size))
    }
}

/// A number that a system call left in `errno`.
struct SystemError: Error, Equatable {
    /// The number, such as `ENOENT`.
    var number: Int32
}
