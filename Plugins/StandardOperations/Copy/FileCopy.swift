// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
internal import Glibc

/// Copies one file so that the copy appears complete, synced and compared, or not at all.
struct FileCopy: Sendable {
    /// Where the bytes come from.
    var source: String
    /// What the copy is to be called.
    var target: String
    /// What tells this copy's partial file from another's.
    var tag: String
    /// What the run log has of the source.
    var size: Int64?
    var sha256: SHA256.Digest?
    /// Reads the copy again after it was synced.
    var readsBack: Bool
    /// Where the bytes are moved.
    var bench: Workbench

    private static let blockSize = 4 << 20

    /// The copy, and whether it was there before.
    struct Result: Sendable {
        var size: Int64
        var sha256: SHA256.Digest
        /// Whether a file of the same content had the name before.
        var wasThere: Bool
        /// Bytes that were really moved now; fewer when a crash had left a part.
        var moved: Int64
    }

    /// Copies, going on with what a crash left; a target of the same content counts as success.
    func run() async throws -> Result {
        if let there = try await existing() { return there }
        let file = try DurableFile(path: target, tag: tag)
        defer { file.close() }
        let commit: DurableFile.Commit
        do {
            commit = try await pourAndCommit(file)
        } catch let error as FileError where error.code == .mismatch && file.resumed > 0 {
            // What an earlier process left may belong to another content: once more from the first byte.
            try await bench.run { try file.restart() }
            commit = try await pourAndCommit(file)
        }
        if readsBack { try await readBack(commit) }
        return Result(
            size: commit.size, sha256: commit.sha256, wasThere: commit.wasThere, moved: commit.size - file.resumed)
    }

    private func pourAndCommit(_ file: DurableFile) async throws -> DurableFile.Commit {
        try await bench.run { try pour(into: file) }
        return try await file.commitInBackground(as: nil, expecting: sha256, size: size)
    }

    /// Reads the copy again, as the next reader will.
    private func readBack(_ commit: DurableFile.Commit) async throws {
        let found = try await SHA256.hashFile(at: target)
        guard found.digest == commit.sha256 else {
            throw FileError(
                .mismatch, path: target,
                "\(target) reads back with the SHA-256 \(found.digest) after \(commit.sha256) was written: "
                    + "do not trust this disk")
        }
    }

    /// The copy of an earlier run, if its content is right.
    private func existing() async throws -> Result? {
        var status = stat()
        guard unsafe lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let wanted: SHA256.Digest
        if let sha256 { wanted = sha256 } else { wanted = try await SHA256.hashFile(at: source).digest }
        let found = try await SHA256.hashFile(at: target)
        guard found.digest == wanted else {
            throw FileError(.nameTaken, path: target, "\(target) exists with other content; nothing was replaced")
        }
        return Result(size: found.size, sha256: found.digest, wasThere: true, moved: 0)
    }

    /// Reads the rest of the source into the partial file.
    private func pour(into file: DurableFile) throws {
        let descriptor = unsafe open(source, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(system: errno, "open", path: source) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(system: errno, "examine", path: source) }
        if file.size > Int64(status.st_size) { try file.restart() }
        guard lseek(descriptor, off_t(file.size), SEEK_SET) >= 0 else {
            throw FileError(system: errno, "read", path: source)
        }
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        try FreeSpace.require(Int64(status.st_size) - file.size, at: SafePath.parent(of: target))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: 4096)
        defer { unsafe buffer.deallocate() }
        while true {
            try Task.checkCancellation()
            let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(system: errno, "read", path: source) }
            if count == 0 { return }
            try unsafe file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
