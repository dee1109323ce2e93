// Part of daqd
// SPDX-License-Identifier: MIT

import EigerSimulator
import Glibc

/// The stand-alone simulated detector: reads options, serves, and ends at SIGTERM or SIGINT.
@main
enum EigerSim {
    static func main() {
        let command: CommandLineOptions
        do {
            command = try CommandLineOptions(Array(CommandLine.arguments.dropFirst()))
        } catch {
            print("eiger-sim: \(error)", to: &StandardError.shared)
            exit(64)
        }
        if command.wantsHelp {
            print(CommandLineOptions.help)
            return
        }
        serve(command.simulator)
    }

    private static func serve(_ options: SimulatorOptions) {
        var ending = sigset_t()
        unsafe sigemptyset(&ending)
        for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&ending, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &ending, nil)
        signal(SIGPIPE, SIG_IGN)
        do {
            let simulation = try EigerSimulation(options)
            let url = "http://\(options.address):\(simulation.port)"
            let apis = simulation.servedVersions.map { "\"\($0)\"" }.joined(separator: ",")
            print(#"{"model":"\#(options.model)","http":\#(simulation.port),"url":"\#(url)","api":[\#(apis)]}"#)
            fflush(nil)
            var received: Int32 = 0
            while unsafe sigwait(&ending, &received) != 0 {}
            simulation.stop()
        } catch {
            print("eiger-sim: \(error)", to: &StandardError.shared)
            exit(1)
        }
    }
}
