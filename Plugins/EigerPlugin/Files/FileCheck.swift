// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQStorage
import DAQTransports
import Glibc

/// Whether a downloaded file is what its name says.
enum FileCheck {
    /// What was found.
    enum Finding: Sendable, Equatable {
        /// A file that can be opened; so many images, `nil` where it holds none of its own.
        case good(images: Int64?)
        /// A newer format than this host's library reads; only size and signature speak for it.
        case opaque
        /// It cannot be what it should be.
        case damaged(String)
    }

    /// Checks the signature, then opens the file and counts its images.
    /// - Parameter holdsImages: Whether images are expected in this very file.
    static func check(_ path: String, holdsImages: Bool, isNewFormat: Bool) async throws -> Finding {
        let head = try await BlockingCall.run { readHead(path) }
        guard HDF5File.hasSignature(head) else { return .damaged("it does not begin as an HDF5 file") }
        if isNewFormat { return .opaque }
        do {
            return try await HDF5.run {
                let file = try HDF5File.open(path)
                guard holdsImages else {
                    return file.has("/entry") ? .good(images: nil) : .damaged("it has no group /entry")
                }
                let shape = try file.dataset("/entry/data/data").shape
                return shape.count >= 3
                    ? .good(images: Int64(shape[0])) : .damaged("its images have \(shape.count) dimensions")
            }
        } catch let error as StorageError {
            return error.code == .unsupported ? .opaque : .damaged(error.message)
        }
    }

    private static func readHead(_ path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}
