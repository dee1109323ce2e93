// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc

/// Asks for one resource over a few kept connections, as fast as the answers come.
struct LoadGenerator {
    struct Result {
        /// Answers a second.
        var rate: Double
        /// The time within which 99 of 100 answers came, in microseconds.
        var p99: Double
        /// Processor time that the server used for one answer, in microseconds.
        var cost = 0.0
    }

    private let request: [UInt8]
    private var sockets: [CInt] = []

    /// Connects; nil when nothing listens.
    init?(port: Int, path: String, connections: Int) {
        request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        for _ in 0..<connections {
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
            var one: CInt = 1
            unsafe setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
            let status = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else { return nil }
            sockets.append(descriptor)
        }
    }

    /// One answer's bytes on a connection of its own: what the resource holds.
    func fetch() -> [UInt8] {
        unsafe send(sockets[0], request, request.count, 0)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        repeat {
            let count = unsafe recv(sockets[0], &buffer, buffer.count, 0)
            if count <= 0 { return [] }
            bytes += buffer.prefix(count)
        } while Self.body(bytes) == nil
        return Self.body(bytes) ?? []
    }

    private static func body(_ bytes: [UInt8]) -> [UInt8]? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 200"),
            let length = text.firstMatch(of: /Content-Length: ([0-9]+)/).flatMap({ Int($0.1) }),
            let head = text.firstRange(of: "\r\n\r\n")
        else { return nil }
        let start = text[..<head.upperBound].utf8.count
        return bytes.count >= start + length ? Array(bytes[start...]) : nil
    }

    /// Runs for so long beside a clock of the server's processor time; nil when a connection ended or an answer was no 200.
    func run(seconds: Double, clock: () -> Int) -> Result? {
        var times: [UInt32] = []
        times.reserveCapacity(2_000_000)
        var sent = [UInt64](repeating: 0, count: sockets.count)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let before = clock()
        let begin = Self.now()
        let end = begin + UInt64(seconds * 1e9)
        while Self.now() < end {
            for (index, descriptor) in sockets.enumerated() {
                sent[index] = Self.now()
                guard unsafe send(descriptor, request, request.count, 0) == request.count else { return nil }
            }
            for (index, descriptor) in sockets.enumerated() {
                // An answer of this size comes in one piece.
                let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                guard count > 12, buffer[9] == 50, buffer[10] == 48, buffer[11] == 48 else { return nil }
                times.append(UInt32(clamping: Self.now() - sent[index]))
            }
        }
        let elapsed = Double(Self.now() - begin) / 1e9
        let cost = Double(clock() - before) / 1000 / Double(times.count)
        times.sort()
        return Result(
            rate: Double(times.count) / elapsed, p99: Double(times[times.count * 99 / 100]) / 1000, cost: cost)
    }

    /// Closes the connections.
    func close() { for descriptor in sockets { Glibc.close(descriptor) } }

    private static func now() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
