// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// Keeps two daemons off one state directory; the kernel of the operating system frees it when the process ends.
struct StateLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock, making the directory if it is missing.
    /// - Throws: ``ConfigurationError`` naming the directory and who holds it.
    init(directory: String) throws(ConfigurationError) {
        try Self.makeDirectories(directory)
        let path = directory + "/daqd.lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ConfigurationError("the state directory \(directory) cannot be used: \(SystemText.error(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor)
            close(descriptor)
            throw ConfigurationError(
                "another daqd\(holder) uses the state directory \(directory); give this one a `site.state` of its own")
        }
        _ = ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = unsafe text.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        self.descriptor = descriptor
    }

    deinit {
        // Whoever else holds the open file for a moment, a child before its exec or a thread that lists the open files,
        // would hold the lock too.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 20)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").first
        return text.map { " (process \($0))" } ?? ""
    }

    /// Makes a directory with its parents.
    static func makeDirectories(_ path: String) throws(ConfigurationError) {
        var built = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            built += "/" + part
            if unsafe mkdir(built, 0o755) != 0, errno != EEXIST {
                throw ConfigurationError("the directory \(built) cannot be made: \(SystemText.error(errno))")
            }
        }
    }
}
