// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// Reads a small file whole.
enum ConfigFile {
    static let limit = 1 << 20

    /// - Throws: ``DeviceError/Code/storage`` with path and reason; a file above a megabyte is refused.
    static func read(_ path: String) throws(DeviceError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw DeviceError(.storage, "\(path) cannot be opened: \(reason)")
        }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            guard count >= 0 else {
                let reason = unsafe String(cString: strerror(errno))
                throw DeviceError(.storage, "\(path) cannot be read: \(reason)")
            }
            if count == 0 { return bytes }
            bytes += block[..<count]
            guard bytes.count <= limit else { throw DeviceError(.storage, "\(path) is larger than a megabyte") }
        }
    }
}
