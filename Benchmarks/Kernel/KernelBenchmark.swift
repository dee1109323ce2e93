// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// Parameters and subscriptions of the kernel beside what the machine itself needs for a clock reading and a mutex.
@main
enum KernelBenchmark {
    static func main() {
        print("kernel: one parameter of type Double; every publish carries a time stamp; best of 5 runs")
        let clock = rate("clock_gettime(CLOCK_REALTIME), the floor of a time stamp", 3_000_000) { count in
            for _ in 0..<count { keep(Timestamp.now().nanoseconds) }
        }
        let bare = rate("clock and one pthread mutex around a store, the floor of a publish", 3_000_000) { count in
            var value = 0.0
            var mutex = unsafe pthread_mutex_t()
            unsafe pthread_mutex_init(&mutex, nil)
            for number in 0..<count {
                let time = Timestamp.now()
                unsafe pthread_mutex_lock(&mutex)
                value = Double(number) + Double(time.nanoseconds & 1)
                unsafe pthread_mutex_unlock(&mutex)
            }
            keep(Int64(value))
        }
        publishes(bare)
        access(clock)
        declarations()
    }

    private static func publishes(_ bare: Double) {
        for subscribers in [0, 1, 10] {
            let parameter = Parameter("x", "", initial: 0.0)
            let subscriptions = (0..<subscribers).map { _ in Subscription {} }
            for subscription in subscriptions { subscription.add(parameter) }
            var seen = 0
            let measured = rate("publishes to \(subscribers) subscribers, drained every 100", 1_000_000) { count in
                for number in 0..<count {
                    parameter.publish(Double(number))
                    if number % 100 == 99 {
                        for subscription in subscriptions { subscription.drain { seen += $0.slot + 1 } }
                    }
                }
                keep(Int64(seen))
            }
            let goal = [1: 12e6, 10: 4e6][subscribers].map {
                "; goal \(Int($0 / 1e6)) million: \(percent(measured / $0))"
            }
            print("    ratio to the floor \(percent(measured / bare))\(goal ?? "")")
        }
    }

    private static func access(_ clock: Double) {
        let parameter = Parameter("x", "", unit: "s", limits: 0...1e9, initial: 0.5)
        let origin = Origin(frontend: "bench")
        _ = rate("typed reads of the last value", 5_000_000) { count in
            var sum = 0.0
            for _ in 0..<count { sum += parameter.value }
            keep(Int64(sum))
        }
        _ = rate("erased reads: value, time and alarm", 3_000_000) { count in
            for _ in 0..<count { keep(parameter.sample.timestamp.nanoseconds) }
        }
        let writes = rate("local writes: type, limits and access checked, then published", 1_000_000) { count in
            for number in 0..<count {
                keep((try? parameter.putImmediately(.float(Double(number)), origin: origin)) == true ? 1 : 0)
            }
        }
        print("    ratio to a clock reading \(percent(writes / clock))")
    }

    private static func declarations() {
        let count = 10_000
        let before = residentBytes()
        let start = Timestamp.monotonicNanoseconds()
        let parameters = (0..<count).map { number in
            Parameter<Double>("group/parameter\(number)", "One of many", unit: "s", limits: 0...10, precision: 3)
        }
        let milliseconds = Double(Timestamp.monotonicNanoseconds() - start) / 1e6
        let bytes = Double(residentBytes() - before) / Double(count)
        print("  10,000 parameters declared in \(tenths(milliseconds)) ms; goal 50 ms: \(percent(50 / milliseconds))")
        print("    \(tenths(bytes)) B resident each; goal 400 B: \(percent(400 / bytes))")
        keep(Int64(parameters.count))
    }

    /// The best of five runs, in calls per second.
    private static func rate(_ name: String, _ usual: Int, _ body: (Int) -> Void) -> Double {
        // A share of the usual counts, for profilers that are slow: `kernel 0.01`.
        let share = CommandLine.arguments.dropFirst().first.flatMap { Double($0) } ?? 1
        let count = max(1000, Int(Double(usual) * share))
        var best = 0.0
        for _ in 0..<5 {
            let start = Timestamp.monotonicNanoseconds()
            body(count)
            best = max(best, Double(count) / (Double(Timestamp.monotonicNanoseconds() - start) / 1e9))
        }
        print("  \(tenths(best / 1e6)) million/s (\(tenths(1e9 / best)) ns)  \(name)")
        return best
    }

    /// Keeps the optimiser from removing what is measured.
    @inline(never)
    private static func keep(_ value: Int64) {}

    private static func residentBytes() -> Int64 {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe fgets(&buffer, 128, file) != nil else { return 0 }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int64(fields[1]) ?? 0) * 4096 : 0
    }

    private static func percent(_ ratio: Double) -> String { "\(Int((ratio * 100).rounded())) %" }
    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
