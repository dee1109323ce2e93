// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// An open file descriptor with one owner, closed when the owner goes.
struct FileHandle: ~Copyable {
    let descriptor: Int32

    /// Opens an existing file or folder; never follows a descriptor into a child process.
    init(opening path: String, _ flags: Int32) throws(FileError) {
        descriptor = unsafe open(path, flags | O_CLOEXEC)
        if descriptor < 0 { throw FileError(system: errno, "open", path: path) }
    }

    /// Opens or creates a file with mode 0666 less the umask.
    init(creating path: String, _ flags: Int32) throws(FileError) {
        descriptor = unsafe open(path, flags | O_CREAT | O_CLOEXEC, 0o666)
        if descriptor < 0 { throw FileError(system: errno, "create", path: path) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        // A child between fork and exec still holds the open file, and a lock would last until its exec.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Writes all the bytes, however often the system takes only a part.
    func write(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
        var offset = 0
        while offset < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                let number = errno
                if number == EINTR { continue }
                throw FileError(system: number, "write", path: path)
            }
            offset += count
        }
    }

    /// Reads from where the file stands to its end, adding everything to a sum; the number of bytes read.
    func read(into sum: inout SHA256, path: String) throws(FileError) -> Int64 {
        var total: Int64 = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                let number = errno
                if number == EINTR { continue }
                throw FileError(system: number, "read", path: path)
            }
            if count == 0 { return total }
            unsafe buffer.withUnsafeBytes { unsafe sum.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            total += Int64(count)
        }
    }

    /// Size, kind and link count.
    func status(path: String) throws(FileError) -> stat {
        var status = stat()
        if unsafe fstat(descriptor, &status) != 0 { throw FileError(system: errno, "examine", path: path) }
        return status
    }

    /// Returns when content and size are on the disk.
    func sync(path: String) throws(FileError) {
        while fsync(descriptor) != 0 {
            let number = errno
            if number != EINTR { throw FileError(system: number, "sync", path: path) }
        }
    }
}
