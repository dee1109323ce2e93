// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports

/// Runs a program of the site for each acquisition.
struct CommandOperation: PostOperation {
    static let factory = PostOperationFactory(
        "command",
        summary: "Runs a program, without a shell, with the acquisition in its environment and as JSON on stdin",
        settings: [
            .list("command", "The program and its arguments, each one item; never through a shell", of: .string),
            .dictionary("environment", "Variables added to the daemon's own environment", of: .string),
            Setting.path("directory", "Where the program starts; the daemon's own directory by default").optional,
            Setting.duration(
                "time_limit",
                "After this time the program and all it started are ended; the attempt's timeout by default",
                in: .milliseconds(1)...Duration.seconds(86400)
            ).optional,
            .duration(
                "grace", "Between SIGTERM and SIGKILL when the time is over", default: .seconds(5),
                in: .zero...Duration.seconds(9)),
            .integer(
                "output_limit", "Bytes kept of each of the program's outputs; more is read and dropped", unit: "B",
                default: 65536, in: 0...16_777_216),
            Setting.integer(
                "data_wrong_status",
                "The exit status that says that the data are wrong; the acquisition then counts as failed",
                in: 1...255
            ).optional,
        ]
    ) { settings, _ in try CommandOperation(settings) }

    private let command: [String]
    private let environment: [String: String]
    private let directory: String?
    private let timeLimit: Duration?
    private let grace: Duration
    private let outputLimit: Int
    private let dataWrongStatus: Int?

    init(_ settings: Settings) throws {
        command = try settings["command"]
        environment = try settings["environment"]
        directory = try settings["directory"]
        timeLimit = try settings["time_limit"]
        grace = try settings["grace"]
        outputLimit = try settings["output_limit"]
        dataWrongStatus = try settings["data_wrong_status"]
        guard let program = command.first, !program.isEmpty else {
            throw settings.error("is empty; its first item is the program", at: "command")
        }
        if command.contains(where: { $0.utf8.contains(0) }) {
            throw settings.error("holds a NUL character", at: "command")
        }
        for (name, value) in environment where name.isEmpty || name.contains("=") || (name + value).utf8.contains(0) {
            throw settings.error("holds the impossible variable \(JSON.string(name).text)", at: "environment")
        }
    }

    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        var child = ChildProcess(command)
        child.environment = ParentEnvironment.variables
            .merging(environment) { $1 }
            .merging(AcquisitionEnvironment.variables(job.acquisition)) { $1 }
        child.workingDirectory = directory
        child.input = Array(AcquisitionEnvironment.json(job).utf8)
        child.timeout = timeLimit
        child.grace = grace
        child.outputLimit = outputLimit
        let outcome: ChildProcess.Outcome
        do {
            outcome = try await child.run()
        } catch let error as ChildProcessError {
            throw PostOperationError(.permanent, error.description)
        }
        report(outcome, job, context.logger)
        try judge(outcome)
        let line = Self.lastLine(outcome.output)
        return PostOperationResult("\(command[0]) ended with 0" + (line.isEmpty ? "" : ": \(line)"))
    }

    /// Writes what the program printed to the log.
    private func report(_ outcome: ChildProcess.Outcome, _ job: PostOperationJob, _ logger: Logger) {
        let streams = [("stdout", outcome.output, LogLevel.info), ("stderr", outcome.errors, .warning)]
        for (name, output, level) in streams where !output.bytes.isEmpty || output.dropped > 0 {
            logger.log(
                outcome.succeeded ? .info : level, "Output of the command",
                [
                    "acquisition": .string(job.acquisition.id), "operation": .string(job.name), "stream": .string(name),
                    "text": .string(output.text), "dropped": .integer(Int64(output.dropped)),
                ])
        }
    }

    private func judge(_ outcome: ChildProcess.Outcome) throws {
        let program = command[0]
        let last = Self.lastLine(outcome.errors)
        let words = last.isEmpty ? "" : ": \(last)"
        if outcome.timedOut, let timeLimit {
            throw PostOperationError(
                .temporary, "\(program) did not end within \(timeLimit); it and all it started were ended\(words)")
        }
        switch outcome.ending {
        case .exited(0): return
        case .exited(let status) where Int(status) == dataWrongStatus:
            throw PostOperationError(.dataWrong, "\(program) says that the data are wrong\(words)")
        case .exited(let status): throw PostOperationError(.temporary, "\(program) ended with \(status)\(words)")
        case .signalled(let signal):
            throw PostOperationError(.temporary, "\(program) was ended by signal \(signal)\(words)")
        @unknown default: throw PostOperationError(.temporary, "\(program) ended in an unknown way\(words)")
        }
    }

    /// What a program said last is mostly why it failed.
    private static func lastLine(_ output: ChildProcess.Output) -> String {
        let line = output.text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) } ?? ""
        return String(
            line.prefix(200).filter { !$0.unicodeScalars.contains { $0.properties.generalCategory == .control } })
    }
}
