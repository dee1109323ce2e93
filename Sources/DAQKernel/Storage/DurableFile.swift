// Part of daqd
// SPDX-License-Identifier: MIT
internal import CFiles
internal import Glibc
internal import Synchronization

/// A file that appears under its final name complete and synced, or not at all.
///
/// Bytes go to `.<name>.<tag>.part` in the final folder and into a SHA-256 sum; ``commit(as:expecting:size:)`` syncs, renames without ever
/// replacing another file, and syncs the folder. A crash leaves the partial file, and opening it again under the same tag goes on
/// where it ended. All calls block the calling thread: use a thread of your own, or ``commitInBackground(as:expecting:size:)``. Calls from several
/// threads are safe; their order is theirs.
public final class DurableFile: Sendable {
    private struct State: ~Copyable {
        var handle: FileHandle?
        var sum: SHA256?
        var size: Int64
        var writtenBack: Int64 = 0
        var fault: FileError?
    }

    /// How a commit ended.
    public struct Commit: Sendable, Equatable {
        /// Where the file is.
        public let path: String
        /// Its size in bytes.
        public let size: Int64
        /// Its sum.
        public let sha256: SHA256.Digest
        /// Whether a file of the same content had that name before; the partial one is gone then.
        public let wasThere: Bool
    }

    /// The name that the file is to have.
    public let path: String
    /// Where its bytes are until the commit.
    public let partialPath: String
    /// How many bytes an earlier process had left behind.
    public let resumed: Int64
    private let state: Mutex<State>

    /// Starts a file, or goes on with the partial file that a crash or ``close()`` left.
    ///
    /// What was left is read once for the sum: about one second for 2 GB.
    /// - Parameters:
    ///   - path: The final name; its folder must exist.
    ///   - tag: What tells this writing from another of the same name; the acquisition's id. Letters, digits, `-`, `_`, `.`.
    ///   - resume: `false` discards what an earlier process left.
    /// - Throws: ``FileError``: `inUse` when another writer holds the partial file.
    public init(path: String, tag: String, resume: Bool = true) throws(FileError) {
        let folder = SafePath.parent(of: path)
        let name = SafePath.name(of: path)
        try SafePath.check(name)
        try SafePath.check(tag)
        let partial = folder + "/." + name + "." + tag.split(separator: "/").joined(separator: "_") + ".part"
        var sum = SHA256()
        var size: Int64 = 0
        let handle = try Self.open(partial, resume: resume)
        if resume { size = try handle.read(into: &sum, path: partial) }
        self.path = path
        partialPath = partial
        resumed = size
        state = Mutex(State(handle: handle, sum: consume sum, size: size))
    }

    /// Bytes written so far, those of an earlier process included.
    public var size: Int64 { state.withLock { $0.size } }

    /// Appends bytes.
    ///
    /// After a failure the file takes no more bytes, so that a short write never becomes a hole; open it anew to go on.
    /// - Throws: ``FileError``: `noSpace` when the disk is full.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let failure: FileError? = state.withLock { state -> FileError? in
            if let fault = state.fault { return fault }
            do throws(FileError) {
                try unsafe Self.write(bytes, to: &state, path: partialPath)
                return nil
            } catch {
                state.fault = error
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Appends bytes.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        let result: Result<Void, FileError> = unsafe bytes.withUnsafeBytes { buffer in
            do throws(FileError) {
                try unsafe write(buffer)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Throws away what was written and starts again at byte 0 (a server that cannot resume).
    public func restart() throws(FileError) {
        let failure: FileError? = state.withLock { state -> FileError? in
            guard let descriptor = state.handle?.descriptor else { return Self.closed(partialPath) }
            if ftruncate(descriptor, 0) != 0 { return FileError(system: errno, "truncate", path: partialPath) }
            if lseek(descriptor, 0, SEEK_SET) < 0 { return FileError(system: errno, "rewind", path: partialPath) }
            state.sum = SHA256()
            state.size = 0
            state.writtenBack = 0
            state.fault = nil
            return nil
        }
        if let failure { throw failure }
    }

    /// Syncs the content and gives it its final name, which no other file may have.
    ///
    /// A file of the same content under that name counts as success. With other content there, the partial file stays and the call may be
    /// repeated with another name.
    /// - Parameters:
    ///   - other: A final name other than the one announced, in any folder of the same file system.
    ///   - digest: The sum it must have, where the source stated one.
    ///   - size: The size it must have, where the source stated one.
    /// - Throws: ``FileError``: `mismatch`, `nameTaken`, `noSpace` or the system's reason. The partial file is kept in every case.
    @discardableResult
    public func commit(
        as other: String? = nil, expecting digest: SHA256.Digest? = nil, size: Int64? = nil
    ) throws(FileError) -> Commit {
        let target = other ?? path
        let result: Result<Commit, FileError> = state.withLock { state in
            do throws(FileError) {
                return .success(try Self.commit(&state, from: partialPath, to: target, digest: digest, size: size))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// As ``commit(as:expecting:size:)``, on a thread of its own.
    @discardableResult
    public func commitInBackground(
        as other: String? = nil, expecting digest: SHA256.Digest? = nil, size: Int64? = nil
    ) async throws -> Commit {
        try await BlockingCall.run("daqd-files") { try self.commit(as: other, expecting: digest, size: size) }
    }

    /// Closes the partial file and leaves it for a later ``init(path:tag:resume:)``; safe twice.
    public func close() {
        state.withLock { $0.handle = nil }
    }

    /// Closes and removes the partial file; safe twice and after a commit.
    public func discard() {
        state.withLock { state in
            guard state.handle != nil else { return }
            unsafe unlink(partialPath)
            state.handle = nil
        }
    }
}

extension DurableFile {
    private static func closed(_ path: String) -> FileError {
        FileError(.inUse, path: path, "\(path) is closed already")
    }

    /// Opens the partial file alone: a plain file that no other process holds, never through a link.
    private static func open(_ path: String, resume: Bool) throws(FileError) -> FileHandle {
        for _ in 0..<8 {
            let handle = try FileHandle(creating: path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
            let status = try handle.status(path: path)
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw FileError(.inUse, path: path, "\(path) is not a plain file; remove it")
            }
            if flock(handle.descriptor, LOCK_EX | LOCK_NB) != 0 {
                throw FileError(.inUse, path: path, "\(path) is being written by another process or transfer")
            }
            // A second name means a crash between link and unlink: the content is safe under that other name, which
            // must not be written to. A different file means that its writer committed between our open and lock.
            var named = stat()
            let found = unsafe lstat(path, &named) == 0 && named.st_ino == status.st_ino
            if found, status.st_nlink > 1 { unsafe unlink(path) }
            guard found, status.st_nlink == 1 else { continue }
            if !resume, status.st_size > 0, ftruncate(handle.descriptor, 0) != 0 {
                throw FileError(system: errno, "truncate", path: path)
            }
            return handle
        }
        throw FileError(.inUse, path: path, "\(path) is replaced by somebody else again and again")
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to state: inout State, path: String) throws(FileError) {
        guard state.handle != nil else { throw closed(path) }
        try unsafe state.handle?.write(bytes, path: path)
        unsafe state.sum?.update(bytes)
        state.size += Int64(bytes.count)
        let pending = state.size - state.writtenBack
        if pending >= 16 << 20, let descriptor = state.handle?.descriptor {
            daqd_start_writeback(descriptor, state.writtenBack, pending)
            state.writtenBack = state.size
        }
    }

    private static func commit(
        _ state: inout State, from partial: String, to target: String, digest: SHA256.Digest?, size: Int64?
    ) throws(FileError) -> Commit {
        guard state.handle != nil else { throw closed(partial) }
        if let fault = state.fault { throw fault }
        if let size, size != state.size {
            throw FileError(.mismatch, path: partial, "\(partial) has \(state.size) bytes; \(size) were announced")
        }
        let sum = try finish(&state, partial)
        if let digest, digest != sum {
            throw FileError(.mismatch, path: partial, "\(partial) has the SHA-256 \(sum); \(digest) was announced")
        }
        do throws(FileError) {
            try state.handle?.sync(path: partial)
        } catch {
            // The kernel reports lost pages once and then calls them clean: a second sync would lie.
            state.fault = error
            throw error
        }
        var wasThere = false
        do throws(FileError) {
            try rename(partial, to: target)
        } catch {
            guard error.errorNumber == EEXIST else { throw error }
            guard try same(target, size: state.size, digest: sum) else {
                throw FileError(.nameTaken, path: target, "\(target) exists with other content; nothing was replaced")
            }
            wasThere = true
            unsafe unlink(partial)
        }
        try syncFolder(of: target)
        if SafePath.parent(of: target) != SafePath.parent(of: partial) { try syncFolder(of: partial) }
        state.handle = nil
        return Commit(path: target, size: state.size, sha256: sum, wasThere: wasThere)
    }

    /// The sum of everything written; the state keeps no running sum afterwards, so it is read anew if a commit is repeated.
    private static func finish(_ state: inout State, _ partial: String) throws(FileError) -> SHA256.Digest {
        if let sum = state.sum.take() { return sum.finalize() }
        return try SHA256.hashBlocking(fileAt: partial).digest
    }

    private static func same(_ path: String, size: Int64, digest: SHA256.Digest) throws(FileError) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == size else {
            return false
        }
        return try SHA256.hashBlocking(fileAt: path).digest == digest
    }

    /// Renames without replacing; where the file system cannot, links under the new name and removes the old one.
    static func rename(_ source: String, to target: String) throws(FileError) {
        if unsafe daqd_rename_noreplace(source, target) == 0 { return }
        let number = errno
        guard number == ENOSYS || number == EINVAL || number == ENOTSUP else {
            throw FileError(system: number, "rename \(source) to", path: target)
        }
        try link(source, to: target)
    }

    /// The way without renameat2: a crash between the two calls leaves both names on one file, which the next run finds whole.
    static func link(_ source: String, to target: String) throws(FileError) {
        if unsafe Glibc.link(source, target) != 0 {
            throw FileError(system: errno, "link \(source) to", path: target)
        }
        if unsafe unlink(source) != 0 { throw FileError(system: errno, "remove", path: source) }
    }

    /// Syncs the folder of a path, so that its names survive a power cut.
    public static func syncFolder(of path: String) throws(FileError) {
        let folder = SafePath.parent(of: path)
        let handle = try FileHandle(opening: folder, O_RDONLY | O_DIRECTORY)
        try handle.sync(path: folder)
    }
}
