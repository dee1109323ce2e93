// Part of daqd
// SPDX-License-Identifier: MIT
import Glibc

/// A daqd of this benchmark's own: the REST frontend and nothing else, in a folder that goes with it.
final class Daemon {
    let port: Int
    private let folder: String
    private let process: pid_t

    /// Starts it; nil when that fails.
    init?(binaries: String) {
        var template = Array("/tmp/daqd-bench-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { return nil }
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        port = Self.freePort()
        let text = """
            site: {name: bench, state: \(folder), data: \(folder)}
            plugins: [RESTFrontend]
            frontends: {rest: {type: rest, port: \(port)}}
            """
        let config = folder + "/plugins.conf"
        guard let file = unsafe fopen(config, "w") else { return nil }
        unsafe fputs(text + "\n", file)
        unsafe fclose(file)
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe []
        for argument in [binaries + "/daqd", "--config", config] { unsafe arguments.append(strdup(argument)) }
        unsafe arguments.append(nil)
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [CInt(1), 2] {
            unsafe posix_spawn_file_actions_addopen(
                &actions, descriptor, folder + "/log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        var id: pid_t = 0
        guard unsafe posix_spawn(&id, binaries + "/daqd", &actions, nil, &arguments, environ) == 0 else { return nil }
        process = id
    }

    private static func freePort() -> Int {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = unsafe bind(descriptor, generic, length)
                _ = unsafe getsockname(descriptor, generic, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// What the resource holds once it is served; nil when it is not within 20 seconds.
    func waitUntilServing(path: String) -> [UInt8]? {
        for _ in 0..<400 {
            if let generator = LoadGenerator(port: port, path: path, connections: 1) {
                defer { generator.close() }
                let body = generator.fetch()
                if !body.isEmpty { return body }
            }
            usleep(50_000)
        }
        return nil
    }

    /// Processor time that it used so far, in nanoseconds.
    func processorTime() -> Int {
        var clock = clockid_t()
        var time = timespec()
        guard unsafe clock_getcpuclockid(process, &clock) == 0, unsafe clock_gettime(clock, &time) == 0 else {
            return 0
        }
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Ends it and removes its folder.
    func stop() {
        kill(process, SIGTERM)
        var status: CInt = 0
        var hasEnded = false
        for _ in 0..<200 where !hasEnded {
            hasEnded = unsafe waitpid(process, &status, WNOHANG) != 0
            if !hasEnded { usleep(50_000) }
        }
        if !hasEnded { kill(process, SIGKILL) }
        for name in ["plugins.conf", "log", "runlog.sqlite", "runlog.sqlite-wal", "runlog.sqlite-shm", "runlog.lock"] {
            unsafe unlink(folder + "/" + name)
        }
        unsafe rmdir(folder)
    }
}
