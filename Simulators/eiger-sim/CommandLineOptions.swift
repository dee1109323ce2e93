// Part of daqd
// SPDX-License-Identifier: MIT

import EigerSimulator

/// The options of the command line.
struct CommandLineOptions {
    /// What to simulate.
    var simulator = SimulatorOptions()
    /// Whether only the help is wanted.
    var wantsHelp = false

    /// A wrong option, in one sentence.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    static let help = """
        usage: eiger-sim [options]
        A simulated EIGER, EIGER2 or PILATUS4 detector that speaks SIMPLON; prints its port as JSON and runs until SIGTERM
        or SIGINT.

          --model NAME          \(EigerSimulation.models.joined(separator: ", "))
          --port N              TCP port, default 8910; 0 takes a free one
          --address ADDRESS     where to listen, default 127.0.0.1
          --api VERSIONS        1.6.0, 1.8.0 or both with a comma; default what the model speaks
          --speed FACTOR        how much faster than a real detector everything goes, default 1
          --seed N              start of the random numbers, default 1
          --buffer BYTES        memory for files, default 4 GiB
          --initialize-time S   --arm-time S   --energy-time S   --restart-time S   --reboot-time S
                                how long these take, default 2, 0.3, 0.5, 1 and 5 s
          --lenient             take commands with a body such as {"value": "arm"}, and serve 1.6.0 too
          --quirks NAMES        oddities of real units, with commas, or none; default those usual for the model:
                                \(Quirk.allCases.map(\.rawValue).joined(separator: " "))
          --script FILE         faults and triggers at stated times, in YAML
          --manual-clock        time only passes when POST /sim/clock says so
          --help                this text
        """

    init(_ arguments: [String]) throws(Problem) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--help", "-h": wantsHelp = true
            case "--lenient": simulator.isLenient = true
            case "--manual-clock": simulator.hasManualClock = true
            default:
                guard let value = rest.popFirst() else { throw Self.unknown(option, hasValue: false) }
                try set(option, value)
            }
        }
    }

    private mutating func set(_ option: String, _ value: String) throws(Problem) {
        switch option {
        case "--model": simulator.model = value
        case "--address": simulator.address = value
        case "--port": simulator.port = Int(try Self.number(option, value, in: 0...65535))
        case "--speed": simulator.speed = try Self.number(option, value, in: 0.001...10_000)
        case "--seed": simulator.seed = UInt64(try Self.number(option, value, in: 0...9e15))
        case "--buffer": simulator.bufferBytes = Int(try Self.number(option, value, in: 0...1e15))
        case "--initialize-time": simulator.initializeSeconds = try Self.number(option, value, in: 0...600)
        case "--arm-time": simulator.armSeconds = try Self.number(option, value, in: 0...600)
        case "--energy-time": simulator.flatfieldSeconds = try Self.number(option, value, in: 0...600)
        case "--restart-time": simulator.restartSeconds = try Self.number(option, value, in: 0...600)
        case "--reboot-time": simulator.rebootSeconds = try Self.number(option, value, in: 0...600)
        case "--api": simulator.apis = Self.names(value)
        case "--quirks": simulator.quirks = try Self.quirks(value)
        case "--script": try readScript(value)
        default: throw Self.unknown(option, hasValue: true)
        }
    }

    private mutating func readScript(_ path: String) throws(Problem) {
        do {
            simulator.script = try SimulatorOptions.text(ofScript: path)
        } catch {
            throw Problem(description: "--script: \(error)")
        }
        simulator.scriptName = path
    }

    private static func names(_ list: String) -> [String] { list.split(separator: ",").map(String.init) }

    private static func quirks(_ list: String) throws(Problem) -> [Quirk] {
        if list == "none" { return [] }
        var quirks: [Quirk] = []
        for name in names(list) {
            guard let quirk = Quirk(rawValue: name) else {
                let known = Quirk.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem(description: "--quirks: there is no \(name); there are: \(known)")
            }
            quirks.append(quirk)
        }
        return quirks
    }

    private static let options = [
        "--model", "--address", "--port", "--speed", "--seed", "--buffer", "--initialize-time", "--arm-time",
        "--energy-time", "--restart-time", "--reboot-time", "--api", "--quirks", "--script",
    ]

    private static func unknown(_ option: String, hasValue: Bool) -> Problem {
        guard !hasValue, options.contains(option) else {
            return Problem(description: "unknown option \(option); see eiger-sim --help")
        }
        return Problem(description: "the option \(option) needs a value")
    }

    private static func number(_ option: String, _ value: String, in limits: ClosedRange<Double>) throws(Problem)
        -> Double
    {
        guard let number = Double(value), limits.contains(number) else {
            throw Problem(
                description: "\(option) takes a number from \(limits.lowerBound) to \(limits.upperBound), not \(value)")
        }
        return number
    }
}
