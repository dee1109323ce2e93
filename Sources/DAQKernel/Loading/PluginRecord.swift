// Part of daqd
// SPDX-License-Identifier: MIT

/// One entry of the section `plugins`: what it led to.
public struct PluginRecord: Sendable {
    /// What the configuration says.
    public let entry: PluginEntry
    /// Why the plugin is not used; nil for a loaded one.
    public internal(set) var refusal: PluginRefusal?
    /// What it registered; empty for a refused one.
    public internal(set) var registered: [Registry.Registration] = []
    /// What is odd about it.
    public internal(set) var warnings: [PluginWarning] = []
    /// What its file told.
    let candidate: PluginCandidate

    /// Its short name, unique among the loaded ones; nil when no stamp was read.
    public var id: String? { candidate.stamp?.id }
    /// Its own version.
    public var version: String? { candidate.stamp?.version }
    /// The kernel interface that it was built with: `1.0`.
    public var kernelABI: String? { candidate.stamp?.kernelABI.description }
    /// The compiler that built it: `Swift 6.3.1`.
    public var compiler: String? { candidate.stamp.map { CompilerText($0.swiftCompiler, $0.compiler).description } }
    /// The canonical path; empty when no file was found.
    public var file: String { candidate.path }
    /// The linker's build-id.
    public var buildID: String? { candidate.buildID }

    /// Says what a refusal means for the site, once that is known.
    ///
    /// - Parameters:
    ///   - unavailable: Components that the site configured and that cannot be made, such as `device eiger1`.
    ///   - running: How many other components there are.
    public mutating func setEffect(unavailable: [String], running: Int) {
        guard refusal != nil else { return }
        refusal?.effect =
            entry.required
            ? ["daqd ends with status 78, because the plugin's entry says `required: true`"]
            : unavailable.isEmpty
                ? ["nothing that this site configured needs it; daqd goes on without it"]
                : [
                    "\(unavailable.joined(separator: ", ")) \(unavailable.count == 1 ? "is" : "are") unavailable; "
                        + (running == 1
                            ? "the other component is running" : "the other \(running) components are running")
                ]
    }

    /// The refusal of a component of this plugin whose settings are wrong (P403).
    public func refusal(settingsOf component: String, _ diagnostics: [Diagnostic]) -> PluginRefusal {
        var refusal = candidate.refusal(
            .settings, "configuration does not fit", reason: diagnostics.map(\.description),
            fix: ["correct these places; `daqd --check --config …` checks them without starting anything"])
        refusal.effect = ["\(component) is unavailable"]
        return refusal
    }

    /// The refusal of a component of this plugin that its factory could not make (P404).
    public func refusal(making component: String, type: String, _ error: any Error) -> PluginRefusal {
        var refusal = candidate.refusal(
            .makeFailed, "component could not be made", reason: ["the factory of “\(type)” failed: \(error)"],
            fix: ["correct what it names, then `daqd --check --config …`, then send SIGHUP to daqd or restart it"])
        refusal.effect = ["\(component) is unavailable"]
        return refusal
    }

    /// The object for REST and for `daqd plugins --json`.
    public var json: JSON {
        .object([
            ("name", .string(entry.file)),
            ("state", .string(refusal == nil ? "loaded" : "refused")),
            ("required", .bool(entry.required)),
            ("id", id.map(JSON.string) ?? .null),
            ("version", version.map(JSON.string) ?? .null),
            ("kernel_abi", kernelABI.map(JSON.string) ?? .null),
            ("compiler", compiler.map(JSON.string) ?? .null),
            ("file", .string(file)),
            ("build_id", buildID.map(JSON.string) ?? .null),
            ("vendor", candidate.stamp.map { .string($0.vendor) } ?? .null),
            ("licence", candidate.stamp.map { .string($0.licence) } ?? .null),
            ("debug", candidate.stamp.map { .bool($0.flags.contains(.debugBuild)) } ?? .null),
            (
                "registered",
                .array(registered.map { .object([("kind", .string($0.kind.rawValue)), ("type", .string($0.type))]) })
            ),
            ("warnings", .array(warnings.map { .object([("code", .string($0.code)), ("text", .string($0.text))]) })),
            ("refusal", refusal?.json ?? .null),
        ])
    }
}
