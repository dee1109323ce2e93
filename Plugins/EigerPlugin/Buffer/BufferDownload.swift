// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports

/// Copies files out of the detector's memory because somebody asked for them by name; nothing is removed there.
struct BufferDownload: Sendable {
    let client: SIMPLONClient
    /// Where they go; absolute.
    let folder: String

    /// Broken transfers in a row, without a byte in between, until a file is given up.
    private static let attempts = 4

    /// Brings one file: of the announced size, synced, under its own name, never over another file.
    /// - Returns: Its path.
    func fetch(_ name: String) async throws -> String {
        guard let size = try await client.size(of: name) else {
            throw DeviceError(.notFound, "\(client.device) has no file \(name)")
        }
        let path = try destination(name)
        try FreeSpace.require(size, at: SafePath.parent(of: path))
        let file = try await BlockingCall.run("daqd-buffer") {
            try DurableFile(path: path, tag: "buffer", resume: false)
        }
        defer { file.close() }
        do {
            try await transfer(name, into: file)
            guard file.size == size else {
                throw DeviceError(
                    .busy, "\(client.device) still changes \(name): announced \(size) bytes, \(file.size) came")
            }
            return try await file.commitInBackground(size: size).path
        } catch {
            file.discard()
            throw error
        }
    }

    private func destination(_ name: String) throws -> String {
        try SafePath.makeFolders(folder)
        let path = try SafePath.join(folder, name)
        try SafePath.makeFolders(SafePath.parent(of: path))
        return path
    }

    private func transfer(_ name: String, into file: DurableFile) async throws {
        let sink = DownloadSink(file)
        var failures = 0
        while true {
            let start = sink.count
            do {
                _ = try await client.download(name, into: sink)
                return
            } catch let error as DeviceError {
                failures = sink.count > start ? 1 : failures + 1
                let isHopeless = error.code == .notFound || error.code == .storage || error.code == .cancelled
                guard !isHopeless, failures < Self.attempts else { throw error }
                try await Task.sleep(for: .milliseconds(100 << failures))
            }
        }
    }
}
