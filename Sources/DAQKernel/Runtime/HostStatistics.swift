// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc
internal import Synchronization

/// What the kernel of the host tells of the process and the machine, as parameters.
final class HostStatistics: Sendable {
    private struct Ticks {
        var process = 0.0
        var busy = 0.0
        var all = 0.0
        var at: Int64 = 0
    }

    private let name = Parameter<String>("host", "Name of the host", access: .read)
    private let directory = Parameter<String>("directory", "Working directory", access: .read)
    private let process = Parameter<Int64>("process_id", "Process identifier", access: .read)
    private let cores = Parameter<Int64>("cores", "Processors of the host", access: .read)
    private let cpu = Parameter<Double>(
        "cpu", "Processor time of the daemon, in percent of one processor", unit: "%", access: .read, precision: 1)
    private let hostCPU = Parameter<Double>(
        "host_cpu", "Busy part of all processors", unit: "%", access: .read, precision: 1)
    private let hostMemory = Parameter<Int64>("host_memory", "Memory of the host", unit: "B", access: .read)
    private let freeMemory = Parameter<Int64>(
        "host_memory_free", "Memory of the host that is available", unit: "B", access: .read)
    private let files = Parameter<Int64>("files", "Open files", access: .read)
    private let fileLimit = Parameter<Int64>("files_limit", "Greatest number of open files", access: .read)
    private let freeFiles = Parameter<Int64>("files_free", "Files that can still be opened", access: .read)
    private let threads = Parameter<Int64>("threads", "Threads of the daemon", access: .read)
    private let last = Mutex(Ticks())

    var parameters: [AnyParameter] {
        [
            name, directory, process, cores, cpu, hostCPU, hostMemory, freeMemory, files, fileLimit, freeFiles, threads,
        ]
    }

    /// What never changes.
    init() {
        var buffer = [CChar](repeating: 0, count: 4096)
        if unsafe gethostname(&buffer, buffer.count - 1) == 0 { name.publish(Self.text(buffer)) }
        if unsafe getcwd(&buffer, buffer.count) != nil { directory.publish(Self.text(buffer)) }
        process.publish(Int64(getpid()))
        cores.publish(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Publishes what is so now.
    func refresh() {
        refreshLoad()
        refreshMemory()
        var limit = rlimit()
        guard let open = Self.openFiles(), unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        else {
            return
        }
        let most = Int64(clamping: limit.rlim_cur)
        files.publish(open)
        fileLimit.publish(most)
        freeFiles.publish(max(0, most - open))
    }

    /// Loads are means since the last call, or of at least half a second.
    private func refreshLoad() {
        guard let own = Self.fields(of: "/proc/self/stat", after: ")"), own.count > 17,
            let user = Double(own[11]), let system = Double(own[12]), let running = Int64(own[17])
        else { return }
        threads.publish(running)
        let all = (Self.fields(of: "/proc/stat")?.dropFirst().prefix(8) ?? []).compactMap { Double($0) }
        let idle = all.count > 4 ? all[3] + all[4] : 0
        var now = Ticks(process: user + system, all: all.reduce(0, +), at: Timestamp.monotonicNanoseconds())
        now.busy = now.all - idle
        let before = last.withLock { last -> Ticks? in
            guard now.at - last.at >= 500_000_000 else { return nil }
            defer { last = now }
            return last
        }
        guard let before, before.at > 0 else { return }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK))) * Double(now.at - before.at) / 1e9
        cpu.publish(100 * (now.process - before.process) / ticks)
        if now.all > before.all { hostCPU.publish(100 * (now.busy - before.busy) / (now.all - before.all)) }
    }

    private func refreshMemory() {
        let lines = Self.read("/proc/meminfo").split(separator: "\n")
        func bytes(_ key: String) -> Int64? {
            guard let line = lines.first(where: { $0.hasPrefix(key) }) else { return nil }
            return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
        }
        if let total = bytes("MemTotal:") { hostMemory.publish(total) }
        if let free = bytes("MemAvailable:") { freeMemory.publish(free) }
    }

    /// Resident memory of this process.
    static func residentBytes() -> Int64? {
        guard let fields = fields(of: "/proc/self/statm"), fields.count > 1, let pages = Int64(fields[1]) else {
            return nil
        }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func openFiles() -> Int64? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var count: Int64 = -3  // `.`, `..` and the folder itself
        while unsafe readdir(folder) != nil { count += 1 }
        return max(0, count)
    }

    /// The words of a file's first line, those behind a mark's last occurrence where one is given.
    private static func fields(of path: String, after mark: Character? = nil) -> [Substring]? {
        let line = read(path).prefix { $0 != "\n" }
        guard let mark else { return line.isEmpty ? nil : line.split(separator: " ") }
        guard let place = line.lastIndex(of: mark) else { return nil }
        return line[line.index(after: place)...].split(separator: " ")
    }

    private static func read(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = unsafe buffer.withUnsafeMutableBytes { raw in
            unsafe Glibc.read(descriptor, raw.baseAddress, raw.count)
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
