// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation

/// Ports for programs that must be told theirs before they open it.
public enum FreePort {
    /// So many ports of 127.0.0.1 that nobody has at the moment.
    ///
    /// From below the range that Linux gives to sockets bound to port 0, so that no server of a test running beside
    /// takes one in between.
    public static func choose(_ count: Int) -> [Int] {
        var ports: Set<Int> = []
        while ports.count < count {
            let port = Int.random(in: 15_000..<32_000)
            if isFree(port) { ports.insert(port) }
        }
        return Array(ports)
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
