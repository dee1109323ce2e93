// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// A process to be killed: it takes acquisitions on two devices and says on standard output what it was promised.
@main
enum RunLogCrasher {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else { exit(64) }
        do {
            switch arguments[1] {
            case "work": try await Site(folder: arguments[2]).work()
            case "drain": try await Site(folder: arguments[2]).drain()
            case "full": try await FullDisk(folder: arguments[2]).run()
            default: exit(64)
            }
        } catch {
            say("ERROR \(error)")
            exit(1)
        }
    }

    /// One line, past all buffers of this process.
    static func say(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }
}

/// The content of an acquisition's file, known from its id alone.
func content(of id: String) -> [UInt8] {
    var state = id.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    let size = 1000 + Int(state % 300_000)
    return (0..<size).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}

/// Checks the acquisition's files against their sums.
struct Verify: PostOperation {
    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        var checked: [Artifact] = []
        for var artifact in job.acquisition.artifacts {
            let found = try await SHA256.hashFile(at: artifact.path)
            guard found.digest == artifact.sha256 else {
                throw PostOperationError(.dataWrong, "\(artifact.path) has the SHA-256 \(found.digest)")
            }
            artifact.verified = true
            checked.append(artifact)
        }
        return PostOperationResult("\(checked.count) checked", artifacts: checked)
    }
}

/// Leaves a mark for each acquisition; the same one when it runs again.
struct Mark: PostOperation {
    let folder: String
    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        let id = job.acquisition.id
        let file = try DurableFile(path: "\(folder)/marks/\(id)", tag: "mark")
        try file.restart()
        try file.write(Array(id.utf8))
        try file.commit()
        return PostOperationResult("marked")
    }
}

/// A site with two devices: cam1 resumes what a crash interrupted, cam2 does not.
struct Site {
    let folder: String
    let log: RunLog
    let runs: AcquisitionCoordinator
    let autosave: AutosaveStore

    init(folder: String) throws {
        self.folder = folder
        let logger = Logger(component: "crasher", level: .error) { RunLogCrasher.say("LOG \($0.message)") }
        for part in ["data", "marks"] { try SafePath.makeFolders("\(folder)/\(part)") }
        log = try RunLog(path: "\(folder)/\(RunLog.fileName)")
        runs = AcquisitionCoordinator(log: log, logger: logger)
        autosave = try AutosaveStore(log: log, logger: logger)
    }

    func start() async throws {
        try await runs.recover()
        let claimed = runs.acquisitions(of: "cam1").claimInterrupted()
        var rules = PostOperationRules()
        rules.retries = 200
        rules.backoff = .milliseconds(1)
        for device in ["cam1", "cam2"] {
            await runs.postOperations.configure(
                device: device,
                chain: [
                    PostOperationEntry("verify", Verify(), rules: rules, waitsByDefault: true),
                    PostOperationEntry("mark", Mark(folder: folder), rules: rules),
                ])
        }
        await runs.settleInterrupted()
        for acquisition in claimed { try await collect(acquisition) }
    }

    func work() async throws {
        RunLogCrasher.say("READY")
        try await start()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for device in ["cam1", "cam2"] { group.addTask { try await take(device) } }
            try await group.waitForAll()
        }
    }

    func drain() async throws {
        try await start()
        while true {
            let open = try await log.postOperations(in: [.waiting, .running, .retrying, .blocked])
            if open.isEmpty, runs.active.isEmpty { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        await runs.shutdown()
        log.close()
        RunLogCrasher.say("DRAINED")
    }

    /// One acquisition after the other, until killed.
    private func take(_ device: String) async throws {
        let store = try log.store(for: device)
        for number in (store["number"]?.integer ?? 0)... {
            let plan = AcquisitionPlan(
                "run \(number)", expected: 4, configuration: .object([("number", .integer(number))]))
            let acquisition = try await runs.acquisitions(of: device).begin(plan)
            RunLogCrasher.say("BEGAN \(acquisition.id)")
            try await acquisition.armed()
            try await acquisition.acquiring()
            acquisition.frames(indexes: 0..<4)
            try await collect(acquisition)
            try await store.set("number", to: .integer(number + 1))
            RunLogCrasher.say("NUMBER \(device) \(number + 1)")
            autosave.save(.integer(number), at: "\(device)/number")
        }
    }

    /// Writes the file, or the rest of it, and ends the acquisition.
    private func collect(_ acquisition: Acquisition) async throws {
        try await acquisition.finishing()
        if acquisition.isResumed { acquisition.frames(indexes: 0..<4) }
        let bytes = content(of: acquisition.id)
        let file = try DurableFile(path: "\(folder)/data/\(acquisition.id).bin", tag: acquisition.id)
        var offset = Int(file.resumed)
        while offset < bytes.count {
            let end = min(offset + 8192, bytes.count)
            try file.write(Array(bytes[offset..<end]))
            offset = end
        }
        let commit = try await file.commitInBackground(size: Int64(bytes.count))
        RunLogCrasher.say("FILE \(commit.path) \(commit.sha256)")
        try await acquisition.add(Artifact(commit, role: .data))
        RunLogCrasher.say("ARTIFACT \(acquisition.id) \(commit.path) \(commit.sha256)")
        let record = try await acquisition.finish()
        RunLogCrasher.say("ENDED \(record.id) \(record.state.rawValue)")
    }
}
