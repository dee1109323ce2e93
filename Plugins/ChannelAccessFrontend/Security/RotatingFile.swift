// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// A file of whole lines that is synced after each batch and starts anew when it is full; for one thread.
final class RotatingFile: @unchecked Sendable {  // sound: after `open` only the put log's thread calls it
    /// Why the file cannot be written.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let path: String
    private let maximumBytes: Int
    private let kept: Int
    private var descriptor: Int32 = -1
    private var size = 0

    /// - Parameters:
    ///   - maximumBytes: The size at which a file is full.
    ///   - kept: Full files that are kept.
    init(path: String, maximumBytes: Int, kept: Int) {
        self.path = path
        self.maximumBytes = maximumBytes
        self.kept = kept
    }

    deinit { close() }

    /// Opens the file for appending; a line that a crash cut short is ended first.
    func open() throws(Failure) {
        descriptor = unsafe Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw failure("open") }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("examine") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(description: "\(path) is not a plain file") }
        size = Int(status.st_size)
        var last: UInt8 = 10
        if size > 0, unsafe pread(descriptor, &last, 1, off_t(size - 1)) == 1, last != 10 { try write([10]) }
    }

    /// Appends lines and syncs them.
    func append(_ lines: [String]) throws(Failure) {
        if descriptor < 0 { try open() }
        if size > 0, size + lines.reduce(0, { $0 + $1.utf8.count }) > maximumBytes { try rotate() }
        try write(lines.flatMap(\.utf8))
        guard fdatasync(descriptor) == 0 else { throw failure("sync") }
    }

    private func write(_ bytes: [UInt8]) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(descriptor, raw.baseAddress.map { unsafe $0 + written }, raw.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let failure = failure("write")
                // What was written of these lines is taken back: a line is whole or not there.
                ftruncate(descriptor, off_t(size))
                throw failure
            }
            written += count
        }
        size += written
    }

    private func rotate() throws(Failure) {
        close()
        if kept == 0 { unsafe unlink(path) }
        for number in stride(from: kept, through: 1, by: -1) {
            let from = number == 1 ? path : "\(path).\(number - 1)"
            unsafe rename(from, "\(path).\(number)")
        }
        try open()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private func failure(_ action: String) -> Failure {
        Failure(description: "\(path): cannot \(action): \(unsafe String(cString: strerror(errno)))")
    }
}
