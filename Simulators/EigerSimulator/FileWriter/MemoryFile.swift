// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMemoryFile
internal import Glibc

/// A file of the control unit: bytes in memory behind a descriptor, so that a download needs no copy in this process.
///
/// The memory is freed when the last user lets go, also in the middle of a download of a file that was deleted.
final class MemoryFile: Sendable {
    let size: Int
    private let descriptor: Int32

    /// Copies bytes into memory of their own; `nil` when the system has none left.
    init?(_ bytes: [UInt8]) {
        let descriptor = daqd_memory_file()
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        size = bytes.count
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe buffer.baseAddress.map { unsafe write(descriptor, $0 + done, bytes.count - done) } ?? 0
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return nil }
            done += written
        }
    }

    deinit { close(descriptor) }

    /// A path under which this process can open it.
    var path: String { "/proc/self/fd/\(descriptor)" }

    /// A part of the bytes; shorter than asked at the end.
    func read(_ range: Range<Int>) -> [UInt8] {
        let range = range.clamped(to: 0..<size)
        return unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while count < range.count, let start = buffer.baseAddress {
                let got = unsafe pread(descriptor, start + count, range.count - count, off_t(range.lowerBound + count))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { return }
                count += got
            }
        }
    }
}
