// Part of daqd
// SPDX-License-Identifier: MIT

/// A plugin on its way through the checks: what is known of it so far, for the refusal's text.
struct PluginCandidate: Sendable {
    /// As the configuration names it.
    var name: String
    /// The canonical path; empty until a file was found.
    var path = ""
    /// The linker's build-id.
    var buildID: String?
    /// What it says about itself.
    var stamp: PluginStamp?
    /// This daqd.
    var host: HostIdentity

    /// A refusal of this plugin.
    func refusal(
        _ code: PluginRefusal.Code, _ title: String, reason: [String] = [],
        differences: [PluginRefusal.Difference] = [], fix: [String]
    ) -> PluginRefusal {
        PluginRefusal(
            code: code, title: title, plugin: summary, file: path, buildID: buildID, host: host.summary, reason: reason,
            differences: differences, fix: fix)
    }

    private var summary: String {
        guard let stamp else { return name }
        return "\(stamp.id) \(stamp.version)  (\(stamp.interface))"
    }
}

extension PluginStamp {
    /// The way in, the interface's version and the compiler, in one line.
    var interface: String {
        if doors.contains(.swift) {
            return "door Swift, kernel ABI \(kernelABI), \(CompilerText(swiftCompiler, compiler))"
        }
        return doors.contains(.c) ? "door C, C ABI \(cABI)" : "door process"
    }
}

extension HostIdentity {
    /// Release, kernel interface and compiler, in one line.
    var summary: String {
        let accepted =
            kernelABI.minor == 0
            ? "\(kernelABI)" : "\(kernelABI.major).0 to \(kernelABI)"
        return "\(release)  (kernel ABI \(kernelABI), accepts \(accepted); \(CompilerText(swiftCompiler, compiler)))"
    }
}

/// How a compiler is named in a text.
struct CompilerText: CustomStringConvertible {
    /// `Swift 6.3.1`, or the version and commit of its clang when the number is not known.
    let description: String

    init(_ number: UInt32, _ identity: String) {
        if number > 0 {
            description = "Swift \(number / 10000).\(number / 100 % 100).\(number % 100)"
        } else if let commit = Self.commit(of: identity) {
            description = "clang \(identity.prefix { $0 != " " }) \(commit.prefix(8))"
        } else {
            description = identity.isEmpty ? "unknown compiler" : identity
        }
    }

    /// The number and, where there is one, the commit.
    static func long(_ number: UInt32, _ identity: String) -> String {
        let name = CompilerText(number, identity).description
        guard number > 0, let commit = commit(of: identity) else { return name }
        return "\(name) (commit \(commit.prefix(8)))"
    }

    /// The commit in a clang's version: its longest run of hexadecimal digits, at least seven.
    static func commit(of identity: String) -> Substring? {
        identity.split { !$0.isHexDigit }.filter { $0.count >= 7 }.max { $0.count < $1.count }
    }
}
