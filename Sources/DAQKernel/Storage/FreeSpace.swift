// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// How much a file system still holds.
public enum FreeSpace {
    /// Bytes that this process may still write below a folder.
    /// - Throws: ``FileError`` naming the folder.
    public static func available(at folder: String) throws(FileError) -> Int64 {
        var status = statvfs()
        while unsafe statvfs(folder, &status) != 0 {
            let number = errno
            if number != EINTR { throw FileError(system: number, "examine", path: folder) }
        }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }

    /// Refuses when a folder has no room for so many bytes and a reserve.
    /// - Throws: ``FileError`` with code `noSpace` and both numbers.
    public static func require(_ bytes: Int64, reserve: Int64 = 64 << 20, at folder: String) throws(FileError) {
        let free = try available(at: folder)
        let (needed, overflow) = bytes.addingReportingOverflow(reserve)
        if overflow || free < needed {
            throw FileError(
                .noSpace, path: folder,
                "\(folder) has \(free) bytes free; \(bytes) bytes and a reserve of \(reserve) are needed")
        }
    }
}
