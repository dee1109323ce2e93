// Part of daqd
// SPDX-License-Identifier: MIT
internal import CHDF5Probe
internal import Glibc

extension HDF5File {
    /// Lets a child process look at every object of a file before this process opens it.
    ///
    /// libhdf5 1.10 crashes on some damaged files; then the child dies and this throws. Files that the library refuses
    /// in order are
    /// left for `open` to explain. Costs a fork and one walk over the file's objects, not its pixels.
    /// - Throws: `damaged` when libhdf5 crashed over the file, or did not end within the time; `CancellationError`.
    public nonisolated static func probe(_ path: String, seconds: Int = 20) async throws {
        let limit = UInt32(max(1, min(seconds, 3600)))
        let child = try await HDF5.run {
            let child = unsafe daqd_h5_probe_start(path, limit)
            guard child > 0 else { throw StorageError(.system, "cannot examine \(path): the system starts no process") }
            return child
        }
        let status: Int32
        do {
            status = try await end(of: child)
        } catch {
            // Cancelled: nobody wants the answer any more.
            kill(child, SIGKILL)
            var ignored: Int32 = 0
            while unsafe waitpid(child, &ignored, 0) < 0, errno == EINTR {}
            throw error
        }
        let signal = status & 0x7F
        if signal == SIGALRM {
            throw StorageError(
                .damaged, "cannot open \(path): HDF5 did not end reading it within \(limit) s; it is damaged")
        }
        if signal != 0 {
            throw StorageError(.damaged, "cannot open \(path): HDF5 crashes over it (signal \(signal)); it is damaged")
        }
    }

    /// Waits for a child without holding a thread; it mostly ends within milliseconds.
    private nonisolated static func end(of child: pid_t) async throws -> Int32 {
        var pause = 1
        while true {
            var status: Int32 = 0
            let ended = unsafe waitpid(child, &status, WNOHANG)
            if ended == child { return status }
            if ended < 0, errno != EINTR { return 0 }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, 50)
        }
    }
}
