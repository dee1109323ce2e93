// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// Talks to the service manager that started the daemon (systemd's notification socket); silent without one.
///
/// Source: sd_notify(3): datagrams of `KEY=value` lines to the socket named in NOTIFY_SOCKET.
struct ServiceManager: Sendable {
    private let socketPath: String?
    /// How often the service manager wants to hear that we live; `nil` without a watchdog.
    let watchdogPeriod: Duration?

    init(environment: (String) -> String? = ServiceManager.variable) {
        socketPath = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = environment("WATCHDOG_PID").flatMap(Int32.init).map { $0 == getpid() } ?? true
        let microseconds = isForUs ? environment("WATCHDOG_USEC").flatMap(Int64.init) : nil
        watchdogPeriod = microseconds.flatMap { $0 > 0 ? .microseconds($0) : nil }
    }

    static func variable(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// All frontends listen.
    func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

    /// A reload begins; it ends with ``ready(_:)``.
    func reloading() {
        send(
            "RELOADING=1\nMONOTONIC_USEC=\(Timestamp.monotonicNanoseconds() / 1000)\nSTATUS=reloading the configuration"
        )
    }

    /// The stop begins.
    func stopping(_ status: String) { send("STOPPING=1\nSTATUS=\(status)") }

    /// The start or stop needs more time than agreed.
    func extend(by duration: Duration) {
        send("EXTEND_TIMEOUT_USEC=\(max(0, duration.components.seconds) * 1_000_000)")
    }

    /// We live.
    func alive() { send("WATCHDOG=1") }

    private func send(_ message: String) {
        guard let socketPath, socketPath.utf8.count < 108 else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A service manager that does not read must not stop the daemon: a datagram waits this long and is then dropped.
        var patience = timeval(tv_sec: 0, tv_usec: 250_000)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { raw in unsafe raw.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(message.utf8)
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = unsafe bytes.withUnsafeBytes { raw in
                    unsafe sendto(descriptor, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL), generic, length)
                }
            }
        }
    }
}
