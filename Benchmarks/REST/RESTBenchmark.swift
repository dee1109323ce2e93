// Part of daqd
// SPDX-License-Identifier: MIT
import CBareServer
import Glibc

/// GET of a parameter from the real daqd beside a bare libmicrohttpd handler that sends as many bytes.
@main
enum RESTBenchmark {
    private static let path = "/api/v1/devices/daqd/parameters/uptime"
    private static let connections = 8
    private static let seconds = 2.0
    private static let rounds = 5
    private static let goal = 0.7

    static func main() {
        guard let binaries = unsafe getenv("DAQD_BIN").map({ unsafe String(cString: $0) }) else {
            return fail("rest: DAQD_BIN must name the folder of daqd and its plugins; make bench sets it")
        }
        guard let daemon = Daemon(binaries: binaries) else { return fail("rest: daqd does not start") }
        defer { daemon.stop() }
        guard let body = daemon.waitUntilServing(path: path) else { return fail("rest: daqd does not serve \(path)") }
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: body.count)
        for (index, byte) in body.enumerated() { unsafe copy[index] = CChar(bitPattern: byte) }
        let barePort = unsafe Int(bare_server_start(copy, UInt(body.count)))
        guard barePort > 0 else { return fail("rest: the bare server does not start") }
        print(
            "rest: GET of a parameter, \(body.count) bytes of JSON, \(connections) connections, \(rounds) rounds of \(Int(seconds)) s in turn"
        )
        var bare: [LoadGenerator.Result] = []
        var ours: [LoadGenerator.Result] = []
        for _ in 0..<rounds {
            guard let first = measure(barePort, ownThreads), let second = measure(daemon.port, daemon.processorTime)
            else {
                return fail("rest: a connection broke")
            }
            bare.append(first)
            ours.append(second)
        }
        report("bare libmicrohttpd handler", bare)
        report("daqd with RESTFrontend", ours)
        let ratio = median(zip(ours, bare).map { $0.rate / $1.rate })
        let costs = median(zip(ours, bare).map { $1.cost / $0.cost })
        print("    ratio of processor time \(percent(costs)), which neither the load nor the generator blurs")
        print("    ratio of requests/s \(percent(ratio)); goal \(percent(goal)): \(ratio >= goal ? "met" : "not met")")
    }

    /// Processor time of this process but for this thread: that of the bare server.
    private static func ownThreads() -> Int {
        var all = timespec()
        var own = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own)
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &all)
        return (all.tv_sec - own.tv_sec) * 1_000_000_000 + all.tv_nsec - own.tv_nsec
    }

    private static func measure(_ port: Int, _ clock: () -> Int) -> LoadGenerator.Result? {
        guard let generator = LoadGenerator(port: port, path: path, connections: connections) else { return nil }
        defer { generator.close() }
        _ = generator.run(seconds: 0.2, clock: clock)
        return generator.run(seconds: seconds, clock: clock)
    }

    private static func report(_ name: String, _ results: [LoadGenerator.Result]) {
        let rate = Int(median(results.map(\.rate)).rounded())
        print(
            "    \(name): \(rate) requests/s, p99 \(Int(median(results.map(\.p99)).rounded())) us, \(tenths(median(results.map(\.cost)))) us of processor time each"
        )
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func percent(_ value: Double) -> String { "\(Int((value * 100).rounded())) %" }

    private static func fail(_ text: String) {
        print(text)
        exit(1)
    }
}
