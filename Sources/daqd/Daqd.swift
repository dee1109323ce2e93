// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Glibc

/// The daemon's entry: reads the command line and hands over to the kernel.
@main
enum Daqd {
    static func main() async {
        let signals = Signals.stream()
        let command: CommandLineWords
        do {
            command = try CommandLineWords(Array(CommandLine.arguments.dropFirst()))
        } catch {
            printError("daqd: \(error)\n\(CommandLineWords.hint)")
            exit(64)
        }
        exit(await run(command, signals))
    }

    private static func run(_ command: CommandLineWords, _ signals: AsyncStream<DaemonSignal>) async -> Int32 {
        switch command.action {
        case .help: printOut(CommandLineWords.help)
        case .version: printOut("daqd \(DaemonRelease.number)\n")
        case .serve: return await Daemon(command.options).run(signals).rawValue
        case .check: return Inspection(command.options).check()
        case .schema: return Inspection(command.options).schema()
        case .reference: return Inspection(command.options).reference()
        case .plugins: return Inspection(command.options).plugins()
        case .runs(let query): return await Inspection(command.options).runs(query, json: command.wantsJSON)
        case .names(let frontend): return Inspection(command.options).names(frontend)
        }
        return 0
    }

    static func printOut(_ text: String) { print(text, terminator: "") }

    static func printError(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
