// Part of daqd
// SPDX-License-Identifier: MIT
internal import DAQKernel
internal import Glibc

/// Serves one file from memory with `sendfile`, as fast as the machine can, to one client after the other.
final class FileServer: Sendable {
    let url: String
    private let listener: Int32

    /// - Parameter bytes: Size of the file; its content is not compressible by accident.
    init(bytes: Int) throws {
        let path = "/dev/shm/daqd-fetch-\(getpid())"
        let file = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw DeviceError(.failed, "no memory file") }
        unsafe unlink(path)
        try Self.fill(file, bytes)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isBound else { throw DeviceError(.failed, "no socket") }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/data/file.h5"
        let worker = SerialThread(name: "file-server")
        worker.perform { Self.serve(listener, file, bytes) }
    }

    private static func fill(_ file: Int32, _ bytes: Int) throws {
        var state: UInt64 = 1
        var block = [UInt64](repeating: 0, count: 1 << 17)
        var left = bytes
        while left > 0 {
            for index in block.indices {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                block[index] = state
            }
            let count = unsafe block.withUnsafeBytes { unsafe write(file, $0.baseAddress, min(left, $0.count)) }
            guard count > 0 else { throw DeviceError(.failed, "the memory file could not be filled") }
            left -= count
        }
    }

    private static func serve(_ listener: Int32, _ file: Int32, _ bytes: Int) {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            var request = [UInt8](repeating: 0, count: 65536)
            _ = unsafe recv(client, &request, request.count, 0)
            let head = Array("HTTP/1.1 200 OK\r\nContent-Length: \(bytes)\r\nConnection: close\r\n\r\n".utf8)
            _ = unsafe send(client, head, head.count, Int32(MSG_NOSIGNAL))
            var offset: off_t = 0
            while offset < bytes {
                let sent = unsafe sendfile(client, file, &offset, min(bytes - Int(offset), 1 << 30))
                if sent <= 0 { break }
            }
            close(client)
        }
    }
}
