// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// Runs into a limit on the size of files, which refuses writes as a full disk does, and has it lifted again.
struct FullDisk {
    let folder: String

    private func limit(_ bytes: rlim_t?) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(1), &limit)  // RLIMIT_FSIZE
        limit.rlim_cur = bytes ?? limit.rlim_max
        setrlimit(__rlimit_resource_t(1), &limit)
    }

    func run() async throws {
        signal(SIGXFSZ, SIG_IGN)
        let site = try Site(folder: folder)
        try await site.start()
        let camera = site.runs.acquisitions(of: "cam1")
        let held = try await camera.begin(AcquisitionPlan("held", expected: 1))
        held.frames(1)
        limit(400_000)

        let file = try DurableFile(path: "\(folder)/data/big", tag: "x")
        do {
            for _ in 0..<100 { try file.write([UInt8](repeating: 1, count: 8192)) }
            RunLogCrasher.say("NO ERROR")
        } catch {
            RunLogCrasher.say("WRITE \(error.code == .noSpace) \(error.message)")
        }
        do {
            try file.commit()
            RunLogCrasher.say("NO ERROR")
        } catch {
            RunLogCrasher.say("COMMIT \(error.code == .noSpace)")
        }

        var taken = 0
        let filler = String(repeating: "x", count: 20_000)
        do {
            while taken < 100 {
                // A device each: those whose end waits for space are busy.
                let other = site.runs.acquisitions(of: "stand\(taken)")
                let plan = AcquisitionPlan("run \(taken)", expected: 0, configuration: .string("\(taken) \(filler)"))
                let acquisition = try await other.begin(plan)
                RunLogCrasher.say("BEGAN \(acquisition.id)")
                Task { try await acquisition.finish() }
                taken += 1
            }
            RunLogCrasher.say("NO ERROR")
        } catch let error as DeviceError {
            RunLogCrasher.say("BEGIN \(error.code == .storage) \(error.message)")
        }

        // What is begun must end once there is space again, without anybody asking a second time.
        async let ended = held.finish()
        try await Task.sleep(for: .milliseconds(300))
        RunLogCrasher.say("HELD \(held.record.state.rawValue)")
        limit(nil)
        RunLogCrasher.say("LIFTED \(try await ended.state.rawValue)")
        try file.restart()
        try file.write([UInt8](repeating: 1, count: 800_000))
        RunLogCrasher.say("FILE \(try file.commit().size)")
        try await site.drain()
    }
}
