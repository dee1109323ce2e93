// Part of daqd
// SPDX-License-Identifier: MIT
internal import DAQKernel
internal import DAQTransports
internal import Glibc

/// Fetching a file as EigerPlugin does (streamed, hashed, synced, renamed) beside `curl`, `sync` and `openssl dgst -sha256`.
///
/// `fetch [MEGABYTES]`, default 1024. Files go to `$DAQD_BENCH_FOLDER`, else to the current folder's `.build`. Both sides fetch from
/// the same server in the same run, alternating; medians are compared.
@main
struct FetchBenchmark {
    static let goal = 0.95
    static let rounds = 5

    static func main() async throws {
        let megabytes = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 1024
        let folder = Self.folder()
        let server = try FileServer(bytes: megabytes << 20)
        var plain: [Double] = []
        var reference: [Double] = []
        var ours: [Double] = []
        for round in 0..<rounds {
            // Neither side always comes second.
            if round % 2 == 0 { ours.append(try await fetch(server, folder)) }
            plain.append(try await curl(server, folder))
            reference.append(try await curlSyncDigest(server, folder))
            if round % 2 == 1 { ours.append(try await fetch(server, folder)) }
        }
        let rate = { (times: [Double]) in Double(megabytes) / times.sorted()[times.count / 2] }
        print("\(megabytes) MiB over loopback to \(folder), median of \(rounds)")
        print("curl alone, neither synced nor hashed   \(Int(rate(plain))) MiB/s")
        print("curl, then sync, then openssl dgst      \(Int(rate(reference))) MiB/s")
        print("daqd: hashed, synced, renamed           \(Int(rate(ours))) MiB/s")
        let ratio = rate(ours) / rate(reference)
        print("ratio \(Int(ratio * 100)) % (goal: at least \(Int(goal * 100)) %)")
        if ratio < goal { exit(1) }
    }

    private static func folder() -> String {
        if let given = unsafe getenv("DAQD_BENCH_FOLDER") { return unsafe String(cString: given) }
        unsafe mkdir(".build", 0o755)
        return ".build"
    }

    private static func curl(_ server: FileServer, _ folder: String) async throws -> Double {
        let path = folder + "/curl.bin"
        defer { unsafe unlink(path) }
        return try await timed { try await run(["curl", "-s", "-f", "-o", path, server.url]) }
    }

    private static func curlSyncDigest(_ server: FileServer, _ folder: String) async throws -> Double {
        let path = folder + "/curl.bin"
        defer { unsafe unlink(path) }
        return try await timed {
            try await run(["curl", "-s", "-f", "-o", path, server.url])
            try await run(["sync", path])
            try await run(["openssl", "dgst", "-sha256", path])
        }
    }

    private static func fetch(_ server: FileServer, _ folder: String) async throws -> Double {
        let path = folder + "/daqd.bin"
        defer { unsafe unlink(path) }
        let client = try HTTPClient(name: "bench")
        return try await timed {
            let file = try DurableFile(path: path, tag: "bench", resume: false)
            var request = HTTPRequest(.get, server.url)
            request.timeouts = HTTPTimeouts(total: nil, stall: .seconds(30))
            let download = try await client.download(request, into: DownloadSink(file))
            try await file.commitInBackground(size: download.size)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess(arguments).run()
        guard outcome.succeeded else { throw DeviceError(.failed, "\(arguments) failed: \(outcome.errors.text)") }
    }

    private static func timed(_ body: () async throws -> Void) async throws -> Double {
        // What the file before left to do, its removal included, must not count here.
        sync()
        let start = ContinuousClock.now
        try await body()
        let (seconds, attoseconds) = start.duration(to: .now).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
