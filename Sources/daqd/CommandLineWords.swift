// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The command line, decoded.
struct CommandLineWords {
    enum Action {
        case serve, check, schema, reference, plugins, help, version
        case runs(AcquisitionQuery)
        case names(String?)
    }

    /// What is wrong with the command line, in one sentence.
    struct Mistake: Error, CustomStringConvertible {
        let description: String
    }

    static let hint = "try: daqd --help"

    static let help = """
        daqd: drives detectors, cameras and test stands, and serves them to the site's clients.

        usage: daqd [--config FILE]              run until SIGTERM or SIGINT; SIGHUP applies a changed configuration
               daqd --config FILE --check        report every error of the configuration; exit 0 or 78
               daqd --config FILE --schema       JSON Schema of the configuration, for editors
               daqd --config FILE --reference    every setting, as Markdown
               daqd plugins [--config FILE]      plugins with version, ABI, path and what each registers
               daqd runs [--config FILE] [--device NAME] [--limit N] [--json]
                                                 acquisitions, newest first
               daqd names [FRONTEND] [--config FILE]
                                                 every name that the running daemon's frontends serve

        options: --config FILE        default plugins.conf
                 --log-format FORMAT  text, json or artiq
                 --log-level LEVEL    trace, debug, info, notice, warning or error
                 --version, --help

        exit status: 0 stopped as asked · 1 state or run log unusable · 64 wrong command line · 78 configuration wrong

        """

    var options = DaemonOptions(configuration: "plugins.conf")
    var action = Action.serve
    var wantsJSON = false

    private var query = AcquisitionQuery()
    private var words: [String] = []

    init(_ arguments: [String]) throws(Mistake) {
        query.limit = 20
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-") else {
                words.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            try option(parts[0], parts.count > 1 ? parts[1] : nil, &rest)
        }
        try chooseAction()
    }

    private mutating func option(
        _ name: String, _ attached: String?, _ rest: inout ArraySlice<String>
    ) throws(Mistake) {
        switch name {
        case "--help", "-h": action = .help
        case "--version": action = .version
        case "--check": action = .check
        case "--schema": action = .schema
        case "--reference": action = .reference
        case "--json": wantsJSON = true
        case "--config", "-c": options.configuration = try value(of: name, attached, &rest)
        case "--device": query.device = try value(of: name, attached, &rest)
        case "--limit":
            let text = try value(of: name, attached, &rest)
            guard let limit = Int(text), (1...10_000).contains(limit) else {
                throw Mistake(description: "--limit takes 1 to 10000, not “\(text)”")
            }
            query.limit = limit
        case "--log-format": options.logFormat = try choice(name, try value(of: name, attached, &rest))
        case "--log-level": options.logLevel = try choice(name, try value(of: name, attached, &rest))
        default: throw Mistake(description: "unknown option “\(name)”")
        }
    }

    private func value(
        of name: String, _ attached: String?, _ rest: inout ArraySlice<String>
    ) throws(Mistake) -> String {
        guard let value = attached ?? rest.popFirst() else { throw Mistake(description: "\(name) needs a value") }
        return value
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ text: String
    ) throws(Mistake) -> Choice {
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Mistake(description: "\(name) takes \(choices), not “\(text)”")
        }
        return choice
    }

    private mutating func chooseAction() throws(Mistake) {
        guard let word = words.first else { return }
        switch word {
        case "plugins" where words.count == 1: action = .plugins
        case "runs" where words.count == 1: action = .runs(query)
        case "names" where words.count <= 2: action = .names(words.count > 1 ? words[1] : nil)
        default: throw Mistake(description: "“\(words.joined(separator: " "))” is not a command of daqd")
        }
    }
}
