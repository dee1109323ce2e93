// Part of daqd
// SPDX-License-Identifier: MIT

/// The kinds of component that a site configures, each in a section of its own.
public enum ComponentKind: String, Hashable, Sendable, CaseIterable {
    /// Plays a device's hardware; started first.
    case simulator
    /// Something with parameters and commands.
    case device
    /// A server for clients.
    case frontend
    /// What happens with an acquisition's files after it ended.
    case postOperation

    /// The section of the file: `post_operations`.
    public var section: String {
        switch self {
        case .simulator: "simulators"
        case .device: "devices"
        case .frontend: "frontends"
        case .postOperation: "post_operations"
        }
    }

    /// The kind in words: `post-operation`.
    public var words: String { self == .postOperation ? "post-operation" : rawValue }

    /// The settings that every component of the kind takes beside those of its factory.
    public var commonSettings: [Setting] {
        switch self {
        case .simulator, .frontend: []
        case .device:
            [
                .postOperations("post_operations", "What happens with the files of each acquisition, in this order"),
                .duration(
                    "stop_timeout", "How long a stop of daqd waits for the device to end safely", default: .seconds(30),
                    in: .zero ... .seconds(86400)),
                .list(
                    "autosave",
                    "Parameters whose last written value is restored at a restart, by path with * and ?; “marked” stands "
                        + "for those that the device marks for it, and an empty list for none",
                    of: .string, default: [.string(AutosaveChoice.marked)]),
                .path("data", "Where the device's files go; by default a directory of its name under the site's data")
                    .optional,
            ]
        case .postOperation:
            [
                .duration(
                    "timeout", "How long one attempt may take", default: .seconds(600),
                    in: .milliseconds(100) ... .seconds(7 * 86400)),
                .integer("retries", "How often a failed attempt is repeated", default: 3, in: 0...1000),
                .duration(
                    "backoff", "The pause before the first repetition; each further one doubles it",
                    default: .seconds(5), in: .zero ... .seconds(86400)),
                .choice(
                    "on_failure", "Whether the rest of the device's chain still runs when all attempts failed",
                    ["continue", "stop"], default: "stop"),
                .bool("wait", "Whether an acquisition counts as busy until the first attempt ended").optional,
            ]
        }
    }

    /// What is wrong with a factory's declaration, one sentence each; empty for a sound one.
    ///
    /// The registry asks when a factory is added, so that a site never meets a setting that cannot be given.
    public func problems(in settings: [Setting]) -> [String] {
        let reserved = Set(commonSettings.map(\.name)).union(["type"])
        let clashes = settings.filter { reserved.contains($0.name) }
        return clashes.map { "the setting \($0.name) is reserved for every \(words)" } + Setting.problems(in: settings)
    }
}
